from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from include.notify.flapping import FLAPPING, MOST, steadied
from tests.fakes.notify import HOUR, result

NOW = result("Ok", 20).window.end
NOON = [NOW - hours * HOUR for hours in range(1, 12)]


@pytest.mark.parametrize(
    ("starts", "keep", "needed"),
    [
        ([], 1, 1),
        (NOON[:2], 1, 1),
        (NOON[:3], 1, 2),
        (NOON[:4], 1, 4),
        (NOON[:3], 3, 6),
        (NOON[:11], 1, MOST),
        (NOON[:3], 100, 100),
        ([*NOON[:2], NOW - timedelta(days=1)], 1, 1),  # a day ago is not within the day
        ([*NOON[:2], NOW], 1, 1),  # what begins with the next window does not count
    ],
)
def test_from_the_third_episode_of_a_day_on_an_alert_is_harder_to_end(
    starts: list[datetime], keep: int, needed: int
) -> None:
    assert steadied(result("Ok", 20, keep_firing_for=keep), starts).keep_firing_for == needed


def test_an_alert_that_flaps_says_so_and_one_that_does_not_is_left_alone() -> None:
    told = result("Breached", 20)
    assert steadied(told, NOON[:2]) is told
    assert steadied(told, NOON[:3]).annotations[FLAPPING] == (
        "it began 3 times within a day, so that only 2 good windows in a row end it"
    )
    assert steadied(told, NOON[:3]).fingerprint == told.fingerprint

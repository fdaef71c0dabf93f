"""What counts as normal."""

from __future__ import annotations

import numpy as np
import pytest

from include.domain.segment import Tally
from include.monitors import reference
from tests.unit.monitors.memory import tally

GOOD_OR_BAD = np.array([1.0, 0.0])


def day(mean: float, n: int = 100) -> Tally:
    return tally([mean - 0.05, mean + 0.05] * (n // 2))


def test_an_incident_of_the_past_does_not_become_the_norm() -> None:
    days = [day(0.9)] * 11 + [day(0.4)] * 3
    assert reference.usual(days).mean == pytest.approx(0.9)


def test_a_quiet_day_with_one_odd_answer_does_not_use_up_what_may_be_left_out() -> None:
    days = [day(0.9)] * 4 + [day(0.4, 200)] + [tally([0.05])] * 1
    kept = reference.usual(days)
    assert kept.mean == pytest.approx(0.9, abs=0.01)


def test_few_days_are_all_kept_and_empty_ones_are_none() -> None:
    assert reference.usual([day(0.9), Tally(), day(0.7)]).n == 200
    assert reference.usual([]).n == 0


def test_a_rate_that_was_never_seen_is_not_taken_for_impossible() -> None:
    found = reference.of_shares(tally([0.0] * 200, binned=False), np.array([200.0, 0.0]), GOOD_OR_BAD)
    assert found.mean == 1.0
    assert 0.95 < found.floor < 0.995
    assert found.variance > 0


def test_the_floor_nears_the_mean_as_the_past_grows() -> None:
    floors = [
        reference.of_shares(Tally(n), np.array([0.9 * n, 0.1 * n]), GOOD_OR_BAD).floor for n in (100, 1_000, 10_000)
    ]
    assert floors == sorted(floors)
    assert floors[0] < 0.86
    assert floors[-1] == pytest.approx(0.9, abs=0.006)


@pytest.mark.parametrize(("is_share", "variance"), [(True, 0.25), (False, 0.0625)])
def test_a_target_is_its_own_floor(is_share: bool, variance: float) -> None:
    found = reference.of_target(0.5, is_share=is_share)
    assert (found.floor, found.mean, found.variance, found.tally) == (0.5, 0.5, variance, None)

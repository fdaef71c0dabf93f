"""Windows: half-open, in UTC, whatever kind of moment they were made of."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pendulum
import pytest

from include.domain.interaction import Window

MIDNIGHT = datetime(2026, 11, 20, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_its_start_belongs_to_it_and_its_end_to_the_next() -> None:
    window = Window(MIDNIGHT, MIDNIGHT + HOUR)
    assert MIDNIGHT in window
    assert MIDNIGHT + HOUR not in window
    assert window.before(2 * HOUR) == Window(MIDNIGHT - 2 * HOUR, MIDNIGHT)


def test_bounds_of_any_zone_are_kept_in_utc() -> None:
    berlin = timezone(timedelta(hours=1))
    window = Window(datetime(2026, 11, 20, 1, tzinfo=berlin), datetime(2026, 11, 20, 2, tzinfo=berlin))
    assert window == Window(MIDNIGHT, MIDNIGHT + HOUR)
    assert str(window) == "2026-11-20T00:00Z/2026-11-20T01:00Z"


def test_airflows_own_moments_become_plain_ones_that_keep_their_zone_in_arithmetic() -> None:
    start = pendulum.datetime(2026, 11, 20, 0, 0, 0, 5)
    window = Window(start, start.add(hours=1))
    assert type(window.start) is datetime
    assert window.start == MIDNIGHT + timedelta(microseconds=5)
    assert (window.start - HOUR).tzinfo is UTC
    Window(window.start - HOUR, window.end)


@pytest.mark.parametrize("end", [MIDNIGHT, MIDNIGHT - HOUR])
def test_an_empty_window_is_refused(end: datetime) -> None:
    with pytest.raises(ValueError, match="ends after it starts"):
        Window(MIDNIGHT, end)


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        Window(datetime(2026, 11, 20), MIDNIGHT)  # noqa: DTZ001 (what is refused)

"""A segment's tallies by hour, and the figures of many segments beside each other."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from include.domain.segment import SegmentRow, Tally
from include.domain.series import HEAVIEST, N
from include.monitors.timeline import NOTHING, Hours, Timeline, figures, timelines
from tests.unit.monitors.memory import HOUR, MONDAY, tally

VALUES = [[0.1] * (number + 1) for number in range(4)]


@pytest.fixture
def known() -> Timeline:
    return timelines([SegmentRow(MONDAY + at * HOUR, ("p",), "E", tally(one)) for at, one in enumerate(VALUES)])[("p",)]


def test_tallies_are_found_by_their_hour(known: Timeline) -> None:
    assert known[MONDAY + HOUR] == tally(VALUES[1])
    assert [*known] == [MONDAY + at * HOUR for at in range(4)]
    assert (known.first, known.last, known.weight) == (MONDAY, MONDAY + 3 * HOUR, 10)
    assert MONDAY + timedelta(minutes=1) not in known


def test_it_is_cut_where_an_hour_begins(known: Timeline) -> None:
    assert [*known.since(MONDAY + 2 * HOUR)] == [MONDAY + 2 * HOUR, MONDAY + 3 * HOUR]
    assert [*known.before(MONDAY + HOUR + timedelta(minutes=1))] == [MONDAY, MONDAY + HOUR]
    assert not known.before(MONDAY)


def test_hours_without_a_line_hold_an_empty_tally(known: Timeline) -> None:
    hours = [MONDAY - HOUR, MONDAY, MONDAY + 2 * HOUR]
    found = figures(hours, [known, NOTHING])
    assert np.array_equal(found[..., N], [[0, 0], [1, 0], [3, 0]])
    assert np.all(found[..., HEAVIEST] == 1)
    own = Hours(found[:, 0])
    assert (own[0], own[2], [one.n for one in own[1:]]) == (Tally(), tally(VALUES[2]), [1, 3])

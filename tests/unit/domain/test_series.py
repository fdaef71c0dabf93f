"""Rows that are kept as numbers are the rows that were put in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from include.domain.segment import SegmentRow, Tally
from include.domain.series import SegmentRows

START = datetime(2026, 11, 20, tzinfo=UTC)
HOUR = timedelta(hours=1)
SCORED = Tally(3, 6.0, 12.0, 4.5, 3.75, 0.25, 1.0, 9.0, 7.5, 2.0, (0.0, 6.0))
COUNTED = Tally(2, 2.0, 2.0, 1.0, 1.0)


def rows() -> list[SegmentRow]:
    return [
        SegmentRow(START + number * HOUR, (project,), epoch, SCORED if number else COUNTED)
        for number in range(4)
        for project, epoch in (("a", "old"), ("a", "new"), ("b", ""))
    ]


def test_rows_come_out_as_they_went_in_by_time() -> None:
    kept = SegmentRows.of(rows())
    assert kept == sorted(rows(), key=lambda row: (row.starts_at, row.segment, row.epoch))
    assert (len(kept), kept[0].tally, kept[-1].tally) == (12, COUNTED, SCORED)
    assert isinstance(kept[0].tally.n, int)
    assert SegmentRows.of(kept) is kept


def test_rows_between_two_moments_are_those_that_start_then() -> None:
    kept = SegmentRows.of(rows()).between(START + HOUR, START + 3 * HOUR)
    assert {row.starts_at for row in kept} == {START + HOUR, START + 2 * HOUR}
    assert {(one.first, one.last) for one in kept.series} == {(START + HOUR, START + 2 * HOUR)}
    assert SegmentRows.of(rows()).between(START - 2 * HOUR, START).series == []


def test_series_are_chosen_as_wholes() -> None:
    kept = SegmentRows.of(rows()).only(lambda one: one.epoch == "new")
    assert [(one.segment, one.epoch, len(one)) for one in kept.series] == [(("a",), "new", 4)]


def test_nothing_is_no_rows() -> None:
    assert SegmentRows.of([]) == []
    assert SegmentRows.of([]) != 0

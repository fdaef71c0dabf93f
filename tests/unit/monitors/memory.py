"""Values of the test go in; a `SegmentReader` over them comes out, without a database."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from include.domain.interaction import Window
from include.domain.segment import AMOUNT_EDGES, AMOUNTS, SCORE_BINS, SegmentRow, Tally, merged

COLUMNS = ("project", "environment", "model", "prompt_version", "language")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MONDAY = datetime(2026, 11, 2, tzinfo=UTC)


def hours(start: datetime, count: int) -> list[datetime]:
    return [start + number * HOUR for number in range(count)]


def tally(values: Sequence[float], *, binned: bool = True, rate: float = 1.0) -> Tally:
    n, w = len(values), 1 / rate
    total, total_sq = sum(values), sum(value * value for value in values)
    bins = [0.0] * SCORE_BINS
    for value in values if binned else ():
        bins[min(SCORE_BINS - 1, int(value * SCORE_BINS + 1e-9))] += w
    return Tally(
        n,
        n * w,
        n * w * w,
        w * total,
        w * total_sq,
        min(values, default=None),
        max(values, default=None),
        w * w * total,
        w * w * total_sq,
        w,
        tuple(bins) if binned else (),
    )


def amounts(values: Sequence[float]) -> Tally:
    bins = [0.0] * (len(AMOUNT_EDGES) + 1)
    for value in values:
        bins[bisect_right(AMOUNT_EDGES, value)] += 1
    return replace(tally(values, binned=False), bins=tuple(bins))


class Memory:
    """A store's segments, kept in memory."""

    def __init__(self, settled: Iterable[datetime] = ()) -> None:
        self.rows: dict[tuple[str, datetime], list[tuple[tuple[str, ...], str, Tally]]] = defaultdict(list)
        self.scores: dict[tuple[str, datetime], list[tuple[tuple[str, ...], str, float]]] = defaultdict(list)
        self.settled = set(settled)

    def add(
        self,
        measure: str,
        hour: datetime,
        values: Sequence[float],
        *,
        epoch: str = "",
        project: str = "p",
        model: str = "m",
        version: str = "v1",
        language: str = "en",
    ) -> None:
        segment = (project, "prod", model, version, language)
        if values:
            counted = amounts(values) if measure in AMOUNTS else tally(values, binned=bool(epoch))
            self.rows[measure, hour].append((segment, epoch, counted))
        if epoch:
            self.scores[measure, hour] += [(segment, epoch, value) for value in values]

    def read(self, measure: str, window: Window, by: Sequence[str], step: timedelta) -> list[SegmentRow]:
        found = defaultdict(list)
        for hour in hours(window.start, window.length // HOUR):
            starts = hour - (hour - MONDAY) % step
            for segment, epoch, one in self.rows.get((measure, hour), ()):
                found[starts, _project(segment, by), epoch].append(one)
        return [
            SegmentRow(*key, tallies[0] if len(tallies) == 1 else merged(tallies))
            for key, tallies in sorted(found.items(), key=lambda item: item[0])
        ]

    def read_each(self, measure: str, windows: Sequence[Window], by: Sequence[str]) -> list[SegmentRow]:
        found = defaultdict(list)
        for window in windows:
            for row in self.read(measure, window, by, HOUR):
                found[window.start, row.segment, row.epoch].append(replace(row.tally, bins=()))
        return [SegmentRow(*key, merged(each)) for key, each in sorted(found.items(), key=lambda item: item[0])]

    def settled_hours(self, window: Window) -> set[datetime]:
        return {hour for hour in self.settled if hour in window}


def _project(segment: tuple[str, ...], by: Sequence[str]) -> tuple[str, ...]:
    return tuple(segment[COLUMNS.index(column)] for column in by)

"""Values of the test go in; a `SegmentReader` over them comes out, without a database."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from include.domain.interaction import Window
from include.domain.segment import SCORE_BINS, SegmentRow, Tally, merged

COLUMNS = ("project", "environment", "model", "prompt_version")
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
    ) -> None:
        segment = (project, "prod", model, "v1")
        if values:
            self.rows[measure, hour].append((segment, epoch, tally(values, binned=bool(epoch))))
        if epoch:
            self.scores[measure, hour] += [(segment, epoch, value) for value in values]

    def read(self, measure: str, window: Window, by: Sequence[str], step: timedelta) -> list[SegmentRow]:
        found = defaultdict(list)
        for hour in hours(window.start, window.length // HOUR):
            starts = hour if step == HOUR else hour.replace(hour=0)
            for segment, epoch, one in self.rows.get((measure, hour), ()):
                found[starts, _project(segment, by), epoch].append(one)
        return [
            SegmentRow(*key, tallies[0] if len(tallies) == 1 else merged(tallies))
            for key, tallies in sorted(found.items(), key=lambda item: item[0])
        ]

    def settled_hours(self, window: Window) -> set[datetime]:
        return {hour for hour in self.settled if hour in window}

    def values(
        self, measure: str, window: Window, by: Sequence[str], epoch: str, limit: int
    ) -> dict[tuple[str, ...], list[float]]:
        found = defaultdict(list)
        for hour in hours(window.start, window.length // HOUR):
            for segment, of, value in self.scores.get((measure, hour), ()):
                if of == epoch:
                    found[_project(segment, by)].append(value)
        return {key: values[:limit] for key, values in found.items()}


def _project(segment: tuple[str, ...], by: Sequence[str]) -> tuple[str, ...]:
    return tuple(segment[COLUMNS.index(column)] for column in by)

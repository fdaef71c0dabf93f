"""Rows of segments go in, a grid of hours by segments comes out, as the sequential tests want it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

import numpy as np

from include.domain.interaction import Window
from include.domain.segment import SegmentRow, Tally, whole_hours
from include.monitors.sequential import Floats

HOUR = timedelta(hours=1)
Segment = tuple[str, ...]


def evidence_span(window: Window, over: timedelta) -> Window:
    """The whole hours that a rule looks at: those of the window, and before it up to `over` in all."""
    hours = whole_hours(window)
    return Window(min(hours.start, hours.end - over), hours.end)


def hours_of(window: Window) -> list[datetime]:
    """The beginnings of its hours."""
    return [window.start + number * HOUR for number in range(window.length // HOUR)]


def by_segment(rows: Iterable[SegmentRow]) -> dict[Segment, dict[datetime, Tally]]:
    """The tallies of each segment by the beginning of their hour or day; the rows are of one measure and epoch."""
    found: dict[Segment, dict[datetime, Tally]] = defaultdict(dict)
    for row in rows:
        found[row.segment][row.starts_at] = row.tally
    return dict(found)


def grid(
    segments: Sequence[Segment], hours: Sequence[datetime], tallies: Mapping[Segment, Mapping[datetime, Tally]]
) -> list[list[Tally]]:
    """For each hour the tally of each segment; an hour without rows is an empty tally."""
    nothing = Tally()
    return [[tallies.get(segment, {}).get(hour, nothing) for segment in segments] for hour in hours]


def counts(cells: Sequence[Sequence[Tally]]) -> Floats:
    """How many values each cell holds: (hours, segments)."""
    return np.array([[cell.n for cell in row] for row in cells], float).reshape(len(cells), -1)

"""A window goes in, the hours that a rule looks at come out; and rows of segments by segment and hour."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from include.domain.interaction import Window
from include.domain.segment import SegmentRow, Tally, whole_hours

HOUR = timedelta(hours=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Segment = tuple[str, ...]


def evidence_span(window: Window, over: timedelta) -> Window:
    """The whole hours that a rule looks at: those of the window, and before it up to `over` in all."""
    hours = whole_hours(window)
    return Window(min(hours.start, hours.end - over), hours.end)


def hours_of(window: Window) -> list[datetime]:
    """The beginnings of its hours."""
    return [window.start + number * HOUR for number in range(window.length // HOUR)]


def is_due(every: timedelta, window: Window) -> bool:
    """Whether a multiple of `every` since 1970 lies in `(start, end]` of the window."""
    return (window.end - EPOCH) // every > (window.start - EPOCH) // every


def by_segment(rows: Iterable[SegmentRow]) -> dict[Segment, dict[datetime, Tally]]:
    """The tallies of each segment by the beginning of their hour or day; the rows are of one measure and epoch."""
    found: dict[Segment, dict[datetime, Tally]] = defaultdict(dict)
    for row in rows:
        found[row.segment][row.starts_at] = row.tally
    return dict(found)

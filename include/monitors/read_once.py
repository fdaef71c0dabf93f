"""A reader of segments goes in; one that answers many overlapping reads from one wide read of each kind comes out."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import TypeAlias

from include.domain.interaction import Window
from include.domain.ports import SegmentReader
from include.domain.segment import SegmentRow

Kind: TypeAlias = tuple[str, tuple[str, ...], timedelta]
"""Measure, columns and step of a read."""
SETTLED: Kind = ("", (), timedelta(0))
"""Stands for the hours that were run."""
MIDNIGHT = datetime(1970, 1, 1, tzinfo=UTC)


class Survey:
    """A reader of nothing, which notes how far each kind of read reaches and how often it is asked for."""

    def __init__(self) -> None:
        self.spans: dict[Kind, Window] = {}
        self.times: Counter[Kind] = Counter()

    def read(self, measure: str, window: Window, by: Sequence[str], step: timedelta) -> list[SegmentRow]:
        """Nothing."""
        self._note((measure, tuple(by), step), window)
        return []

    def settled_hours(self, window: Window) -> set[datetime]:
        """None."""
        self._note(SETTLED, window)
        return set()

    def _note(self, kind: Kind, window: Window) -> None:
        self.times[kind] += 1
        known = self.spans.get(kind, window)
        self.spans[kind] = Window(min(known.start, window.start), max(known.end, window.end))


class ReadOnce:
    """Reads each kind once, over all that `ask` asks for, and answers from memory as often as that asks for it.

    What was asked for as often is forgotten; a read beyond that is passed on, and so is one that is asked for only
    once.
    """

    def __init__(self, segments: SegmentReader, ask: Callable[[SegmentReader], object]) -> None:
        survey = Survey()
        ask(survey)
        self._segments = segments
        self._spans = {kind: span for kind, span in survey.spans.items() if survey.times[kind] > 1}
        self._left = survey.times
        self._rows: dict[Kind, list[SegmentRow]] = {}
        self._settled: list[datetime] | None = None

    def read(self, measure: str, window: Window, by: Sequence[str], step: timedelta) -> list[SegmentRow]:
        """As the reader that was given reads."""
        kind = (measure, tuple(by), step)
        if not self._covers(kind, window) or any((moment - MIDNIGHT) % step for moment in (window.start, window.end)):
            return self._segments.read(measure, window, by, step)
        rows = self._rows.pop(kind, None)
        if rows is None:
            read = self._segments.read(measure, self._spans[kind], by, step)
            rows = sorted(read, key=attrgetter("starts_at"))
        self._left[kind] -= 1
        if self._left[kind]:
            self._rows[kind] = rows
        first, stop = (bisect_left(rows, moment, key=attrgetter("starts_at")) for moment in (window.start, window.end))
        return rows[first:stop]

    def settled_hours(self, window: Window) -> set[datetime]:
        """As the reader that was given tells."""
        if not self._covers(SETTLED, window):
            return self._segments.settled_hours(window)
        if self._settled is None:
            self._settled = sorted(self._segments.settled_hours(self._spans[SETTLED]))
        hours = self._settled
        return set(hours[bisect_left(hours, window.start) : bisect_left(hours, window.end)])

    def _covers(self, kind: Kind, window: Window) -> bool:
        span = self._spans.get(kind)
        return span is not None and self._left[kind] > 0 and span.start <= window.start and window.end <= span.end

"""A reader of segments goes in; one that answers many overlapping reads from one wide read of each kind comes out."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Self, TypeAlias

from include.domain.interaction import Window
from include.domain.ports import SegmentReader
from include.domain.segment import SegmentRow
from include.domain.series import SegmentRows

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

    def read_each(self, measure: str, windows: Sequence[Window], by: Sequence[str]) -> list[SegmentRow]:
        """Nothing, and nothing is noted: such reads are narrow."""
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

    What was asked for as often is forgotten; a read beyond that is passed on. `ahead`, a reader on a connection of its
    own, reads in a thread meanwhile what `ask` asked for next: never more than one kind, so that memory stays bounded.
    Leaving the block waits for that thread.
    """

    def __init__(
        self, segments: SegmentReader, ask: Callable[[SegmentReader], object], ahead: SegmentReader | None = None
    ) -> None:
        survey = Survey()
        ask(survey)
        self._segments = segments
        self._spans = survey.spans
        self._left = survey.times
        self._rows: dict[Kind, SegmentRows] = {}
        self._settled: list[datetime] | None = None
        self._ahead = ahead
        self._thread = ThreadPoolExecutor(1)
        self._next = dict(pairwise(kind for kind in survey.spans if kind != SETTLED)) if ahead else {}
        self._begun: dict[Kind, Future[SegmentRows]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.shutdown(cancel_futures=True)

    def read(self, measure: str, window: Window, by: Sequence[str], step: timedelta) -> Sequence[SegmentRow]:
        """As the reader that was given reads."""
        kind = (measure, tuple(by), step)
        if not self._covers(kind, window) or any((moment - MIDNIGHT) % step for moment in (window.start, window.end)):
            return self._segments.read(measure, window, by, step)
        rows = self._rows.pop(kind, None)
        if rows is None:
            rows = self._first(kind)
        self._left[kind] -= 1
        if self._left[kind]:
            self._rows[kind] = rows
        return rows.between(window.start, window.end)

    def _first(self, kind: Kind) -> SegmentRows:
        """What was begun ahead, or read now; and the next is begun. One that was begun for nothing is forgotten."""
        begun = self._begun.pop(kind, None)
        self._begun.clear()
        rows = begun.result() if begun else self._wide(self._segments, kind)
        if self._ahead and (following := self._next.get(kind)):
            self._begun[following] = self._thread.submit(self._wide, self._ahead, following)
        return rows

    def _wide(self, segments: SegmentReader, kind: Kind) -> SegmentRows:
        measure, by, step = kind
        return SegmentRows.of(segments.read(measure, self._spans[kind], by, step))

    def read_each(self, measure: str, windows: Sequence[Window], by: Sequence[str]) -> Sequence[SegmentRow]:
        """Passed on."""
        return self._segments.read_each(measure, windows, by)

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

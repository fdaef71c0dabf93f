"""Rows of segments go in; their figures by hour and segment come out, as the sequential tests want them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import overload

import numpy as np

from include.domain.segment import SegmentRow, Tally
from include.domain.series import BINS, HEAVIEST, HIGH, LOW, STARTS_AT, WEIGHT, SegmentRows, moment, seconds, tally_of
from include.monitors.hours import Segment
from include.monitors.sequential import Floats


class Timeline(Mapping[datetime, Tally]):
    """The tallies of one segment by the beginning of their hour or day, in the order of time.

    `lines` are their figures (see `domain.series`), from which tallies are made when somebody looks at them.
    """

    def __init__(self, lines: Floats) -> None:
        self.lines = lines

    @cached_property
    def _tallies(self) -> dict[datetime, Tally]:
        return {moment(line[STARTS_AT]): tally_of(line) for line in self.lines.tolist()}

    def __getitem__(self, at: datetime) -> Tally:
        return self._tallies[at]

    def __iter__(self) -> Iterator[datetime]:
        return iter(self._tallies)

    def __len__(self) -> int:
        return len(self.lines)

    @property
    def first(self) -> datetime:
        """When the first of them begins; raises `IndexError` where there is none."""
        return moment(self.lines[0, STARTS_AT])

    @property
    def last(self) -> datetime:
        """When the last of them begins; raises `IndexError` where there is none."""
        return moment(self.lines[-1, STARTS_AT])

    @property
    def weight(self) -> float:
        """Of all of them."""
        return float(self.lines[:, WEIGHT].sum())

    def since(self, at: datetime) -> Timeline:
        """Those that begin then or later."""
        return Timeline(self.lines[np.searchsorted(self.lines[:, STARTS_AT], seconds(at)) :])

    def before(self, at: datetime) -> Timeline:
        """Those that begin earlier."""
        return Timeline(self.lines[: np.searchsorted(self.lines[:, STARTS_AT], seconds(at))])


NOTHING = Timeline(np.zeros((0, BINS)))


class Hours(Sequence[Tally]):
    """Tallies of hours in a row, made from their `lines` when somebody looks at them."""

    def __init__(self, lines: Floats) -> None:
        self._lines = lines

    @overload
    def __getitem__(self, at: int) -> Tally: ...
    @overload
    def __getitem__(self, at: slice) -> Hours: ...
    def __getitem__(self, at: int | slice) -> Tally | Hours:
        return Hours(self._lines[at]) if isinstance(at, slice) else tally_of(self._lines[at].tolist())

    def __len__(self) -> int:
        return len(self._lines)


def timelines(rows: Sequence[SegmentRow]) -> dict[Segment, Timeline]:
    """Each segment's; the rows are of one measure and epoch."""
    return {
        one.segment: Timeline(np.frombuffer(one.numbers).reshape(-1, one.width)) for one in SegmentRows.of(rows).series
    }


def figures(hours: Sequence[datetime], segments: Sequence[Timeline]) -> Floats:
    """(hours, segments, figures) of hours in the order of time; one without a line has that of an empty tally."""
    width = max((one.lines.shape[1] for one in segments), default=BINS)
    found = np.zeros((len(hours), len(segments), width))
    found[..., HEAVIEST], found[..., [LOW, HIGH]] = 1, np.nan
    begin = np.array([seconds(hour) for hour in hours])
    for number, one in enumerate(segments):
        starts = one.lines[:, STARTS_AT]
        places = np.searchsorted(begin, starts)
        inside = np.isin(starts, begin, assume_unique=True)
        found[places[inside], number, : one.lines.shape[1]] = one.lines[inside]
    return found

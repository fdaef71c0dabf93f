"""Tallies in the order of time go in, as plain numbers; rows come out, each made when somebody looks at it.

A store of 500 segments is looked at in a million tallies of thirty numbers, nearly all of which are only added up: as
objects they cost more than everything that is done with them.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from itertools import groupby
from math import isnan, nan
from operator import attrgetter
from typing import overload

from include.domain.segment import SegmentRow, Tally

STARTS_AT, BINNED, N, WEIGHT, WEIGHT_SQ, TOTAL, TOTAL_SQ, LOW, HIGH, TOTAL_W2, TOTAL_SQ_W2, HEAVIEST, BINS = range(13)
"""What stands where in a line: seconds since 1970 (UTC), how many of the rows behind it had bins, the figures of a
`Tally`, NaN for None, and from `BINS` on its bins."""
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


def seconds(moment: datetime) -> float:
    """Since 1970 (UTC)."""
    return (moment - BEGINNING) / timedelta(seconds=1)


def moment(seconds: float) -> datetime:
    """So many seconds after 1970 began (UTC)."""
    return BEGINNING + timedelta(seconds=seconds)


def tally_of(line: Sequence[float]) -> Tally:
    """A line as a tally."""
    n, weight, weight_sq, total, total_sq, low, high, total_w2, total_sq_w2, heaviest = line[N:BINS]
    least, most = (None if isnan(one) else one for one in (low, high))
    bins = tuple(line[BINS:]) if line[BINNED] else ()
    return Tally(int(n), weight, weight_sq, total, total_sq, least, most, total_w2, total_sq_w2, heaviest, bins)


def line_of(starts_at: datetime, tally: Tally, bins: int) -> list[float]:
    """A tally as a line of `bins` bins, of which it has as many at most."""
    figures = [tally.weight, tally.weight_sq, tally.total, tally.total_sq, tally.low, tally.high]
    figures += [tally.total_w2, tally.total_sq_w2, tally.heaviest]
    known = [nan if figure is None else figure for figure in figures]
    rest = [0.0] * (bins - len(tally.bins))
    return [seconds(starts_at), float(bool(tally.bins)), tally.n, *known, *tally.bins, *rest]


@dataclass(frozen=True, slots=True)
class Series:
    """The tallies of one measure of one segment and epoch, in the order of time: lines of `width` doubles each.

    `numbers` are the lines one after the other.
    """

    segment: tuple[str, ...]
    epoch: str
    width: int
    numbers: memoryview

    def __len__(self) -> int:
        return len(self.numbers) // self.width

    @property
    def first(self) -> datetime:
        """When the first line starts."""
        return moment(self.numbers[STARTS_AT])

    @property
    def last(self) -> datetime:
        """When the last line starts."""
        return moment(self.numbers[len(self.numbers) - self.width + STARTS_AT])

    def rows(self) -> list[SegmentRow]:
        """The lines as rows."""
        lines = (self.numbers[at : at + self.width].tolist() for at in range(0, len(self.numbers), self.width))
        return [SegmentRow(moment(line[STARTS_AT]), self.segment, self.epoch, tally_of(line)) for line in lines]

    def between(self, start: datetime, end: datetime) -> Series:
        """The lines that start in `[start, end)`."""
        places = range(STARTS_AT, len(self.numbers), self.width)
        first, stop = (bisect_left(places, seconds(one), key=self.numbers.__getitem__) for one in (start, end))
        return Series(self.segment, self.epoch, self.width, self.numbers[first * self.width : stop * self.width])


class SegmentRows(Sequence[SegmentRow]):
    """Rows of one measure by time, kept as series, none of them empty."""

    def __init__(self, series: Iterable[Series]) -> None:
        self.series = [one for one in series if len(one)]

    @classmethod
    def of(cls, rows: Sequence[SegmentRow]) -> SegmentRows:
        """Any rows."""
        if isinstance(rows, cls):
            return rows
        bins = max((len(row.tally.bins) for row in rows), default=0)
        found = []
        whose = attrgetter("segment", "epoch")
        for (segment, epoch), own in groupby(sorted(rows, key=attrgetter("segment", "epoch", "starts_at")), whose):
            numbers = array("d")
            for row in own:
                numbers.extend(line_of(row.starts_at, row.tally, bins))
            found.append(Series(segment, epoch, BINS + bins, memoryview(numbers)))
        return cls(found)

    def between(self, start: datetime, end: datetime) -> SegmentRows:
        """Those that start in `[start, end)`."""
        return SegmentRows(one.between(start, end) for one in self.series)

    def only(self, wanted: Callable[[Series], bool]) -> SegmentRows:
        """Those of the series that are wanted."""
        return SegmentRows(filter(wanted, self.series))

    @cached_property
    def _rows(self) -> list[SegmentRow]:
        return sorted((row for one in self.series for row in one.rows()), key=attrgetter("starts_at"))

    @overload
    def __getitem__(self, at: int) -> SegmentRow: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[SegmentRow]: ...
    def __getitem__(self, at: int | slice) -> SegmentRow | Sequence[SegmentRow]:
        return self._rows[at]

    def __iter__(self) -> Iterator[SegmentRow]:
        return iter(self._rows)

    def __len__(self) -> int:
        return sum(map(len, self.series))

    def __eq__(self, other: object) -> bool:
        return self._rows == list(other) if isinstance(other, Sequence) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

"""A query's grouped sums go in, one array for each segment; rows of tallies come out, without much memory for each.

A store of 500 segments is read in hundreds of thousands of tallies of thirty numbers. They arrive as Postgres sends
arrays, one for each segment, and are parsed as a whole; numbers that are alike share an object.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import repeat
from operator import attrgetter
from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg import sql
from psycopg.abc import Buffer
from psycopg.adapt import Loader
from psycopg.pq import Format

from include.domain.segment import SegmentRow, Tally

FLOATS = 1022
"""Oid of float8[]."""
ELEMENT = np.dtype([("length", ">i4"), ("value", ">f8")])
SUMS = sql.SQL(
    """extract(epoch FROM {starts_at})::float8, count(bins)::float8, sum(n)::float8, sum(weight), sum(weight_sq),
       sum(total), sum(total_sq), coalesce(min(low), 'NaN'), coalesce(max(high), 'NaN'), sum(total_w2),
       sum(total_sq_w2), max(heaviest)"""
)
"""What stands before the bins in each line of a segment's array: when it starts, how many rows had bins, and sums."""
STARTS_AT, BINNED, N, BINS = 0, 1, 2, 12
SHARED = np.array([float(number) for number in range(4096)], object)
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


class _Lines(Loader):
    """A two-dimensional float8[] without NULL as (lines, numbers)."""

    format = Format.BINARY

    def load(self, data: Buffer) -> NDArray[np.float64]:
        header = np.frombuffer(data, ">i4", count=7)
        lines, width = header[3], header[5]
        return np.frombuffer(data, ELEMENT, offset=28)["value"].reshape(lines, width).astype(np.float64)


def read(connection: psycopg.Connection, query: sql.Composed, arguments: dict[str, object]) -> list[SegmentRow]:
    """The rows, by time, of a query for segment, epoch and `array_agg(ARRAY[sums, bins])`."""
    with connection.cursor(binary=True) as cursor, _no_collection():
        cursor.adapters.register_loader(FLOATS, _Lines)
        found = [
            row
            for segment, epoch, lines in cursor.execute(query, arguments)
            for row in _rows(tuple(segment), epoch, lines)
        ]
        found.sort(key=attrgetter("starts_at"))
        return found


@contextmanager
def _no_collection() -> Iterator[None]:
    """Rows make no cycles: looking for some among hundreds of thousands of them would take as long as making them."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _rows(segment: tuple[str, ...], epoch: str, lines: NDArray[np.float64]) -> Iterable[SegmentRow]:
    starts = [BEGINNING + timedelta(seconds=seconds) for seconds in lines[:, STARTS_AT].tolist()]
    bins: Iterable[tuple[float, ...]] = repeat(())
    if lines[:, BINNED].any():
        known = (lines[:, BINNED] > 0).tolist()
        bins = [tuple(one) if is_known else () for one, is_known in zip(_shared(lines[:, BINS:]), known, strict=True)]
    n = lines[:, N].astype(int).tolist()
    sums = [_known(lines[:, at]) for at in range(N + 1, BINS)]
    return map(SegmentRow, starts, repeat(segment), repeat(epoch), map(Tally, n, *sums, bins))


def _known(column: NDArray[np.float64]) -> Sequence[float | None]:
    missing = np.isnan(column)
    if not missing.any():
        return _shared(column)
    found = column.astype(object)
    found[missing] = None
    values: list[float | None] = found.tolist()
    return values


def _shared(numbers: NDArray[np.float64]) -> list[Any]:
    """As (nested) lists; small whole numbers, as most weights are, are the same objects."""
    small = ((numbers >= 0) & (numbers < len(SHARED)) & (numbers == np.floor(numbers))).all()
    found: list[Any] = SHARED[numbers.astype(int)].tolist() if small else numbers.tolist()
    return found

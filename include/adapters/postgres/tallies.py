"""A query's lines go in, one array for each segment; rows of tallies come out, without an object for each.

A store of 500 segments is read in hundreds of thousands of tallies of thirty numbers. They arrive as Postgres sends
arrays, one for each segment, and are parsed as a whole.
"""

from __future__ import annotations

from operator import attrgetter

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg import sql
from psycopg.abc import Buffer
from psycopg.adapt import Loader
from psycopg.pq import Format

from include.domain.series import HEAVIEST, HIGH, LOW, STARTS_AT, SegmentRows, Series

FLOATS = 1022
"""Oid of float8[]."""
ELEMENT = np.dtype([("length", ">i4"), ("value", ">f8")])
AS_TALLY = """sum(n)::bigint, sum(weight), sum(weight_sq), sum(total), sum(total_sq), min(low), max(high),
           sum(total_w2), sum(total_sq_w2), max(heaviest)"""
"""The fields of a `Tally` without bins, in their order, of rows that are added up."""


def summed(starts_at: sql.Composable, bins: int) -> sql.Composed:
    """A line of `domain.series` for each group of rows that start then."""
    each = sql.SQL("").join(sql.SQL(", coalesce(sum(bins[{}]), 0)").format(bin_) for bin_ in range(1, bins + 1))
    return sql.SQL(
        """ARRAY[extract(epoch FROM {starts_at})::float8, count(bins)::float8, sum(n)::float8, sum(weight),
                 sum(weight_sq), sum(total), sum(total_sq), coalesce(min(low), 'NaN'), coalesce(max(high), 'NaN'),
                 sum(total_w2), sum(total_sq_w2), max(heaviest){each}]"""
    ).format(starts_at=starts_at, each=each)


def kept(starts_at: sql.Composable, bins: int) -> sql.Composed:
    """A line of `domain.series` for each row as it is kept; what starts at the same time is added up by `read`."""
    # Of amounts bins are kept up to the last that was seen.
    own = sql.SQL(
        "|| bins[1:{bins}] || array_fill(0::float8, ARRAY[{bins} - coalesce(cardinality(bins[1:{bins}]), 0)])"
    )
    return sql.SQL(
        """ARRAY[extract(epoch FROM {starts_at})::float8, (bins IS NOT NULL)::int, n, weight, weight_sq, total,
                 total_sq, coalesce(low, 'NaN'), coalesce(high, 'NaN'), total_w2, total_sq_w2, heaviest] {own}"""
    ).format(starts_at=starts_at, own=own.format(bins=bins) if bins else sql.SQL(""))


class _Lines(Loader):
    """A two-dimensional float8[] without NULL as (lines, numbers)."""

    format = Format.BINARY

    def load(self, data: Buffer) -> NDArray[np.float64]:
        header = np.frombuffer(data, ">i4", count=7)
        lines, width = header[3], header[5]
        return np.frombuffer(data, ELEMENT, offset=28)["value"].reshape(lines, width).astype(np.float64)


def read(connection: psycopg.Connection, query: sql.Composed, arguments: dict[str, object]) -> SegmentRows:
    """The rows, by segment, epoch and time, of a query for segment, epoch and their lines."""
    with connection.cursor(binary=True) as cursor:
        cursor.adapters.register_loader(FLOATS, _Lines)
        found = ((tuple(segment), epoch, lines) for segment, epoch, lines in cursor.execute(query, arguments))
        series = [Series(segment, epoch, lines.shape[1], _added_up(lines)) for segment, epoch, lines in found]
    return SegmentRows(sorted(series, key=attrgetter("segment", "epoch")))


def _added_up(lines: NDArray[np.float64]) -> memoryview:
    """The lines by time, those that start at the same time as one."""
    in_order = lines[np.argsort(lines[:, STARTS_AT], kind="stable")]
    times = in_order[:, STARTS_AT]
    first = np.flatnonzero(np.diff(times, prepend=np.nan))
    if len(first) < len(times):
        sums = np.add.reduceat(in_order, first)
        sums[:, STARTS_AT] = times[first]
        sums[:, LOW] = np.fmin.reduceat(in_order[:, LOW], first)
        for most in (HIGH, HEAVIEST):
            sums[:, most] = np.fmax.reduceat(in_order[:, most], first)
        in_order = sums
    return in_order.reshape(-1).data

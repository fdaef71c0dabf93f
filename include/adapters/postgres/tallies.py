"""A query's grouped sums go in, one array for each segment; rows of tallies come out, without an object for each.

A store of 500 segments is read in hundreds of thousands of tallies of thirty numbers. They arrive as Postgres sends
arrays, one for each segment, and are parsed as a whole.
"""

from __future__ import annotations

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg import sql
from psycopg.abc import Buffer
from psycopg.adapt import Loader
from psycopg.pq import Format

from include.domain.series import STARTS_AT, SegmentRows, Series

FLOATS = 1022
"""Oid of float8[]."""
ELEMENT = np.dtype([("length", ">i4"), ("value", ">f8")])
SUMS = sql.SQL(
    """extract(epoch FROM {starts_at})::float8, count(bins)::float8, sum(n)::float8, sum(weight), sum(weight_sq),
       sum(total), sum(total_sq), coalesce(min(low), 'NaN'), coalesce(max(high), 'NaN'), sum(total_w2),
       sum(total_sq_w2), max(heaviest)"""
)
"""What stands before the bins in each line of a segment's array: see `domain.series`."""


class _Lines(Loader):
    """A two-dimensional float8[] without NULL as (lines, numbers)."""

    format = Format.BINARY

    def load(self, data: Buffer) -> NDArray[np.float64]:
        header = np.frombuffer(data, ">i4", count=7)
        lines, width = header[3], header[5]
        return np.frombuffer(data, ELEMENT, offset=28)["value"].reshape(lines, width).astype(np.float64)


def read(connection: psycopg.Connection, query: sql.Composed, arguments: dict[str, object]) -> SegmentRows:
    """The rows, by time, of a query for segment, epoch and `array_agg(ARRAY[sums, bins])`."""
    with connection.cursor(binary=True) as cursor:
        cursor.adapters.register_loader(FLOATS, _Lines)
        return SegmentRows(
            _series(tuple(segment), epoch, lines) for segment, epoch, lines in cursor.execute(query, arguments)
        )


def _series(segment: tuple[str, ...], epoch: str, lines: NDArray[np.float64]) -> Series:
    in_order = lines[np.argsort(lines[:, STARTS_AT], kind="stable")]
    return Series(segment, epoch, lines.shape[1], in_order.reshape(-1).data)

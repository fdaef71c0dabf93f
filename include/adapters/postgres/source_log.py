"""A window goes in, the application's logged rows come out: only SELECTs, through a server-side cursor."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import psycopg
from psycopg.rows import dict_row

from include.domain.interaction import Window

BATCH = 100
"""Rows fetched at once: what bounds the memory, since a row may hold megabytes."""


class PostgresLog:
    """A log in Postgres; `count` and `rows` are SQL with the parameters `start` and `end` (see `SourceMapping`)."""

    def __init__(self, connection: psycopg.Connection, count: str, rows: str) -> None:
        self._connection, self._count, self._rows = connection, count, rows
        connection.read_only = True  # the role's rights decide; this is the second belt

    def count(self, window: Window) -> int:
        """How many rows were logged in the window."""
        row = self._connection.execute(self._count, _bounds(window)).fetchone()
        assert row is not None
        return int(row[0])

    def read(self, window: Window) -> Iterator[Mapping[str, Any]]:
        """Each row of the window, in no particular order."""
        with self._connection.cursor("assay_window", row_factory=dict_row) as cursor:
            cursor.itersize = BATCH
            yield from cursor.execute(self._rows, _bounds(window))


def _bounds(window: Window) -> dict[str, Any]:
    return {"start": window.start, "end": window.end}

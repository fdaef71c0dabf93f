"""A window goes in, the application's logged rows come out: only SELECTs, through a server-side cursor."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import psycopg
from psycopg import errors
from psycopg.abc import Buffer
from psycopg.adapt import Loader
from psycopg.rows import dict_row
from psycopg.types.json import set_json_loads

from include.domain.interaction import Window
from include.errors import SourceError, SourceSchemaError, SourceUnreachable

BATCH = 10
"""Rows fetched at once: what bounds the memory, since a row may hold megabytes."""

TEXTS = ("text", "varchar", "bpchar", "date", "time", "timetz", "timestamp", "timestamptz", "interval")
"""Types that can hold what Python cannot: bytes that are no UTF-8, `infinity`, 24:00, the year 294276."""

REMEDIES: Mapping[type[psycopg.Error], str] = {
    errors.InsufficientPrivilege: "GRANT SELECT on it to the role of the Airflow connection assay_source",
    psycopg.DataError: "the mapping's SQL fails on a value of the log: leave the cast or the arithmetic out, and a row "
    "of a wrong type is quarantined instead",
    psycopg.Error: "mend the source's mapping (include/ingest/sources/*.yaml, docs/sources.md), or what it names",
}


class PostgresLog:
    """A log in Postgres; `count` and `rows` are SQL with the parameters `start` and `end` (see `SourceMapping`).

    Raises `SourceUnreachable` where the connection breaks, and `SourceSchemaError` where the log is not what the
    mapping says, whatever transaction of the store its rows are read into.
    """

    def __init__(self, connection: psycopg.Connection, count: str, rows: str) -> None:
        self._connection, self._count, self._rows = connection, count, rows
        connection.read_only = True  # the role's rights decide; this is the second belt
        connection.execute("SET client_encoding = 'UTF8'; SET datestyle = 'ISO'")  # whatever the database prefers
        for name in TEXTS:
            connection.adapters.register_loader(name, _Text)
        set_json_loads(_json, connection)

    def count(self, window: Window) -> int:
        """How many rows were logged in the window."""
        with self._one_line():
            row = self._connection.execute(self._count, _bounds(window)).fetchone()
        assert row is not None
        return int(row[0])

    def read(self, window: Window) -> Iterator[Mapping[str, Any]]:
        """Each row of the window, in no particular order."""
        with self._one_line(), self._connection.cursor("assay_window", row_factory=dict_row) as cursor:
            cursor.itersize = BATCH
            for row in cursor.execute(self._rows, _bounds(window)):
                yield row | {"logged_at": datetime.fromisoformat(row["logged_at"])}

    @contextmanager
    def _one_line(self) -> Iterator[None]:
        try:
            yield
        except psycopg.Error as error:
            raise self._explained(error) from error

    def _explained(self, error: psycopg.Error) -> SourceError:
        info = self._connection.info
        cause = (error.diag.message_primary or str(error)).splitlines()[-1]
        if isinstance(error, psycopg.OperationalError):
            return SourceUnreachable(f"source: {cause}. Remedy: see that the log's database is up and clear the task")
        remedy = next(remedy for kind, remedy in REMEDIES.items() if isinstance(error, kind))
        return SourceSchemaError(f"source {info.host}:{info.port}/{info.dbname}: {cause}. Remedy: {remedy}")


class _Text(Loader):
    def load(self, data: Buffer) -> str:
        return bytes(data).decode(errors="replace")


def _json(text: str | bytes) -> Any:
    """The JSON, or its text where Python cannot read it: nested a thousand deep, a number of 5,000 digits."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text if isinstance(text, str) else text.decode(errors="replace")


def _bounds(window: Window) -> dict[str, Any]:
    return {"start": window.start, "end": window.end}

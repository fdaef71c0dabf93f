"""A moment goes in; the store has the monthly partitions that it will need, and no longer those it need not keep."""

from __future__ import annotations

from datetime import datetime, timedelta

import psycopg
from psycopg import sql

AHEAD = timedelta(days=92)


class Partitions:
    """The monthly partitions of a store; everything happens in the transaction of `connection`."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection

    def tend(self, now: datetime, retention_days: int | None) -> list[str]:
        """Make those of the next three months and drop those that end before the retention; returns their names."""
        self._connection.execute("SELECT assay.ensure_partitions(%s, %s)", (now, now + AHEAD))
        if retention_days is None:
            return []
        oldest = now - timedelta(days=retention_days)
        names = [name for name, month in self._partitions() if month < f"{oldest:%Y_%m}"]
        for name in names:
            self._connection.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier("assay", name)))
        return names

    def _partitions(self) -> list[tuple[str, str]]:
        rows = self._connection.execute(
            """SELECT c.relname, right(c.relname, 7) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
               JOIN pg_class p ON p.oid = i.inhparent WHERE p.relnamespace = 'assay'::regnamespace
               AND c.relname ~ '_[0-9]{4}_[0-9]{2}$' ORDER BY 1"""
        ).fetchall()
        return [(name, month) for name, month in rows]

"""When each part of Assay last came to its end, as rows of `assay.heartbeats`."""

from __future__ import annotations

from datetime import datetime, timedelta

import psycopg


class Heartbeats:
    """The heartbeats in a store; `connection` is one transaction, committed by whoever opened it."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection

    def beat(self, name: str, at: datetime) -> None:
        """Note that the part came to its end."""
        self._connection.execute(
            """INSERT INTO assay.heartbeats AS h (name, at) VALUES (%s, %s)
               ON CONFLICT (name) DO UPDATE SET at = greatest(h.at, excluded.at)""",
            (name, at),
        )

    def pinged(self, name: str, at: datetime, failure: str) -> None:
        """Note that the address outside answered, or why it did not ("" where it did)."""
        self._connection.execute(
            """UPDATE assay.heartbeats SET failure = nullif(%(failure)s, ''),
                   pinged_at = CASE WHEN %(failure)s = '' THEN %(at)s ELSE pinged_at END WHERE name = %(name)s""",
            {"name": name, "at": at, "failure": failure},
        )

    def settled_until(self) -> list[tuple[str, datetime, timedelta]]:
        """Of each source with live runs, up to when its windows are settled, and how long the last window was.

        A source of which none was ever settled is settled up to the start of its first.
        """
        return self._connection.execute(
            """SELECT DISTINCT ON (source) source,
                      CASE WHEN status = 'settled' THEN window_end ELSE window_start END, window_end - window_start
               FROM assay.runs WHERE live
               ORDER BY source, status = 'settled' DESC,
                        CASE WHEN status = 'settled' THEN window_end END DESC, window_start"""
        ).fetchall()

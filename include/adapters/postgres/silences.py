"""Silences, as rows of `assay.silences`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import psycopg
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

from include.domain.silence import Matcher, Operator, Silence

SELECT = "SELECT silence_id, matchers, starts_at, ends_at, author, comment FROM assay.silences"


class Silences:
    """The silences in a store; `connection` is one transaction, committed by whoever opened it."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection

    def add(
        self, matchers: Sequence[Matcher], starts_at: datetime, ends_at: datetime, author: str, comment: str
    ) -> Silence:
        """Keep a new silence."""
        told = [{"label": one.label, "operator": one.operator.value, "value": one.value} for one in matchers]
        row = self._connection.execute(
            """INSERT INTO assay.silences (matchers, starts_at, ends_at, author, comment)
               VALUES (%s, %s, %s, %s, %s) RETURNING silence_id""",
            (Jsonb(told), starts_at, ends_at, author, comment),
        ).fetchone()
        assert row is not None, "RETURNING gives one row"
        return Silence(row[0], tuple(matchers), starts_at, ends_at, author, comment)

    def expire(self, silence_id: int, now: datetime) -> bool:
        """End a silence that is not over; one that has not begun is dropped. False where there is nothing to end."""
        ended = self._connection.execute(
            "UPDATE assay.silences SET ends_at = %(now)s"
            " WHERE silence_id = %(id)s AND starts_at < %(now)s AND ends_at > %(now)s",
            {"id": silence_id, "now": now},
        )
        dropped = self._connection.execute(
            "DELETE FROM assay.silences WHERE silence_id = %s AND starts_at >= %s", (silence_id, now)
        )
        return ended.rowcount + dropped.rowcount > 0

    def standing(self, now: datetime) -> list[Silence]:
        """Silences that are not over, those that end first at the beginning."""
        rows = self._connection.execute(f"{SELECT} WHERE ends_at > %s ORDER BY ends_at, silence_id".encode(), (now,))
        return [_silence(row) for row in rows]


def _silence(row: TupleRow) -> Silence:
    silence_id, matchers, *rest = row
    read = (Matcher(one["label"], Operator(one["operator"]), one["value"]) for one in matchers)
    return Silence(silence_id, tuple(read), *rest)

"""What was told to whom, as rows of `assay.notification_log`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from include.domain.alert import NotifyReason, Told
from include.domain.message import Address, Message


class NotificationLog:
    """The log in a store. It commits `connection` itself: an intent must outlive a crash of whoever sends."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection

    @contextmanager
    def hold(self, key: str) -> Iterator[None]:
        """Wait until nobody else tells the message of that key, and keep others out.

        The lock is the session's, so that it outlives commits; Postgres gives it back when a process dies.
        """
        lock = (f"assay.message/{key}",)
        self._connection.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", lock)
        self._connection.commit()
        try:
            yield
        finally:
            if not self._connection.closed:
                self._connection.rollback()
                self._connection.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", lock)
                self._connection.commit()

    def get(self, key: str, receiver: str) -> Told | None:
        """What the receiver was told under that key."""
        with self._connection.cursor(row_factory=dict_row) as cursor:
            row = cursor.execute(
                """SELECT message_key AS key, receiver, channel, address_channel, ts, status, reason, digest, firing,
                          resolved, muted, standing, coalesce((message ->> 'resolved')::boolean, false) AS closed,
                          error, first_intended_at, updated_at
                   FROM assay.notification_log WHERE message_key = %s AND receiver = %s""",
                (key, receiver),
            ).fetchone()
        if row is None:
            return None
        ts, address_channel, status = row.pop("ts"), row.pop("address_channel"), row.pop("status")
        return Told(
            **row
            | {
                "reason": NotifyReason(row["reason"]),
                "firing": frozenset(row["firing"]),
                "resolved": frozenset(row["resolved"]),
                "muted": frozenset(row["muted"]),
                "confirmed": status in ("sent", "withheld"),
                "address": None if ts is None else Address(address_channel, ts),
            }
        )

    def put(self, told: Told, message: Message) -> None:
        """Replace what is known of that key and receiver; durable when it returns."""
        address = told.address
        self._connection.execute(
            """INSERT INTO assay.notification_log AS log (message_key, receiver, channel, address_channel, ts, status,
                   reason, digest, firing, resolved, muted, standing, message, error, first_intended_at, updated_at)
               VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
               ON CONFLICT (message_key, receiver) DO UPDATE SET channel = excluded.channel,
                   address_channel = excluded.address_channel, ts = excluded.ts, status = excluded.status,
                   reason = excluded.reason, digest = excluded.digest, firing = excluded.firing,
                   resolved = excluded.resolved, muted = excluded.muted, standing = excluded.standing,
                   message = excluded.message, error = excluded.error,
                   updated_at = excluded.updated_at,
                   edits = log.edits
                       + (excluded.status = 'sent' AND log.ts IS NOT DISTINCT FROM excluded.ts)::integer""",
            (
                told.key,
                told.receiver,
                told.channel,
                address and address.channel,
                address and address.ts,
                _status(told),
                told.reason.value,
                told.digest,
                sorted(told.firing),
                sorted(told.resolved),
                sorted(told.muted),
                told.standing,
                Jsonb(message.to_json()),
                told.error,
                told.first_intended_at,
                told.updated_at,
            ),
        )
        self._connection.commit()


def _status(told: Told) -> str:
    if told.confirmed:
        return "sent" if told.address else "withheld"
    return "failed" if told.error else "intended"

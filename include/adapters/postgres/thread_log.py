"""What the threads of messages hold, as rows of `assay.thread_log` and `assay.threads`."""

from __future__ import annotations

from datetime import datetime

import psycopg

from include.adapters.postgres.text import storable


class PostgresThreadLog:
    """`ThreadLog` in a store. It commits `connection` itself: an intent must outlive a crash of whoever sends."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection

    def due(self, receiver: str) -> list[str]:
        """Keys of messages that stand with the receiver and changed since their threads were brought up to date."""
        rows = self._connection.execute(
            """SELECT log.message_key FROM assay.notification_log AS log
               LEFT JOIN assay.threads USING (message_key, receiver)
               WHERE receiver = %s AND log.ts IS NOT NULL AND log.status = 'sent'
                 AND log.digest IS DISTINCT FROM threads.digest
               ORDER BY log.first_intended_at, log.message_key""",
            (receiver,),
        ).fetchall()
        return [key for (key,) in rows]

    def told(self, key: str, receiver: str) -> dict[str, bool]:
        """Each event that was meant for the message's thread, and whether it is known to stand there."""
        rows = self._connection.execute(
            "SELECT event, confirmed FROM assay.thread_log WHERE message_key = %s AND receiver = %s", (key, receiver)
        ).fetchall()
        return dict(rows)

    def intend(self, key: str, receiver: str, event: str, text: str, now: datetime) -> None:
        """Note that a reply is about to be sent."""
        self._connection.execute(
            """INSERT INTO assay.thread_log (message_key, receiver, event, text, intended_at)
               VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING""",
            (key, receiver, event, storable(text), now),
        )
        self._connection.commit()

    def confirm(self, key: str, receiver: str, event: str) -> None:
        """Note that it stands there."""
        self._connection.execute(
            "UPDATE assay.thread_log SET confirmed = true WHERE message_key = %s AND receiver = %s AND event = %s",
            (key, receiver, event),
        )
        self._connection.commit()

    def caught_up(self, key: str, receiver: str, digest: str) -> None:
        """Note that the thread tells all that led to the message of that digest."""
        self._connection.execute(
            """INSERT INTO assay.threads (message_key, receiver, digest) VALUES (%s, %s, %s)
               ON CONFLICT (message_key, receiver) DO UPDATE SET digest = excluded.digest""",
            (key, receiver, digest),
        )
        self._connection.commit()

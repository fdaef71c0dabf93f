"""Batches of judge calls as rows of `assay.judge_batches`, and the requests of those that are under way."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

import psycopg
from psycopg.rows import class_row

from include.domain.batch import Batch, BatchStatus, WantedCall
from include.domain.llm import CallPurpose

BATCH = "SELECT batch_key, endpoint, model, run_id, status, intended_at, due_at, batch_id, requests"
UNDER_WAY = "status IN ('intended', 'submitted')"


class JudgeBatches:
    """The batches in a store. `connection` is its own: every method is durable when it returns.

    A batch is held by an advisory lock of the session, so that whoever finds one that is intended and held by nobody
    knows that its sender died.
    """

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection

    @contextmanager
    def hold(self, batch_key: str) -> Iterator[bool]:
        """Keep everybody else from the batch; False where somebody else does."""
        lock = "hashtextextended('assay.batch/' || %s, 0)"
        with self._connection.transaction():
            row = self._connection.execute(f"SELECT pg_try_advisory_lock({lock})", (batch_key,)).fetchone()
        assert row is not None, "a SELECT without FROM has one row"
        try:
            yield row[0]
        finally:
            if row[0] and not self._connection.closed:
                with self._connection.transaction():
                    self._connection.execute(f"SELECT pg_advisory_unlock({lock})", (batch_key,))

    def intend(self, batch: Batch) -> None:
        """Note that a batch will be sent, as yet without requests."""
        with self._connection.transaction():
            self._connection.execute(
                """INSERT INTO assay.judge_batches (batch_key, endpoint, model, run_id, status, intended_at, due_at)
                   VALUES (%s, %s, %s, %s, 'intended', %s, %s)""",
                (batch.batch_key, batch.endpoint, batch.model, batch.run_id, batch.intended_at, batch.due_at),
            )

    def admit(self, batch_key: str, calls: Sequence[WantedCall]) -> set[str]:
        """Put calls into an intended batch; returns the keys of those that wait in no other."""
        with self._connection.transaction():
            rows = self._connection.execute(
                """INSERT INTO assay.judge_batch_requests (request_hash, batch_key, project, dimension, judge, expected)
                   SELECT key, %s, project, dimension, judge, expected
                   FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::numeric[])
                       AS g (key, project, dimension, judge, expected)
                   ORDER BY key ON CONFLICT DO NOTHING RETURNING request_hash""",
                (
                    batch_key,
                    [call.key for call in calls],
                    [call.purpose.project for call in calls],
                    [call.purpose.dimension for call in calls],
                    [call.purpose.judge for call in calls],
                    [call.expected for call in calls],
                ),
            ).fetchall()
            self._connection.execute(
                "UPDATE assay.judge_batches SET requests = requests + %s WHERE batch_key = %s", (len(rows), batch_key)
            )
        return {key for (key,) in rows}

    def submitted(self, batch_key: str, batch_id: str, now: datetime) -> None:
        """Note what the provider calls the batch."""
        with self._connection.transaction():
            self._connection.execute(
                """UPDATE assay.judge_batches SET status = 'submitted', batch_id = %s, submitted_at = %s
                   WHERE batch_key = %s AND status = 'intended'""",
                (batch_id, now, batch_key),
            )

    def end(self, batch_key: str, status: BatchStatus, now: datetime, *, replies: int = 0, note: str = "") -> None:
        """Note that nothing more comes of the batch; its requests are free again."""
        with self._connection.transaction():
            self._connection.execute(
                """UPDATE assay.judge_batches SET status = %s, ended_at = %s, replies = %s, note = %s
                   WHERE batch_key = %s""",
                (status.value, now, replies, note, batch_key),
            )
            self._connection.execute("DELETE FROM assay.judge_batch_requests WHERE batch_key = %s", (batch_key,))

    def under_way(self, batch_keys: Collection[str]) -> list[Batch]:
        """Those of the batches that are under way, oldest first."""
        return self._under_way("batch_key = ANY(%s)", list(batch_keys))

    def forgotten(self, before: datetime) -> list[Batch]:
        """Batches under way for which nobody waits: due before `before`, or without a request that is not on record."""
        return self._under_way(
            """(due_at < %s OR NOT EXISTS (
                SELECT FROM assay.judge_batch_requests r LEFT JOIN assay.judge_calls c USING (request_hash)
                WHERE r.batch_key = judge_batches.batch_key AND c.request_hash IS NULL))""",
            before,
        )

    def _under_way(self, which: str, argument: object) -> list[Batch]:
        query = f"{BATCH} FROM assay.judge_batches WHERE {UNDER_WAY} AND {which} ORDER BY intended_at, batch_key"
        with self._connection.transaction(), self._connection.cursor(row_factory=class_row(Batch)) as cursor:
            return cursor.execute(query.encode(), (argument,)).fetchall()

    def waiting(self, keys: Collection[str]) -> dict[str, str]:
        """Which of the requests wait in a batch that is under way, and in which."""
        with self._connection.transaction():
            rows = self._connection.execute(
                "SELECT request_hash, batch_key FROM assay.judge_batch_requests WHERE request_hash = ANY(%s)",
                (list(keys),),
            )
            return dict(rows.fetchall())

    def purposes(self, batch_key: str) -> dict[str, CallPurpose]:
        """For whom and what each request of a batch under way is made."""
        with self._connection.transaction():
            rows = self._connection.execute(
                "SELECT request_hash, project, dimension, judge FROM assay.judge_batch_requests WHERE batch_key = %s",
                (batch_key,),
            )
            return {key: CallPurpose(*purpose) for key, *purpose in rows}

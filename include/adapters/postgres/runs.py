"""Runs of windows and their coverage ledgers, as rows of `assay.runs`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import astuple
from datetime import datetime

import psycopg
from psycopg.types.json import Jsonb

from include.domain.interaction import Window
from include.domain.run import CoverageLedger, Run


class Runs:
    """The runs in a store; `connection` is one transaction, committed by whoever opened it."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection

    def begin(self, run: Run, now: datetime) -> None:
        """Note that the run starts, or starts again; a live run that a backfill repeats stays live."""
        self._connection.execute(
            """INSERT INTO assay.runs AS r (run_id, source, window_start, window_end, live, status, started_at)
               VALUES (%s, %s, %s, %s, %s, 'extracted', %s)
               ON CONFLICT (run_id) DO UPDATE SET status = 'extracted', attempts = r.attempts + 1,
                   live = r.live OR excluded.live, started_at = excluded.started_at""",
            (run.run_id, run.source, run.window.start, run.window.end, run.live, now),
        )

    def get(self, run_id: str) -> Run:
        """The run of that name; raises `KeyError` where there is none."""
        row = self._connection.execute(
            "SELECT source, window_start, window_end, live FROM assay.runs WHERE run_id = %s", (run_id,)
        ).fetchone()
        if row is None:
            raise KeyError(run_id)
        return _run(row)

    def validated(self, run_id: str, epochs: Mapping[str, str], weights_version: str, warnings: Sequence[str]) -> None:
        """Note who will judge (dimension -> epoch), how dimensions are weighted, and what the suite warned of."""
        self._connection.execute(
            """UPDATE assay.runs SET status = 'validated', epochs = %s, weights_version = %s, warnings = %s
               WHERE run_id = %s""",
            (Jsonb(dict(epochs)), weights_version, Jsonb(list(warnings)), run_id),
        )

    def count(self, run: Run, logged: int, epochs: str) -> CoverageLedger:
        """The ledger of the run's window, each term counted from the store's rows; `logged` from the log itself.

        `epochs` is the identity of the set of judges; an interaction is scored when it has a composite of theirs,
        failed when it has none and a failure of any dimension is on record.
        """
        row = self._connection.execute(
            """
            WITH judged AS (
                SELECT i.sampled, c.value IS NOT NULL AS scored,
                       EXISTS (SELECT FROM assay.score_failures f
                               WHERE (f.interaction_id, f.logged_at) = (i.interaction_id, i.logged_at)) AS failed
                FROM assay.interactions i
                LEFT JOIN assay.composites c
                  ON (c.interaction_id, c.logged_at, c.epochs) = (i.interaction_id, i.logged_at, %(epochs)s)
                WHERE i.source = %(source)s AND i.logged_at >= %(start)s AND i.logged_at < %(end)s)
            SELECT (SELECT count(*) FROM assay.quarantine
                    WHERE source = %(source)s AND logged_at >= %(start)s AND logged_at < %(end)s
                      AND released_at IS NULL),
                   count(*) FILTER (WHERE NOT sampled),
                   count(*) FILTER (WHERE sampled AND scored),
                   count(*) FILTER (WHERE sampled AND NOT scored AND failed)
            FROM judged""",
            {"epochs": epochs, "source": run.source, "start": run.window.start, "end": run.window.end},
        ).fetchone()
        assert row is not None, "an aggregate without GROUP BY has one row"
        return CoverageLedger(logged, *row)

    def settle(self, run_id: str, ledger: CoverageLedger, now: datetime) -> None:
        """Close the run with its ledger; its rules are due for evaluation, again if it ran before."""
        self._connection.execute(
            """UPDATE assay.runs SET status = 'settled', logged = %s, quarantined = %s, excluded = %s, scored = %s,
                   failed = %s, settled_at = %s, evaluated_at = NULL WHERE run_id = %s""",
            (*astuple(ledger), now, run_id),
        )

    def touched_by(self, since: datetime, until: datetime, source: str) -> list[Run]:
        """The settled runs whose windows overlap `[since, until)`: their ledgers changed with a late score."""
        rows = self._connection.execute(
            """SELECT source, window_start, window_end, live FROM assay.runs WHERE status = 'settled' AND source = %s
                AND window_start < %s AND window_end > %s ORDER BY window_end, window_start""",
            (source, until, since),
        ).fetchall()
        return [_run(row) for row in rows]

    def unevaluated(self) -> list[tuple[Run, CoverageLedger]]:
        """Settled runs whose rules were not evaluated yet, in the order of time.

        A run of the past waits for earlier ones of the past that are under way (started within the last hour), so
        that a backfill's incidents are found in their order; a live run waits for nobody.
        """
        rows = self._connection.execute(
            """SELECT source, window_start, window_end, live,
                       logged, quarantined, excluded, scored, failed
                FROM assay.runs r
                WHERE status = 'settled' AND evaluated_at IS NULL
                  AND (live OR NOT EXISTS (
                      SELECT FROM assay.runs e WHERE e.source = r.source AND NOT e.live AND e.status <> 'settled'
                      AND e.window_end < r.window_end AND e.started_at > now() - interval '1 hour'))
                ORDER BY window_end, window_start"""
        ).fetchall()
        return [(_run(row[:4]), CoverageLedger(*row[4:])) for row in rows]

    def evaluated(self, run_id: str, now: datetime) -> None:
        """Note that the run's rules were evaluated."""
        self._connection.execute("UPDATE assay.runs SET evaluated_at = %s WHERE run_id = %s", (now, run_id))


def _run(row: tuple[str, datetime, datetime, bool]) -> Run:
    source, start, end, live = row
    return Run(source, Window(start, end), live)

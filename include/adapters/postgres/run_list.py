"""A stretch of time goes in; its runs with their ledgers, and the rows that wait in quarantine, come out."""

from __future__ import annotations

import psycopg

from include.domain.intake import HeldRow
from include.domain.interaction import Window
from include.domain.run import CoverageLedger, Run, RunRecord, RunStatus

RAW_CHARS = 600
"""How much of a row is shown."""

RUNS = """
    SELECT source, window_start, window_end, live, status, attempts, warnings, started_at, settled_at,
           logged, quarantined, excluded, scored, failed
    FROM assay.runs WHERE window_end > %(start)s AND window_start < %(end)s
    ORDER BY window_end DESC, window_start DESC, source LIMIT %(limit)s"""

HELD = """
    SELECT source, row_key, coalesce(project, ''), logged_at, expectations,
           left(raw::text, %(chars)s) || CASE WHEN length(raw::text) > %(chars)s THEN ' …' ELSE '' END
    FROM assay.quarantine WHERE released_at IS NULL AND logged_at >= %(start)s AND logged_at < %(end)s
    ORDER BY logged_at DESC, source, row_key LIMIT %(limit)s"""


class RunList:
    """Reads a store; `connection` is one transaction, committed by whoever opened it."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection

    def runs(self, window: Window, limit: int) -> list[RunRecord]:
        """The runs whose windows overlap the window, newest first."""
        asked = {"start": window.start, "end": window.end, "limit": limit}
        return [
            RunRecord(
                Run(source, Window(start, end), live),
                RunStatus(status),
                attempts,
                CoverageLedger(*terms) if status == RunStatus.SETTLED else None,
                tuple(map(str, warnings)),
                started_at,
                settled_at,
            )
            for source, start, end, live, status, attempts, warnings, started_at, settled_at, *terms in (
                self._connection.execute(RUNS, asked)
            )
        ]

    def held(self, window: Window, limit: int) -> list[HeldRow]:
        """Rows in quarantine that were logged in the window, newest first."""
        asked = {"start": window.start, "end": window.end, "limit": limit, "chars": RAW_CHARS}
        return [
            HeldRow(source, row_key, project, logged_at, tuple(expectations), raw)
            for source, row_key, project, logged_at, expectations, raw in self._connection.execute(HELD, asked)
        ]

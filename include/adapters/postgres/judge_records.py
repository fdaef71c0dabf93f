"""A stretch of time goes in; what judges gave, failed at, cost and agreed on with people comes out, by project."""

from __future__ import annotations

from datetime import date, timedelta
from typing import LiteralString, TypeVar

import psycopg
from psycopg.rows import class_row

from include.domain.cost import Spend
from include.domain.interaction import Window
from include.domain.judge_record import Agreement, CallRecord, EpochRecord, Failed, Given

T = TypeVar("T")
LOOKED_BACK = timedelta(days=28)
"""How long before a window an epoch may have judged last to be the one before."""

GIVEN = """
    SELECT i.project, s.epoch, count(*), count(*) - count(s.cost), coalesce(sum(s.cost), 0),
           coalesce(sum(s.input_tokens), 0)::bigint, coalesce(sum(s.cached_input_tokens), 0)::bigint
    FROM assay.scores s JOIN assay.interactions i USING (interaction_id, logged_at)
    WHERE s.logged_at >= %(start)s AND s.logged_at < %(end)s AND i.logged_at >= %(start)s AND i.logged_at < %(end)s
      AND s.source NOT IN ('HUMAN', 'END_USER')
    GROUP BY 1, 2 ORDER BY 1, 2"""

FAILED = """
    SELECT i.project, f.epoch, f.error_type AS reason, count(*) AS count
    FROM assay.score_failures f JOIN assay.interactions i USING (interaction_id, logged_at)
    WHERE f.logged_at >= %(start)s AND f.logged_at < %(end)s AND i.logged_at >= %(start)s AND i.logged_at < %(end)s
    GROUP BY 1, 2, 3 ORDER BY 4 DESC, 1, 2, 3"""

AGREEMENT = """
    SELECT i.project, s.epoch, count(*) AS n, avg(s.value - h.value) AS difference,
           avg(abs(s.value - h.value)) AS distance
    FROM assay.scores h
    JOIN assay.scores s USING (interaction_id, logged_at, dimension)
    JOIN assay.interactions i USING (interaction_id, logged_at)
    WHERE h.source = 'HUMAN' AND s.source NOT IN ('HUMAN', 'END_USER')
      AND h.logged_at >= %(start)s AND h.logged_at < %(end)s AND s.logged_at >= %(start)s AND s.logged_at < %(end)s
      AND i.logged_at >= %(start)s AND i.logged_at < %(end)s
    GROUP BY 1, 2 ORDER BY 1, 2"""

SEEN = """
    SELECT s.project, e.epoch FROM assay.judge_epochs e
    JOIN assay.segments_daily s ON (s.epoch, s.measure) = (e.epoch, e.dimension)
    WHERE s.day >= %(since)s AND s.day < %(end)s
    GROUP BY 1, 2 ORDER BY 1, 2"""

EPOCHS = """
    SELECT epoch, dimension, source, judge, parts, first_seen_at FROM assay.judge_epochs
    ORDER BY first_seen_at, epoch"""

CALLS = """
    SELECT project, dimension, judge, coalesce(c.calls, 0)::bigint, coalesce(c.unpriced, 0)::bigint,
           coalesce(c.cost, 0), coalesce(c.in_batches, 0)::bigint, coalesce(c.given, 0)::bigint,
           coalesce(c.cached, 0)::bigint, coalesce(h.hits, 0)::bigint, coalesce(h.unpriced, 0)::bigint,
           coalesce(h.saved, 0)
    FROM (
        SELECT project, dimension, judge, sum(calls) AS calls, sum(unpriced) AS unpriced, sum(cost) AS cost,
               sum(calls) FILTER (WHERE mode = 'batch') AS in_batches, sum(input_tokens) AS given,
               sum(cached_input_tokens) AS cached
        FROM assay.judge_costs_daily WHERE day BETWEEN %(first)s AND %(last)s GROUP BY 1, 2, 3) AS c
    FULL JOIN (
        SELECT project, dimension, judge, sum(hits) AS hits, sum(unpriced) AS unpriced, sum(saved) AS saved
        FROM assay.judge_cache_daily WHERE day BETWEEN %(first)s AND %(last)s GROUP BY 1, 2, 3) AS h
        USING (project, dimension, judge)
    ORDER BY 6 DESC, 1, 2, 3"""


class JudgeRecords:
    """What a store knows of judges; `connection` is one transaction, of whoever opened it.

    A window is that of the interactions that were judged (`logged_at`).
    """

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection

    def given(self, window: Window) -> list[Given]:
        """What each epoch gave in each project."""
        rows = self._connection.execute(GIVEN, _bounds(window))
        return [Given(project, epoch, Spend(*figures[:3]), *figures[3:]) for project, epoch, *figures in rows]

    def failed(self, window: Window) -> list[Failed]:
        """What could not be scored and was not since, most first."""
        return self._read(Failed, FAILED, window)

    def agreement(self, window: Window) -> list[Agreement]:
        """How far epochs and people lie apart where both scored; nothing where people scored nothing."""
        return self._read(Agreement, AGREEMENT, window)

    def epochs(self) -> list[EpochRecord]:
        """All that ever were, in the order in which they were first seen."""
        with self._connection.cursor(row_factory=class_row(EpochRecord)) as cursor:
            return cursor.execute(EPOCHS).fetchall()

    def seen(self, window: Window) -> set[tuple[str, str]]:
        """Project and epoch where any value was given in the window, or in the 28 days before it."""
        bounds = _bounds(window) | {"since": window.start - LOOKED_BACK}
        return {(project, epoch) for project, epoch in self._connection.execute(SEEN, bounds)}

    def calls(self, first: date, last: date) -> list[CallRecord]:
        """Calls of the days (UTC) `first` to `last`, both included, by judge, the dearest first."""
        rows = self._connection.execute(CALLS, {"first": first, "last": last})
        return [
            CallRecord(project, dimension, judge, Spend(*told[:3]), told[3], told[4], told[5], Spend(*told[6:]))
            for project, dimension, judge, *told in rows
        ]

    def _read(self, kind: type[T], query: LiteralString, window: Window) -> list[T]:
        with self._connection.cursor(row_factory=class_row(kind)) as cursor:
            return cursor.execute(query, _bounds(window)).fetchall()


def _bounds(window: Window) -> dict[str, object]:
    return {"start": window.start, "end": window.end}

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

LOOKED_AT = 100_000
"""Values whose costs are added up: their number grows with the traffic, and what one costs does not."""

NEWEST = """
    SELECT logged_at FROM assay.scores WHERE logged_at >= %(start)s AND logged_at < %(end)s
    ORDER BY logged_at DESC OFFSET %(most)s - 1 LIMIT 1"""

GIVEN = """
    SELECT i.project, s.epoch, count(*), count(*) - count(s.cost), coalesce(sum(s.cost), 0),
           coalesce(sum(s.input_tokens), 0)::bigint, coalesce(sum(s.cached_input_tokens), 0)::bigint
    FROM assay.scores s JOIN assay.interactions i USING (interaction_id, logged_at)
    WHERE s.logged_at >= %(start)s AND s.logged_at < %(end)s AND i.logged_at >= %(start)s AND i.logged_at < %(end)s
      AND s.source NOT IN ('HUMAN', 'END_USER') AND %(environment)s IN ('', i.environment)
    GROUP BY 1, 2 ORDER BY 1, 2"""

FAILED = """
    SELECT i.project, f.epoch, f.error_type AS reason, count(*) AS count
    FROM assay.score_failures f JOIN assay.interactions i USING (interaction_id, logged_at)
    WHERE f.logged_at >= %(start)s AND f.logged_at < %(end)s AND i.logged_at >= %(start)s AND i.logged_at < %(end)s
      AND %(environment)s IN ('', i.environment)
    GROUP BY 1, 2, 3 ORDER BY 4 DESC, 1, 2, 3"""

# Of what a person gave an interaction in a dimension the latest counts.
AGREEMENT = """
    SELECT project, epoch, count(*) AS n, avg(judged - value) AS difference, avg(abs(judged - value)) AS distance
    FROM (
        SELECT DISTINCT ON (interaction_id, logged_at, who, dimension) project, epoch, judged, value
        FROM assay.feedback
        WHERE kind = 'score' AND logged_at >= %(start)s AND logged_at < %(end)s
          AND %(environment)s IN ('', environment)
        ORDER BY interaction_id, logged_at, who, dimension, at DESC, feedback_id DESC) AS given
    WHERE judged IS NOT NULL
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

    A window is that of the interactions that were judged (`logged_at`), in one environment or in all ("") together.
    """

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection

    def given(self, window: Window, environment: str = "", most: int = LOOKED_AT) -> list[Given]:
        """What each epoch gave in each project, of the newest values of the window: `most`, and all of that moment."""
        far = self._connection.execute(NEWEST, {**_bounds(window), "most": most}).fetchone()
        asked = {**_bounds(window), **({"start": far[0]} if far else {}), "environment": environment}
        rows = self._connection.execute(GIVEN, asked)
        return [Given(project, epoch, Spend(*figures[:3]), *figures[3:]) for project, epoch, *figures in rows]

    def failed(self, window: Window, environment: str = "") -> list[Failed]:
        """What could not be scored and was not since, most first."""
        return self._read(Failed, FAILED, window, environment)

    def agreement(self, window: Window, environment: str = "") -> list[Agreement]:
        """How far epochs lie from the scores that experts gave instead; nothing where nobody gave one."""
        return self._read(Agreement, AGREEMENT, window, environment)

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

    def _read(self, kind: type[T], query: LiteralString, window: Window, environment: str) -> list[T]:
        with self._connection.cursor(row_factory=class_row(kind)) as cursor:
            return cursor.execute(query, {**_bounds(window), "environment": environment}).fetchall()


def _bounds(window: Window) -> dict[str, object]:
    return {"start": window.start, "end": window.end}

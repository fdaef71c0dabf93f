"""Rows of interactions and judge calls go in, `assay.costs_daily` comes out, all of it in SQL and exact."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime

import psycopg

from include.domain.cost import CostKind, DailyCost, Spend
from include.domain.interaction import Window

ROLL_UP = """
    INSERT INTO assay.costs_daily (day, project, model, kind, calls, unpriced, input_tokens, output_tokens,
        cached_input_tokens, cost)
    SELECT day, project, model, kind, count(*), count(*) - count(cost), coalesce(sum(input_tokens), 0),
           coalesce(sum(output_tokens), 0), coalesce(sum(cached_input_tokens), 0), sum(cost)
    FROM (
        SELECT (occurred_at AT TIME ZONE 'UTC')::date AS day, project,
               coalesce(response_model, request_model, '') AS model, 'application' AS kind,
               input_tokens, output_tokens, cached_input_tokens, cost
        FROM assay.interactions
        WHERE occurred_at >= %(first)s::date::timestamp AT TIME ZONE 'UTC'
          AND occurred_at < (%(last)s::date + 1)::timestamp AT TIME ZONE 'UTC'
          AND logged_at >= (%(first)s::date - 1)::timestamp AT TIME ZONE 'UTC'
        UNION ALL
        SELECT (called_at AT TIME ZONE 'UTC')::date, project, coalesce(response_model, request_model), 'judge',
               input_tokens, output_tokens, cached_input_tokens, cost
        FROM assay.judge_calls
        WHERE called_at >= %(first)s::date::timestamp AT TIME ZONE 'UTC'
          AND called_at < (%(last)s::date + 1)::timestamp AT TIME ZONE 'UTC') AS paid
    WHERE day = ANY(%(days)s)
    GROUP BY day, project, model, kind"""


class Costs:
    """The cost rollup in a store; `connection` is one transaction, committed by whoever opened it.

    A call belongs to the UTC day on which it was made (`occurred_at`, `called_at`), since that is the day on which
    a provider bills it, however late it was logged. An interaction is taken to be logged no more than a day before
    its own time, whatever the clocks.
    """

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection

    def days_of(self, window: Window) -> list[date]:
        """The days to which the interactions logged and the judge calls made in the window belong, in order."""
        rows = self._connection.execute(
            """SELECT (occurred_at AT TIME ZONE 'UTC')::date FROM assay.interactions
               WHERE logged_at >= %(start)s AND logged_at < %(end)s
               UNION
               SELECT (called_at AT TIME ZONE 'UTC')::date FROM assay.judge_calls
               WHERE called_at >= %(start)s AND called_at < %(end)s
               ORDER BY 1""",
            {"start": window.start, "end": window.end},
        )
        return [day for (day,) in rows]

    def never_summed(self, since: datetime) -> list[date]:
        """The days since then on which interactions were logged and of which there is no sum at all, in order."""
        rows = self._connection.execute(
            """SELECT (hour AT TIME ZONE 'UTC')::date FROM assay.segments_hourly WHERE measure = 'volume' AND hour >= %s
               EXCEPT SELECT day FROM assay.costs_daily ORDER BY 1""",
            (since,),
        )
        return [day for (day,) in rows]

    def roll_up(self, days: Collection[date]) -> int:
        """Replace the rollup of these days by what the rows say now; returns how many rows stand for them."""
        if not days:
            return 0
        wanted = sorted(days)
        # Two rollups of one day at once would both insert what neither sees of the other.
        self._connection.execute("SELECT pg_advisory_xact_lock(hashtextextended('assay.costs_daily', 0))")
        self._connection.execute("DELETE FROM assay.costs_daily WHERE day = ANY(%s)", (wanted,))
        parameters = {"days": wanted, "first": wanted[0], "last": wanted[-1]}
        return self._connection.execute(ROLL_UP, parameters).rowcount

    def between(self, first: date, last: date) -> list[DailyCost]:
        """The rollup of the days `first` to `last`, both included, in the order of its key."""
        rows = self._connection.execute(
            """SELECT day, project, model, kind, calls, unpriced, coalesce(cost, 0) FROM assay.costs_daily
               WHERE day BETWEEN %s AND %s ORDER BY day, project, model, kind""",
            (first, last),
        )
        return [
            DailyCost(day, project, model, CostKind(kind), Spend(calls, unpriced, cost))
            for day, project, model, kind, calls, unpriced, cost in rows
        ]

"""Rows of interactions and judge calls go in, sums by day come out, all of it in SQL and exact."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import psycopg
from psycopg.rows import class_row

from include.domain.cost import CostKind, CostLine, DailyCost, Spend
from include.domain.interaction import Window

ROLL_UP = Path(__file__).with_name("costs.sql").read_text().rstrip(";\n ").split(";\n")
LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('assay.costs_daily', 0))"
"""Until the transaction ends: two rollups of one day at once would both insert what neither sees of the other."""
GROUPS_OF_A_PROJECT = 50
OVERLAP = timedelta(hours=1)
"""More than clocks of two machines differ by and a transaction may take to commit after it has looked at its own."""
BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
"""Before anything was logged."""
CHUNK = 5_000
"""Lines fetched at once."""

LINES = """
    SELECT day, kind, project, model, environment, prompt_version, user_group, provider_name, price_source,
           '' AS dimension, '' AS judge, '' AS mode, calls, unpriced, input_tokens, output_tokens,
           cached_input_tokens, reasoning_tokens, cache_write_tokens, cost, billed_calls, billed_cost, billed_computed
    FROM assay.costs_daily WHERE kind = 'application' AND day BETWEEN %(first)s AND %(last)s
    UNION ALL
    SELECT day, 'judge', project, model, '', '', '', provider_name, '', dimension, judge, mode, calls, unpriced,
           input_tokens, output_tokens, cached_input_tokens, reasoning_tokens, cache_write_tokens, cost, 0, 0, 0
    FROM assay.judge_costs_daily WHERE day BETWEEN %(first)s AND %(last)s
    ORDER BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12"""


class Costs:
    """The cost rollup in a store; `connection` is one transaction, committed by whoever opened it.

    A call belongs to the UTC day on which it was made (`occurred_at`, `called_at`), since that is the day on which
    a provider bills it, however late it was logged. `user_group` is the attribute that names the group of a user;
    the `places` that cost most on a day are summed by themselves in each project, the others as `other`.
    """

    def __init__(
        self, connection: psycopg.Connection, user_group: str = "user_group", places: int = GROUPS_OF_A_PROJECT
    ) -> None:
        self._connection, self._user_group, self._places = connection, user_group, places

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

    def unseen(self, now: datetime) -> list[Window]:
        """The windows of the log that settled since `saw` was told last, and the time from then to `now`.

        A backfill, a window that ran late and a row let out of quarantine are found by it, wherever they lie.
        """
        rows = self._connection.execute(
            """WITH since AS (SELECT coalesce(max(at) - %(overlap)s, %(beginning)s) AS at FROM assay.costs_seen),
                    logged AS (SELECT tstzrange(window_start, window_end) AS span FROM assay.runs, since
                               WHERE settled_at >= at
                               UNION ALL
                               SELECT tstzrange(logged_at, logged_at + interval '1 us') FROM assay.quarantine, since
                               WHERE released_at >= at
                               UNION ALL SELECT tstzrange(least(at, %(now)s), %(now)s) FROM since)
               SELECT lower(span), upper(span) FROM (SELECT unnest(range_agg(span)) AS span FROM logged) AS merged
               ORDER BY 1""",
            {"overlap": OVERLAP, "beginning": BEGINNING, "now": now},
        )
        return [Window(start, end) for start, end in rows]

    def saw(self, now: datetime) -> None:
        """Note that what settled before `now` is in the sums."""
        self._connection.execute(
            """INSERT INTO assay.costs_seen AS seen (at) VALUES (%s)
               ON CONFLICT (id) DO UPDATE SET at = greatest(seen.at, excluded.at)""",
            (now,),
        )

    def roll_up(self, days: Collection[date]) -> int:
        """Replace the rollup of these days by what the rows say now; returns how many rows stand for them.

        A day of which fewer interactions are left than were summed keeps its sums: their retention is over, and what
        was spent stays spent.
        """
        return sum(self._roll_up(day) for day in sorted(days))

    def _roll_up(self, day: date) -> int:
        start = datetime.combine(day, time(), UTC)
        given = {
            "day": day,
            "start": start,
            "end": start + timedelta(days=1),
            "user_group": self._user_group,
            "places": self._places,
        }
        self._connection.execute(LOCK)
        before = self._calls(day)
        with self._connection.transaction() as attempt, self._connection.cursor() as cursor:
            counts = [cursor.execute(statement.encode(), given).rowcount for statement in ROLL_UP]
            if self._calls(day) < before:
                raise psycopg.Rollback(attempt)
            return sum(counts[-2:])
        return 0

    def _calls(self, day: date) -> int:
        query = "SELECT coalesce(sum(calls), 0)::bigint FROM assay.costs_daily WHERE day = %s AND kind = 'application'"
        (calls,) = self._connection.execute(query, (day,)).fetchone() or (0,)
        return int(calls)

    def between(self, first: date, last: date, environment: str = "") -> list[DailyCost]:
        """The rollup of the days `first` to `last`, both included, in the order of day, project, model and kind.

        Of applications in one environment or in all (""); what judges cost is not kept by environment.
        """
        rows = self._connection.execute(
            """SELECT day, project, model, kind, sum(calls)::bigint, sum(unpriced)::bigint, coalesce(sum(cost), 0)
               FROM assay.costs_daily
               WHERE day BETWEEN %s AND %s AND (kind = 'judge' OR %s IN ('', environment))
               GROUP BY day, project, model, kind ORDER BY day, project, model, kind""",
            (first, last, environment),
        )
        return [
            DailyCost(day, project, model, CostKind(kind), Spend(calls, unpriced, cost))
            for day, project, model, kind, calls, unpriced, cost in rows
        ]

    def lines(self, first: date, last: date) -> Iterator[CostLine]:
        """The rollup of these days as fine as it is kept, judges by dimension, read as it is asked for."""
        with self._connection.cursor("cost_lines", row_factory=class_row(CostLine)) as cursor:
            cursor.itersize = CHUNK
            yield from cursor.execute(LINES, {"first": first, "last": last})

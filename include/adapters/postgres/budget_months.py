"""Rollups, forecasts and results of rules go out as what is known of a month of budgets; forecasts go in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import psycopg

from include.domain.cost import Spend
from include.domain.factors import Use
from include.domain.money import Forecast, Raised

SPENT = """
    WITH summed AS (
        SELECT project, day, sum(calls) AS calls, sum(unpriced) AS unpriced, coalesce(sum(cost), 0) AS cost
        FROM assay.costs_daily
        WHERE kind = 'application' AND day >= %(first)s AND day < %(today)s
        GROUP BY project, day),
    open AS (
        SELECT at::date AS day, at AT TIME ZONE 'UTC' AS starts_at
        FROM generate_series(%(first)s::timestamp, %(today)s::timestamp, interval '1 day') AS at
        WHERE at::date > %(today)s::date - 2 OR at::date NOT IN (SELECT day FROM summed)),
    counted AS (
        SELECT project, day,
               coalesce(sum(n) FILTER (WHERE measure = 'volume'), 0) AS calls,
               coalesce(sum(n) FILTER (WHERE measure = 'volume'), 0)
                   - coalesce(sum(n) FILTER (WHERE measure = 'spend'), 0) AS unpriced,
               coalesce(sum(total) FILTER (WHERE measure = 'spend'), 0)::numeric AS cost
        FROM open CROSS JOIN LATERAL (
            SELECT * FROM assay.segments_hourly
            WHERE measure IN ('volume', 'spend') AND hour >= starts_at AND hour < starts_at + interval '1 day'
              AND hour < %(end)s OFFSET 0) AS hours
        GROUP BY project, day)
    SELECT DISTINCT ON (project, day) project, calls, unpriced, cost
    FROM (SELECT *, 0 AS place FROM summed UNION ALL SELECT *, 1 FROM counted) AS known
    ORDER BY project, day, calls DESC, place"""
"""A day is as the rollup says. One that is not summed yet is as its hours were counted, and so are yesterday and today
where the hours hold more calls: they were summed before their last window was settled."""
RAISED = """
    SELECT DISTINCT ON (rule, project) rule, project, window_end, outcome = 'Breached',
           bool_or(outcome = 'Breached' AND window_start >= %(start)s AND live) OVER (PARTITION BY rule, project)
    FROM (SELECT *, coalesce(labels ->> 'project', '') AS project,
                 EXISTS (SELECT FROM assay.runs
                         WHERE (window_start, window_end) = (found.window_start, found.window_end) AND live) AS live
          FROM assay.rule_results AS found
          WHERE rule = ANY(%(rules)s) AND outcome IN ('Ok', 'Breached')
            AND window_end > %(since)s AND window_end < %(end)s) AS decided
    ORDER BY rule, project, window_end DESC"""
LOOKED_BACK = timedelta(days=31)
"""Before the month's first day: what the last one left."""


class BudgetMonths:
    """What a store knows of months; `connection` is one transaction, committed by whoever opened it."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection

    def spent(self, first: date, until: datetime) -> dict[str, Spend]:
        """What applications spent from the day `first` to `until`, both of one month, by project; "" is all."""
        today = _last_day(until)
        rows = self._connection.execute(SPENT, {"first": first, "today": today, "end": until})
        spent: dict[str, Spend] = {"": Spend()}
        for project, calls, unpriced, cost in rows:
            one = Spend(int(calls), int(unpriced), cost)
            spent[project] = spent.get(project, Spend()) + one
            spent[""] += one
        return spent

    def raised(self, rules: Collection[str], first: date, until: datetime) -> dict[tuple[str, str], Raised]:
        """What these rules said last in windows that end before `until`, by rule and project; "" is all.

        `first` is the first day of the month. Nothing of what they said more than `LOOKED_BACK` before it.
        """
        start = _midnight(first)
        rows = self._connection.execute(
            RAISED, {"rules": [*rules], "start": start, "since": start - LOOKED_BACK, "end": until}
        )
        return {
            (rule, project): Raised(_last_day(end), breached, this_month)
            for rule, project, end, breached, this_month in rows
        }

    def forecasts(self, month: date, before: date) -> dict[str, Forecast]:
        """The newest forecast of each project that was made on an earlier day of the month than `before`."""
        rows = self._connection.execute(
            """SELECT DISTINCT ON (project) project, made_on, expected, low, high FROM assay.cost_forecasts
               WHERE month = %s AND made_on < %s ORDER BY project, made_on DESC""",
            (month, before),
        )
        return {project: Forecast(*figures) for project, *figures in rows}

    def forecasts_of(self, made_on: date) -> dict[str, tuple[Decimal, Forecast]]:
        """What each project had spent by the end of that day of its month, and what was forecast then."""
        rows = self._connection.execute(
            "SELECT project, spent, made_on, expected, low, high FROM assay.cost_forecasts WHERE made_on = %s",
            (made_on,),
        )
        return {project: (spent, Forecast(*figures)) for project, spent, *figures in rows}

    def keep(self, made_on: date, forecasts: Mapping[str, tuple[Decimal, Forecast]]) -> None:
        """Write what was spent and is forecast, in place of what that day said before; safe to call again."""
        self._connection.execute("DELETE FROM assay.cost_forecasts WHERE made_on = %s", (made_on,))
        with self._connection.cursor() as cursor:
            cursor.executemany(
                """INSERT INTO assay.cost_forecasts (project, month, made_on, spent, expected, low, high)
                   VALUES (%s, %s, %s, %s, %s, %s, %s)""",
                [
                    (project, one.month, made_on, spent, one.expected, one.low, one.high)
                    for project, (spent, one) in forecasts.items()
                ],
            )

    def uses(self, project: str, first: date, last: date, environment: str = "") -> dict[date, dict[str, Use]]:
        """What a project used each model for on these days, both included, in one environment or in all ("")."""
        rows = self._connection.execute(
            """SELECT day, model, sum(calls)::bigint, sum(calls - unpriced)::bigint, coalesce(sum(cost), 0),
                      sum(input_tokens)::bigint, sum(output_tokens)::bigint, sum(cached_input_tokens)::bigint
               FROM assay.costs_daily WHERE kind = 'application' AND project = %s AND day BETWEEN %s AND %s
                 AND %s IN ('', environment)
               GROUP BY day, model""",
            (project, first, last, environment),
        )
        found: dict[date, dict[str, Use]] = defaultdict(dict)
        for day, model, *figures in rows:
            found[day][model] = Use(*figures)
        return dict(found)

    def whole_days(self, first: date, last: date) -> set[date]:
        """The days, `first` and `last` included, that lie in settled runs with all their hours."""
        rows = self._connection.execute(
            """SELECT (hour AT TIME ZONE 'UTC')::date
               FROM assay.runs, generate_series(date_trunc('hour', greatest(window_start, %(start)s), 'UTC'),
                                                least(window_end, %(end)s) - interval '1 us', interval '1 hour') hour
               WHERE status = 'settled' AND window_start < %(end)s AND window_end > %(start)s
               GROUP BY 1 HAVING count(DISTINCT hour) = 24""",
            {"start": _midnight(first), "end": _midnight(last + timedelta(days=1))},
        )
        return {day for (day,) in rows}


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _last_day(end: datetime) -> date:
    return (end.astimezone(UTC) - timedelta(microseconds=1)).date()

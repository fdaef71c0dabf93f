"""Days of the cost rollup go in; what applications spent comes out, by what their calls have in common."""

from __future__ import annotations

from datetime import date

import psycopg
from psycopg import sql
from psycopg.rows import class_row

from include.domain.cost import Spend
from include.domain.spending import Breakdown, SpendGroup, Unpriced

WORDS = ("model", "prompt_version", "user_group", "environment")
SHOWN = 12

GROUPS = sql.SQL("""
    WITH summed AS (
        SELECT project, {word} AS name,
               coalesce(sum(calls) FILTER (WHERE day >= %(first)s), 0)::bigint AS calls,
               coalesce(sum(unpriced) FILTER (WHERE day >= %(first)s), 0)::bigint,
               coalesce(sum(cost) FILTER (WHERE day >= %(first)s), 0) AS cost,
               coalesce(sum(calls) FILTER (WHERE day < %(first)s), 0)::bigint,
               coalesce(sum(unpriced) FILTER (WHERE day < %(first)s), 0)::bigint,
               coalesce(sum(cost) FILTER (WHERE day < %(first)s), 0),
               coalesce(sum(input_tokens) FILTER (WHERE day >= %(first)s), 0)::bigint,
               coalesce(sum(output_tokens) FILTER (WHERE day >= %(first)s), 0)::bigint
        FROM assay.costs_daily
        WHERE kind = 'application' AND %(environment)s IN ('', environment)
          AND (day BETWEEN %(first)s AND %(last)s OR day BETWEEN %(first)s - %(shift)s AND %(last)s - %(shift)s)
        GROUP BY 1, 2)
    SELECT count(*) OVER (), summed.* FROM summed WHERE calls > 0
    ORDER BY cost DESC, calls DESC, project, name LIMIT %(shown)s""")

UNPRICED = """
    SELECT project, provider_name AS provider, model, sum(unpriced)::bigint AS calls FROM assay.costs_daily
    WHERE kind = 'application' AND unpriced > 0 AND day BETWEEN %(first)s AND %(last)s
      AND %(environment)s IN ('', environment)
    GROUP BY 1, 2, 3 ORDER BY 4 DESC, 1, 2, 3"""


class SpendGroups:
    """The cost rollup in a store as pages read it; `connection` is one transaction, of whoever opened it.

    It is read of one environment, or of all ("") together.
    """

    def __init__(self, connection: psycopg.Connection, environment: str = "") -> None:
        self._connection = connection
        self._environment = environment

    def environments(self, first: date, last: date) -> tuple[str, ...]:
        """All in which something was called on these days (both included)."""
        rows = self._connection.execute(
            """SELECT DISTINCT environment FROM assay.costs_daily
               WHERE kind = 'application' AND day BETWEEN %s AND %s ORDER BY environment""",
            (first, last),
        )
        return tuple(environment for (environment,) in rows)

    def breakdowns(self, first: date, last: date, shift: int) -> tuple[Breakdown, ...]:
        """Of these days (UTC, both included) beside those `shift` days earlier, at least as many as they are."""
        given = {"first": first, "last": last, "shift": shift, "shown": SHOWN, "environment": self._environment}
        return tuple(self._breakdown(word, given) for word in WORDS)

    def _breakdown(self, word: str, given: dict[str, object]) -> Breakdown:
        rows = self._connection.execute(GROUPS.format(word=sql.Identifier(word)), given).fetchall()
        groups = tuple(
            SpendGroup(project, name, Spend(*figures[:3]), Spend(*figures[3:6]), *figures[6:])
            for _, project, name, *figures in rows
        )
        return Breakdown(word, groups, rows[0][0] - len(rows) if rows else 0)

    def unpriced(self, first: date, last: date) -> tuple[Unpriced, ...]:
        """Whose calls of these days (both included) have no known price, most first."""
        given = {"first": first, "last": last, "environment": self._environment}
        with self._connection.cursor(row_factory=class_row(Unpriced)) as cursor:
            return tuple(cursor.execute(UNPRICED, given))

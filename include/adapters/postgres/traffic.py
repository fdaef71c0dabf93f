"""Hours and a segment go in, some of the interactions that it logged in them come out, at a cost that is bounded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from random import Random

import psycopg
from psycopg import sql
from psycopg.rows import args_row

from include.domain.traffic import Exchange

VISITED = 2
"""How many times more rows are visited than returned, so that a busy project costs no more than a quiet one."""
HOUR = timedelta(hours=1)

COLUMNS = {
    "project": sql.SQL("project"),
    "environment": sql.SQL("environment"),
    "model": sql.SQL("coalesce(response_model, request_model, '')"),
    "prompt_version": sql.SQL("coalesce(prompt_version, '')"),
}


class Traffic:
    """The interactions in a store; `connection` is one transaction, committed by whoever opened it."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection

    def read(self, hours: Sequence[datetime], segment: Mapping[str, str], limit: int) -> list[Exchange]:
        """At most `limit` of the segment's interactions of those hours, judged or not, the same each time.

        Which of them is drawn by hashes of their ids, each with the same probability: what is read has the mixture of
        what was logged. Where there are far more than `limit`, only a slice of each hour is looked at, at a place that
        is drawn, too.
        """
        logged = self._logged(hours, segment)
        if not logged:
            return []
        slices = cut(hours, min(1.0, VISITED * limit / logged))
        arguments = {"begins": [one for one, _ in slices], "ends": [one for _, one in slices], "limit": limit}
        query = QUERY.format(where=_where(segment, COLUMNS))
        with self._connection.cursor(row_factory=args_row(Exchange)) as cursor:
            return cursor.execute(query, {**arguments, **_named(segment)}).fetchall()

    def _logged(self, hours: Sequence[datetime], segment: Mapping[str, str]) -> int:
        """How many interactions there are, from the tallies."""
        query = sql.SQL(
            """SELECT coalesce(sum(n), 0)::bigint FROM assay.segments_hourly
               WHERE measure = 'volume' AND hour = ANY(%(hours)s) {where}"""
        ).format(where=_where(segment, {}))
        row = self._connection.execute(query, {"hours": list(hours), **_named(segment)}).fetchone()
        return int(row[0]) if row else 0


def cut(hours: Sequence[datetime], share: float) -> list[tuple[datetime, datetime]]:
    """That share of each hour as spans, at a place that only the hour decides; whole hours in a row are one."""
    spans: list[tuple[datetime, datetime]] = []
    for hour in sorted(hours):
        start = hour + HOUR * (1 - share) * Random(int(hour.timestamp())).random()  # noqa: S311  no secret
        if spans and spans[-1][1] == start:
            start = spans.pop()[0]
        spans.append((start, start + HOUR * share if share < 1 else hour + HOUR))
    return spans


# OFFSET 0 keeps the planner from joining what it should look up span by span.
QUERY = sql.SQL(
    """WITH drawn AS (
           SELECT i.* FROM unnest(%(begins)s::timestamptz[], %(ends)s::timestamptz[]) AS span (begins, ends)
           CROSS JOIN LATERAL (
               SELECT * FROM assay.interactions
               WHERE logged_at >= begins AND logged_at < ends {where} OFFSET 0) AS i
           ORDER BY hashtext(interaction_id), interaction_id COLLATE "C" LIMIT %(limit)s)
       SELECT logged_at, left(user_input, 1000), left(response, 600),
              coalesce((SELECT left(string_agg(left(text, 2000), E'\\n'), 6000)
                        FROM (SELECT * FROM jsonb_array_elements_text(retrieved_contexts) LIMIT 12) AS t (text)), ''),
              attributes ->> 'language', error_type IS NOT NULL,
              length(user_input), length(response), jsonb_array_length(retrieved_contexts),
              input_tokens, output_tokens, latency_ms
       FROM drawn ORDER BY hashtext(interaction_id), interaction_id COLLATE "C" """
)


def _named(segment: Mapping[str, str]) -> dict[str, str]:
    return {f"by_{column}": value for column, value in segment.items()}


def _where(segment: Mapping[str, str], columns: Mapping[str, sql.SQL]) -> sql.Composed:
    return sql.Composed(
        [
            sql.SQL(" AND {} = {}").format(columns.get(column, sql.Identifier(column)), sql.Placeholder(f"by_{column}"))
            for column in segment
        ]
    )

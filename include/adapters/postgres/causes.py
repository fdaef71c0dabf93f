"""A breached segment goes in; its interactions of now and of before, and what was new, come out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import LiteralString

import psycopg
from psycopg import sql
from psycopg.rows import class_row

from include.domain.cause import Arrival
from include.domain.interaction import Window
from include.domain.observation import Observation, Scope, Total
from include.domain.rule import Evidence
from include.domain.run import COMPOSITE
from include.domain.score import ScoreSource

JUDGES = [source.value for source in ScoreSource if source not in (ScoreSource.HUMAN, ScoreSource.END_USER)]
SCANNED, PATIENCE_MS = 40_000, 30_000
"""A cause is worth no more."""
NEWS = timedelta(hours=24)
"""How long before a breach began something may have come in to be told."""
MOST_NEWS, MOST_LABELS = 5, 2_000
QUESTION = 400
"""Characters of a question that are looked at."""
VERSIONS = "(version|release|index|revision|commit|build|deploy|snapshot)"
"""Attributes whose name has one of these in it say which state of something answered."""

COLUMNS: dict[str, LiteralString] = {
    "project": "project",
    "environment": "environment",
    "model": "coalesce(response_model, request_model, '')",
    "prompt_version": "coalesce(prompt_version, '')",
}
LANGUAGE: LiteralString = (
    "coalesce(left(split_part(replace(lower(trim(attributes ->> 'language')), '_', '-'), '-', 1), 20), '')"
)
ATTRIBUTE: LiteralString = "coalesce(left(attributes ->> {}, 100), '')"
"""As `segments.py` cuts traffic."""

ERROR: LiteralString = """
    SELECT (i.error_type IS NOT NULL)::int::float8 AS value, 1.0::float8 AS weight, '{}'::jsonb AS by_dimension"""
AMOUNT: LiteralString = """
    SELECT {amount}::float8 AS value, 1.0::float8 AS weight, '{{}}'::jsonb AS by_dimension WHERE {amount} IS NOT NULL"""
AMOUNTS: dict[str, LiteralString] = {
    "latency_ms": "i.latency_ms",
    "input_tokens": "i.input_tokens",
    "output_tokens": "i.output_tokens",
    "response_chars": "length(i.response)",
}
COMPOSITES: LiteralString = """
    SELECT value, 1 / i.sampling_rate AS weight, by_dimension FROM assay.composites c
    WHERE (c.interaction_id, c.logged_at) = (i.interaction_id, i.logged_at) AND c.epochs = ANY(%(epochs)s)
      AND value IS NOT NULL
    ORDER BY weights_version LIMIT 1"""
SCORES: LiteralString = """
    SELECT value, 1 / i.sampling_rate AS weight, '{}'::jsonb AS by_dimension FROM assay.scores s
    WHERE (s.interaction_id, s.logged_at) = (i.interaction_id, i.logged_at) AND s.epoch = ANY(%(epochs)s)
      AND s.dimension = %(measure)s AND s.source = ANY(%(judges)s)
    ORDER BY s.epoch, s.source LIMIT 1"""

# The interactions are drawn before their scores and texts are read: no table is gone through but theirs.
OBSERVATIONS: LiteralString = """
    WITH drawn AS MATERIALIZED (
        SELECT interaction_id, logged_at FROM assay.interactions
        WHERE logged_at >= %(start)s AND logged_at < %(end)s AND (sampled OR %(all)s) AND {segment}
        ORDER BY hashtextextended(interaction_id, 2), logged_at LIMIT %(limit)s)
    SELECT i.interaction_id, i.logged_at, given.value, given.weight, i.project, i.conversation_id,
           coalesce(i.response_model, i.request_model) AS model, i.prompt_version, i.finish_reason,
           left(i.user_input, %(question)s) AS question, length(i.user_input) AS question_chars,
           CASE WHEN jsonb_typeof(i.retrieved_contexts) = 'array' THEN jsonb_array_length(i.retrieved_contexts)
                ELSE 0 END AS passages,
           (SELECT coalesce(jsonb_object_agg(key, value), '{{}}')
            FROM jsonb_each(CASE WHEN jsonb_typeof(i.attributes) = 'object' THEN i.attributes ELSE '{{}}' END)
            WHERE jsonb_typeof(value) IN ('string', 'number', 'boolean') AND length(value::text) <= 100) AS attributes,
           given.by_dimension
    FROM drawn JOIN assay.interactions i USING (interaction_id, logged_at)
    CROSS JOIN LATERAL ({given}) AS given
    WHERE i.logged_at >= %(start)s AND i.logged_at < %(end)s
    ORDER BY i.logged_at, i.interaction_id COLLATE "C\""""

ARRIVALS: LiteralString = """
    WITH seen AS (
        SELECT what, value, min(logged_at) AS at
        FROM assay.interactions i
        CROSS JOIN LATERAL (
            SELECT 'model', coalesce(response_model, request_model)
            UNION ALL SELECT 'prompt_version', prompt_version
            UNION ALL SELECT key, e.value #>> '{{}}'
            FROM jsonb_each(CASE WHEN jsonb_typeof(attributes) = 'object' THEN attributes ELSE '{{}}' END) e
            WHERE key ~* %(versions)s AND jsonb_typeof(e.value) IN ('string', 'number')) AS label (what, value)
        WHERE logged_at >= %(start)s AND logged_at < %(end)s AND {segment}
          AND length(value) BETWEEN 1 AND 100 AND length(what) <= 60
        GROUP BY 1, 2
        UNION ALL
        SELECT 'judge of ' || measure, epoch, min(hour)
        FROM assay.segments_hourly
        WHERE measure = %(measure)s AND epoch <> '' AND hour >= %(lately)s - %(news)s AND hour < %(end)s
          AND {segment_of_hour}
        GROUP BY 1, 2),
    known AS (
        SELECT *, min(at) OVER (PARTITION BY what) AS first, count(*) OVER (PARTITION BY what) AS values FROM seen)
    SELECT what, value, at FROM known
    WHERE at >= %(lately)s AND first < %(lately)s AND values <= 50
    ORDER BY at >= %(since)s, abs(extract(epoch FROM %(since)s - at)), what, value LIMIT %(most)s"""


TOTALS: LiteralString = """
    WITH hours AS (
        SELECT * FROM unnest(%(starts)s::timestamptz[], %(ends)s::timestamptz[])
            WITH ORDINALITY AS h (begins, ends, day)),
    logged AS (
        SELECT i.*, h.day FROM hours h CROSS JOIN LATERAL (
            SELECT {amount}::float8 AS amount, project, coalesce(response_model, request_model) AS model,
                   prompt_version, conversation_id,
                   CASE WHEN jsonb_typeof(attributes) = 'object' THEN attributes ELSE '{{}}' END AS other
            FROM assay.interactions WHERE logged_at >= h.begins AND logged_at < h.ends AND {segment}) AS i
        WHERE amount IS NOT NULL),
    labelled AS (
        SELECT what, label.value, day, amount FROM logged CROSS JOIN LATERAL (
            VALUES ('', ''), ('project', project), ('model', model), ('prompt_version', prompt_version),
                   ('conversation_id', conversation_id)
            UNION ALL SELECT key, e.value #>> '{{}}' FROM jsonb_each(other) e
            WHERE jsonb_typeof(e.value) IN ('string', 'number', 'boolean') AND key <> '') AS label (what, value)
        WHERE length(label.value) <= 100 AND length(what) <= 60)
    SELECT what AS column, value, count(*) FILTER (WHERE day = 1) AS n,
           coalesce(sum(amount) FILTER (WHERE day = 1), 0) AS amount,
           coalesce(sum(amount ^ 2) FILTER (WHERE day = 1), 0) AS square,
           count(*) FILTER (WHERE day > 1) AS n_before, coalesce(sum(amount) FILTER (WHERE day > 1), 0) AS before,
           coalesce(sum(amount ^ 2) FILTER (WHERE day > 1), 0) AS square_before,
           (SELECT count(DISTINCT day) FROM logged WHERE day > 1) AS days
    FROM labelled GROUP BY 1, 2
    ORDER BY what <> '', greatest(count(*) FILTER (WHERE day = 1), count(*) FILTER (WHERE day > 1)) DESC, 1, 2
    LIMIT %(most)s"""


class Causes:
    """What a store knows of a breach; it only reads, and what fails leaves the transaction of `connection` whole.

    A search goes through at most `scanned` of the segment's newest interactions, and at least those of an hour, or of
    a long window a day; a query may take `patience_ms`.
    """

    def __init__(self, connection: psycopg.Connection, scanned: int = SCANNED, patience_ms: int = PATIENCE_MS) -> None:
        self._connection, self._scanned, self._patience_ms = connection, scanned, patience_ms

    def previous(self, rule: str, fingerprint: str, before: datetime) -> Evidence | None:
        """The evidence of the alert's last breached window that was over by then."""
        row = self._connection.execute(
            """SELECT evidence FROM assay.rule_results
               WHERE rule = %s AND fingerprint = %s AND window_end <= %s AND outcome = 'Breached'
               ORDER BY window_end DESC LIMIT 1""",
            (rule, fingerprint, before),
        ).fetchone()
        return Evidence(**row[0]) if row else None

    def observations(self, scope: Scope, window: Window, limit: int) -> list[Observation]:
        """Interactions of the scope with a value, by time; of more than `limit` the same ones each time."""
        segment, values = _segment(scope)
        query = sql.SQL(OBSERVATIONS).format(segment=segment, given=_given(scope.measure))
        with self._patiently():
            arguments = {
                **values,
                "start": self._reach(scope, window),
                "end": window.end,
                "all": scope.measure == "error" or scope.measure in AMOUNTS,
                "limit": limit,
                "question": QUESTION,
                "epochs": list(scope.epochs),
                "measure": scope.measure,
                "judges": JUDGES,
            }
            with self._connection.cursor(row_factory=class_row(Observation)) as cursor:
                return cursor.execute(query, arguments).fetchall()

    def totals(self, scope: Scope, now: Window, past: Sequence[Window]) -> list[Total]:
        """Spend or volume by label, of all interactions first; the past windows are added up."""
        segment, values = _segment(scope)
        query = sql.SQL(TOTALS).format(segment=segment, amount=sql.SQL("cost" if scope.measure == "spend" else "1"))
        windows = [now, *past]
        with self._patiently(), self._connection.cursor(row_factory=class_row(Total)) as cursor:
            starts, ends = [one.start for one in windows], [one.end for one in windows]
            cursor.execute(query, {**values, "starts": starts, "ends": ends, "most": MOST_LABELS})
            return cursor.fetchall()

    def arrivals(self, scope: Scope, since: datetime, back: timedelta) -> list[Arrival]:
        """What came in within a day before `since`, or in the hour that begins there, and was not seen `back` before.

        Models, prompt versions and attributes that name a version, of the scope's interactions; and its judges. Those
        just before `since` come first.
        """
        segment, values = _segment(scope)
        query = sql.SQL(ARRIVALS).format(segment=segment, segment_of_hour=_of_hour(scope))
        with self._patiently():
            arguments = {
                **values,
                "start": min(since - 2 * NEWS, self._reach(scope, Window(since - back, since))),
                "end": since + timedelta(hours=1),
                "lately": since - NEWS,
                "news": NEWS,
                "since": since,
                "versions": VERSIONS,
                "measure": scope.measure,
                "most": MOST_NEWS,
            }
            return [Arrival(*row) for row in self._connection.execute(query, arguments)]

    def _reach(self, scope: Scope, window: Window) -> datetime:
        """How far back the last `scanned` interactions of the window lie, in whole hours, or days of a longer one."""
        row = self._connection.execute(
            sql.SQL(
                """SELECT min(starts) FROM (
                       SELECT date_trunc(%(step)s, hour, 'UTC') AS starts, sum(n) AS n,
                              sum(sum(n)) OVER (ORDER BY date_trunc(%(step)s, hour, 'UTC') DESC) AS all_since
                       FROM assay.segments_hourly
                       WHERE measure = 'volume' AND hour >= %(start)s AND hour < %(end)s AND {}
                       GROUP BY 1) AS counted
                   WHERE all_since - n < %(scanned)s"""
            ).format(_of_hour(scope)),
            {
                **_segment(scope)[1],
                "step": "day" if window.length > timedelta(days=2) else "hour",
                "start": window.start,
                "end": window.end,
                "scanned": self._scanned,
            },
        ).fetchone()
        return max(window.start, row[0]) if row and row[0] else window.start

    @contextmanager
    def _patiently(self) -> Iterator[None]:
        """A savepoint with a limit to what a query may take; outside of it all is as it was."""
        with self._connection.transaction():
            (usual,) = self._connection.execute("SELECT current_setting('statement_timeout')").fetchone() or ("0",)
            self._connection.execute("SELECT set_config('statement_timeout', %s, true)", (str(self._patience_ms),))
            yield
            self._connection.execute("SELECT set_config('statement_timeout', %s, true)", (usual,))


def _given(measure: str) -> sql.Composable:
    """What has the value of an interaction `i` in that measure, and its weight."""
    if measure in AMOUNTS:
        return sql.SQL(AMOUNT).format(amount=sql.SQL(AMOUNTS[measure]))
    return sql.SQL({"error": ERROR, COMPOSITE: COMPOSITES}.get(measure, SCORES))


def _segment(scope: Scope) -> tuple[sql.Composable, dict[str, str]]:
    """The condition on interactions, and its arguments."""
    known = {**COLUMNS, "language": LANGUAGE}
    columns = {
        column: sql.SQL(known[column])
        if column in known
        else sql.SQL(ATTRIBUTE).format(column.removeprefix("attributes."))
        for column in scope.segment
    }
    return _equal(columns), {f"segment_{column}": value for column, value in scope.segment.items()}


def _of_hour(scope: Scope) -> sql.Composable:
    """The condition on hourly tallies, as far as they know the columns."""
    return _equal({column: sql.Identifier(column) for column in scope.segment if column in COLUMNS})


def _equal(columns: Mapping[str, sql.Composable]) -> sql.Composable:
    equal = [sql.SQL("{} = {}").format(one, sql.Placeholder(f"segment_{name}")) for name, one in columns.items()]
    return sql.SQL(" AND ").join([sql.SQL("true"), *equal])

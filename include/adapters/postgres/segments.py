"""Interactions, scores and failures go in, hourly tallies of every measure come out: `assay.segments_hourly`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from include.domain.interaction import Window
from include.domain.run import Epochs
from include.domain.score import FailureType, ScoreSource
from include.domain.segment import SCORE_BINS, SegmentRow, Tally, whole_hours

REBUILD = Path(__file__).with_name("segments.sql").read_text()
JUDGES = [source.value for source in ScoreSource if source not in (ScoreSource.HUMAN, ScoreSource.END_USER)]
"""What people say is compared with the judges; it is no part of what is watched."""
STEPS = {timedelta(hours=1): "hour", timedelta(days=1): "day"}


class Segments:
    """The segments in a store; `connection` is one transaction, committed by whoever opened it."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection

    def rebuild(self, window: Window, epochs: Epochs, weights_version: str) -> None:
        """Compute all tallies of the hours that the window touches anew; safe to call again.

        `epochs` and `weights_version` say whose scores; those of other judges stay as they are.
        """
        hours = whole_hours(window)
        arguments = {
            "start": hours.start,
            "end": hours.end,
            "epochs": Jsonb(epochs.to_json()),
            "ids": [*epochs.ids],
            "weights_version": weights_version,
            "judges": JUDGES,
            "judges_faults": [error.value for error in FailureType if error.is_judges_fault],
            "bins": SCORE_BINS,
        }
        with self._connection.cursor() as cursor:
            for statement in REBUILD.split(";\n"):
                if statement.strip():
                    cursor.execute(statement.encode(), arguments)

    def read(self, measure: str, window: Window, by: Sequence[str], step: timedelta) -> list[SegmentRow]:
        """The tallies of the hours of the window, added up by `by`, epoch and `step`: an hour or a day (UTC)."""
        bins = sql.SQL(", ").join(sql.SQL("sum(bins[{}])").format(bin_) for bin_ in range(1, SCORE_BINS + 1))
        query = sql.SQL(
            """SELECT date_trunc({step}, hour, 'UTC') AS starts_at, ARRAY[{by}]::text[], epoch,
                      CASE WHEN count(bins) > 0 THEN ARRAY[{bins}] ELSE '{{}}' END,
                      sum(n)::bigint, sum(weight), sum(weight_sq), sum(total), sum(total_sq), min(low), max(high),
                      sum(total_w2), sum(total_sq_w2), max(heaviest)
               FROM assay.segments_hourly
               WHERE measure = %s AND hour >= %s AND hour < %s
               GROUP BY starts_at, {group} epoch ORDER BY starts_at"""
        ).format(step=STEPS[step], by=_columns(by), bins=bins, group=_columns(by, trailing=True))
        rows = self._connection.execute(query, (measure, window.start, window.end))
        return [
            SegmentRow(starts_at, tuple(segment), epoch, replace(Tally(*sums), bins=tuple(bins)))
            for starts_at, segment, epoch, bins, *sums in rows
        ]

    def settled_hours(self, window: Window) -> set[datetime]:
        """The hours of the window that lie in a settled run, so that an empty one means that nothing was logged."""
        rows = self._connection.execute(
            """SELECT DISTINCT hour
               FROM assay.runs, generate_series(date_trunc('hour', greatest(window_start, %(start)s), 'UTC'),
                                                least(window_end, %(end)s) - interval '1 us', interval '1 hour') hour
               WHERE status = 'settled' AND window_start < %(end)s AND window_end > %(start)s""",
            {"start": window.start, "end": window.end},
        )
        return {hour for (hour,) in rows}

    def values(
        self, measure: str, window: Window, by: Sequence[str], epoch: str, limit: int
    ) -> dict[tuple[str, ...], list[float]]:
        """Scores of a dimension, or composites, of that epoch by `by`: at most `limit` of each, the same each time.

        Which of them is drawn by hashes of the interaction's id. In each hour a value is kept with a probability
        proportional to its sampling weight, so that what is kept has the mixture of what was logged.
        """
        query = sql.SQL(
            """WITH given AS (
                   SELECT interaction_id, logged_at, value FROM assay.scores
                   WHERE dimension = %(measure)s AND epoch = %(epoch)s AND source = ANY(%(judges)s)
                     AND logged_at >= %(start)s AND logged_at < %(end)s
                   UNION ALL
                   SELECT interaction_id, logged_at, value FROM assay.composites
                   WHERE %(measure)s = 'composite' AND epochs = %(epoch)s AND value IS NOT NULL
                     AND logged_at >= %(start)s AND logged_at < %(end)s),
               drawn AS (
                   SELECT date_trunc('hour', logged_at, 'UTC') AS hour, project, environment,
                          min(sampling_rate) AS rarest
                   FROM assay.interactions WHERE logged_at >= %(start)s AND logged_at < %(end)s GROUP BY 1, 2, 3),
               shuffled AS (
                   SELECT i.project, i.environment, coalesce(response_model, request_model, '') AS model,
                          coalesce(prompt_version, '') AS prompt_version, value
                   FROM given JOIN assay.interactions i USING (interaction_id, logged_at)
                   JOIN drawn d ON d.hour = date_trunc('hour', logged_at, 'UTC')
                    AND (d.project, d.environment) = (i.project, i.environment)
                   WHERE logged_at >= %(start)s AND logged_at < %(end)s AND sampled
                     AND (hashtextextended(interaction_id, 1) & 9007199254740991) * sampling_rate
                         < rarest * 9007199254740992
                   ORDER BY hashtext(interaction_id), interaction_id COLLATE "C")
               SELECT ARRAY[{by}]::text[], (array_agg(value))[:%(limit)s] FROM shuffled {group}"""
        ).format(by=_columns(by), group=sql.SQL("GROUP BY ") + _columns(by) if by else sql.SQL("HAVING count(*) > 0"))
        arguments = {
            "measure": measure,
            "epoch": epoch,
            "start": window.start,
            "end": window.end,
            "limit": limit,
            "judges": JUDGES,
        }
        return {tuple(segment): values for segment, values in self._connection.execute(query, arguments)}


def _columns(by: Sequence[str], *, trailing: bool = False) -> sql.Composable:
    joined = sql.SQL(", ").join(map(sql.Identifier, by))
    return joined + sql.SQL(",") if trailing and by else joined

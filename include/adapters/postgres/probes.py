"""What is probed of a day goes out of the store; how far scores shifted goes in, and is summed up for the rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import astuple
from datetime import date

import psycopg
from psycopg.rows import class_row, dict_row
from psycopg.types.json import Jsonb

from include.adapters.postgres.scores import interaction_of
from include.domain.interaction import Interaction, Window
from include.domain.probe import Shift, ShiftTally
from include.domain.run import Epochs

SAMPLE = """
    WITH judged AS (
        SELECT i.interaction_id, i.logged_at, i.project, jsonb_object_agg(s.epoch, s.value) AS found
        FROM assay.interactions i
        JOIN assay.scores s USING (interaction_id, logged_at)
        WHERE i.logged_at >= %(start)s AND i.logged_at < %(end)s AND i.sampled
          AND s.logged_at >= %(start)s AND s.logged_at < %(end)s AND s.epoch = ANY(%(ids)s)
          AND s.epoch = coalesce(%(epochs)s -> i.project, %(epochs)s -> '') ->> s.dimension
        GROUP BY i.interaction_id, i.logged_at, i.project),
    drawn AS (
        SELECT *, row_number() OVER (PARTITION BY project
                                     ORDER BY sha256(convert_to('probe/' || interaction_id, 'UTF8')), logged_at) AS lot
        FROM judged)
    SELECT i.*, d.found FROM drawn d JOIN assay.interactions i USING (interaction_id, logged_at)
    WHERE d.lot <= %(size)s AND i.logged_at >= %(start)s AND i.logged_at < %(end)s
    ORDER BY i.project, d.lot"""


class Probes:
    """The probes in a store; `connection` is one transaction, committed by whoever opened it."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection

    def sample(self, window: Window, epochs: Epochs, size: int) -> list[tuple[Interaction, Mapping[str, float]]]:
        """Up to `size` interactions of each project, always the same, with epoch -> value of those in force."""
        arguments = {
            "start": window.start,
            "end": window.end,
            "epochs": Jsonb(epochs.to_json()),
            "ids": [*epochs.ids],
            "size": size,
        }
        with self._connection.cursor(row_factory=dict_row) as cursor:
            return [(interaction_of(row), row["found"]) for row in cursor.execute(SAMPLE, arguments)]

    def save(self, day: date, shifts: Sequence[Shift]) -> None:
        """Write shifts; one that stands stays as it is."""
        with self._connection.cursor() as cursor:
            cursor.executemany(
                """INSERT INTO assay.bias_probes (day, probe, dimension, epoch, project, interaction_id, logged_at,
                       plain, probed) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING""",
                [(day, *astuple(shift)) for shift in shifts],
            )

    def tallies(self, window: Window) -> list[ShiftTally]:
        """Shifts of the interactions of the window by probe, dimension and judge, over all projects."""
        with self._connection.cursor(row_factory=class_row(ShiftTally)) as cursor:
            return cursor.execute(
                """SELECT probe, dimension, epoch, count(*) AS n, avg(probed - plain) AS mean,
                          var_samp(probed - plain) AS variance
                   FROM assay.bias_probes
                   WHERE day BETWEEN %(start)s::date AND %(end)s::date
                     AND logged_at >= %(start)s AND logged_at < %(end)s
                   GROUP BY probe, dimension, epoch ORDER BY probe, dimension, epoch""",
                {"start": window.start, "end": window.end},
            ).fetchall()

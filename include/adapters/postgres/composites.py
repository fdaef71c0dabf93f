"""Scores of a window go out, interaction by interaction; composites come in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import psycopg
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from include.domain.interaction import Window
from include.domain.run import Epochs
from include.domain.score import Composite

CHUNK = 5_000


@dataclass(frozen=True, slots=True)
class Judged:
    """An interaction and what its judges gave it: dimension -> value in [0, 1]."""

    interaction_id: str
    logged_at: datetime
    project: str
    values: Mapping[str, float]


class Composites:
    """The composites of a store; everything happens in the transaction of `connection`."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection

    def judged(self, source: str, window: Window, epochs: Epochs) -> Iterator[list[Judged]]:
        """Every interaction of the window that is to be judged, with the values of its project's judges, in chunks."""
        with self._connection.cursor("assay_judged", row_factory=class_row(Judged)) as cursor:
            cursor.execute(
                """SELECT i.interaction_id, i.logged_at, i.project,
                          coalesce(jsonb_object_agg(s.dimension, s.value) FILTER (WHERE s.value IS NOT NULL), '{}')
                              AS values
                   FROM assay.interactions i
                   LEFT JOIN assay.scores s
                     ON (s.interaction_id, s.logged_at) = (i.interaction_id, i.logged_at) AND s.epoch = ANY(%(ids)s)
                    AND s.epoch = coalesce(%(epochs)s -> i.project, %(epochs)s -> '') ->> s.dimension
                    AND s.logged_at >= %(start)s AND s.logged_at < %(end)s
                   WHERE i.source = %(source)s AND i.sampled
                     AND i.logged_at >= %(start)s AND i.logged_at < %(end)s
                   GROUP BY i.interaction_id, i.logged_at, i.project""",
                {
                    "source": source,
                    "start": window.start,
                    "end": window.end,
                    "epochs": Jsonb(epochs.to_json()),
                    "ids": [*epochs.ids],
                },
            )
            while chunk := cursor.fetchmany(CHUNK):
                yield chunk

    def save(self, composites: Sequence[Composite]) -> None:
        """Write composites, new or changed."""
        self._connection.execute(
            "CREATE TEMPORARY TABLE IF NOT EXISTS new_composites (LIKE assay.composites) ON COMMIT DROP"
        )
        self._connection.execute("TRUNCATE new_composites")
        with (
            self._connection.cursor() as cursor,
            cursor.copy("COPY new_composites FROM STDIN") as copy,
        ):
            for one in composites:
                values = Jsonb(dict(one.by_dimension))
                copy.write_row((one.interaction_id, one.logged_at, one.weights_version, one.epochs, one.value, values))
        self._connection.execute(
            """INSERT INTO assay.composites SELECT * FROM new_composites
               ON CONFLICT (interaction_id, logged_at, weights_version, epochs)
               DO UPDATE SET value = excluded.value, by_dimension = excluded.by_dimension"""
        )

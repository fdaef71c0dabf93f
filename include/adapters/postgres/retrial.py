"""One interaction goes out to be judged again; what its judges said instead comes in, with who asked for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import psycopg
from psycopg.rows import class_row, dict_row
from psycopg.types.json import Jsonb

from include.adapters.postgres.scores import Scores, interaction_of
from include.domain.feedback import Rejudgement
from include.domain.interaction import Interaction
from include.domain.score import Score


@dataclass(frozen=True, slots=True)
class Retried:
    """An interaction of a source; `drawn` says whether it is in the sample that means are made of."""

    interaction: Interaction
    source: str
    drawn: bool


class Retrials:
    """Interactions of a store, one at a time; `connection` is one transaction, committed by whoever opened it."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection

    def find(self, interaction_id: str, logged_at: datetime) -> Retried | None:
        """The interaction; None where the store has it no more."""
        with self._connection.cursor(row_factory=dict_row) as cursor:
            row = cursor.execute(
                "SELECT * FROM assay.interactions WHERE (interaction_id, logged_at) = (%s, %s)",
                (interaction_id, logged_at),
            ).fetchone()
        return None if row is None else Retried(interaction_of(row), row["source"], row["sampled"])

    def given(self, one: Interaction, judges: Mapping[str, str]) -> dict[str, float]:
        """What those judges (dimension -> epoch) gave it, in [0, 1] by dimension."""
        rows = self._connection.execute(
            """SELECT s.dimension, s.value FROM assay.scores s
               JOIN unnest(%s::text[], %s::text[]) AS j (dimension, epoch) USING (dimension, epoch)
               WHERE (s.interaction_id, s.logged_at) = (%s, %s) AND s.source NOT IN ('HUMAN', 'END_USER')""",
            (list(judges), list(judges.values()), one.interaction_id, one.logged_at),
        )
        return dict(rows.fetchall())

    def replace(self, scores: Sequence[Score], now: datetime) -> None:
        """Let these scores stand instead of what the same judges gave the same interactions."""
        with self._connection.cursor() as cursor:
            cursor.executemany(
                """DELETE FROM assay.scores
                   WHERE (interaction_id, logged_at, dimension, epoch, source) = (%s, %s, %s, %s, %s)""",
                [(one.interaction_id, one.logged_at, one.dimension, one.epoch, one.source.value) for one in scores],
            )
        Scores(self._connection).save(scores, now)

    def asked_before(self, interaction_id: str, logged_at: datetime, who: str, at: datetime) -> Rejudgement | None:
        """What became of the same request, if it was granted."""
        with self._connection.cursor(row_factory=class_row(Rejudgement)) as cursor:
            return cursor.execute(
                """SELECT interaction_id, logged_at, corrected, before, after, who, at FROM assay.rejudgements
                   WHERE (interaction_id, logged_at, who, at) = (%s, %s, %s, %s)""",
                (interaction_id, logged_at, who, at),
            ).fetchone()

    def note(self, done: Rejudgement, one: Interaction) -> None:
        """Keep what the request changed."""
        self._connection.execute(
            """INSERT INTO assay.rejudgements
                   (interaction_id, logged_at, project, environment, corrected, before, after, who, at)
               VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)""",
            (
                *(done.interaction_id, done.logged_at, one.project, one.environment, done.corrected),
                *(Jsonb(dict(done.before)), Jsonb(dict(done.after)), done.who, done.at),
            ),
        )

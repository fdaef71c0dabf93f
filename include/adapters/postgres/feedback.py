"""What people say of an interaction goes in and stays, with the cases that they keep; all of it comes out again."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

import psycopg
from psycopg.rows import class_row, dict_row

from include.adapters.postgres.text import storable
from include.domain.feedback import Case, Feedback, FeedbackKind, Rejudgement, Said

HOLD = "SELECT pg_advisory_xact_lock(hashtextextended('assay.feedback/' || %s, 0))"

# What a person says twice in the same words is kept once.
SAY = """
    INSERT INTO assay.feedback (interaction_id, logged_at, project, environment, kind, dimension, epoch, judged, value,
                                text, who, at)
    SELECT %(interaction_id)s, %(logged_at)s, %(project)s, %(environment)s, %(kind)s, %(dimension)s, %(epoch)s,
           %(judged)s::float8, %(value)s::float8, %(text)s, %(who)s, %(at)s
    WHERE NOT EXISTS (
        SELECT FROM (
            SELECT f.epoch, f.value, f.text FROM assay.feedback f
            WHERE (f.interaction_id, f.logged_at, f.kind, f.dimension, f.who)
                = (%(interaction_id)s, %(logged_at)s, %(kind)s, %(dimension)s, %(who)s)
            ORDER BY f.at DESC, f.feedback_id DESC LIMIT 1) AS last
        WHERE last.epoch = %(epoch)s AND last.text = %(text)s AND last.value IS NOT DISTINCT FROM %(value)s::float8)"""

# A case that is worded anew stays where it was added, and tells who worded it.
KEEP = """
    INSERT INTO assay.cases (dataset, interaction_id, logged_at, project, environment, interaction, expected, note, who,
                             at)
    SELECT %(dataset)s, i.interaction_id, i.logged_at, i.project, i.environment, to_jsonb(i), %(expected)s, %(note)s,
           %(who)s, %(at)s
    FROM assay.interactions i WHERE (i.interaction_id, i.logged_at) = (%(interaction_id)s, %(logged_at)s)
    ON CONFLICT (dataset, interaction_id, logged_at) DO UPDATE
    SET expected = excluded.expected, note = excluded.note, who = excluded.who"""

REJUDGED = """
    SELECT interaction_id, logged_at, corrected, before, after, who, at FROM assay.rejudgements
    WHERE (interaction_id, logged_at) = (%s, %s) ORDER BY at DESC, rejudgement_id DESC"""


class FeedbackBook:
    """The feedback and the cases of a store; `connection` is one transaction, committed by whoever opened it."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection

    def place(self, interaction_id: str, logged_at: datetime) -> tuple[str, str] | None:
        """Project and environment of the interaction; None where it is not in the store."""
        return self._connection.execute(
            "SELECT project, environment FROM assay.interactions WHERE (interaction_id, logged_at) = (%s, %s)",
            (storable(interaction_id), logged_at),
        ).fetchone()

    def judged(self, interaction_id: str, logged_at: datetime, dimension: str, epoch: str) -> float | None:
        """What the judge of that epoch gave, in [0, 1]; None where it gave nothing."""
        row = self._connection.execute(
            """SELECT value FROM assay.scores
               WHERE (interaction_id, logged_at, dimension, epoch) = (%s, %s, %s, %s)
                 AND source NOT IN ('HUMAN', 'END_USER')""",
            (storable(interaction_id), logged_at, storable(dimension), storable(epoch)),
        ).fetchone()
        return None if row is None else float(row[0])

    def composite(self, interaction_id: str, logged_at: datetime) -> float | None:
        """The lowest that the answer has, in [0, 1]; None where it has none."""
        row = self._connection.execute(
            "SELECT min(value) FROM assay.composites WHERE (interaction_id, logged_at) = (%s, %s)",
            (storable(interaction_id), logged_at),
        ).fetchone()
        return row[0] if row else None

    def say(self, said: Feedback) -> None:
        """Note it, unless it is what the same person said of the same last."""
        told = _told(said)
        self._connection.execute(HOLD, (told["interaction_id"],))
        self._connection.execute(SAY, told)

    def keep(self, case: Case) -> bool:
        """Copy the whole interaction into the dataset, or word its case anew; False where the store has it no more."""
        return self._connection.execute(KEEP, _told(case)).rowcount > 0

    def of(self, interaction_id: str, logged_at: datetime) -> Said:
        """All that people said and did about the interaction, the latest first."""
        key = (storable(interaction_id), logged_at)
        with self._connection.cursor(row_factory=dict_row) as cursor:
            given = cursor.execute(
                """SELECT interaction_id, logged_at, project, environment, kind, text, who, at, dimension, epoch,
                          judged, value
                   FROM assay.feedback WHERE (interaction_id, logged_at) = (%s, %s)
                   ORDER BY at DESC, feedback_id DESC""",
                key,
            ).fetchall()
        with self._connection.cursor(row_factory=class_row(Case)) as cursor:
            cases = cursor.execute(
                """SELECT dataset, interaction_id, logged_at, expected, note, who, at FROM assay.cases
                   WHERE (interaction_id, logged_at) = (%s, %s) ORDER BY at DESC, case_id DESC""",
                key,
            ).fetchall()
        with self._connection.cursor(row_factory=class_row(Rejudgement)) as cursor:
            rejudgements = cursor.execute(REJUDGED, key).fetchall()
        feedback = [Feedback(**row | {"kind": FeedbackKind(row["kind"])}) for row in given]
        return Said(tuple(feedback), tuple(cases), tuple(rejudgements))


def _told(said: Feedback | Case) -> dict[str, object]:
    return {name: storable(value) if isinstance(value, str) else value for name, value in asdict(said).items()}

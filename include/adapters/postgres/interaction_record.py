"""An interaction's id goes in, all that the store knows of it comes out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg
from psycopg.rows import class_row, dict_row

from include.adapters.postgres.text import storable
from include.domain.record import Excerpt, Failed, Given, Logged, Neighbour, Record
from include.domain.score import Composite, Opinion, Statement

SHOWN = 20_000
"""Characters of each text."""
PARTS = 100
"""Passages and turns: of more than so many the last are shown of turns, the first of passages."""
NEIGHBOURS = 50
RESOLUTION = timedelta(microseconds=1)
TOKENS = (
    *("input_tokens", "cached_input_tokens", "cache_write_tokens", "input_audio_tokens"),
    *("output_tokens", "reasoning_tokens", "output_audio_tokens", "images"),
)
PLAIN = (
    *("interaction_id", "logged_at", "occurred_at", "source", "row_key", "project", "environment", "conversation_id"),
    *("provider_name", "request_model", "response_model", "prompt_version", "latency_ms", "finish_reason"),
    *("error_type", "attributes", "cost", "price_source", "billed_cost", "billed_amount", "billed_currency"),
    *("sampled", "sampling_rate", "stratum", "always"),
)

LOGGED = f"""
    SELECT {", ".join(PLAIN)}, {", ".join(TOKENS)}, retrieved_contexts, history,
           left(user_input, {SHOWN}) AS question, length(user_input) AS question_length,
           left(response, {SHOWN}) AS answer, length(response) AS answer_length,
           left(reference, {SHOWN}) AS reference, length(reference) AS reference_length
    FROM assay.interactions
    WHERE interaction_id = %(id)s AND (%(start)s::timestamptz IS NULL OR logged_at >= %(start)s AND logged_at < %(end)s)
    ORDER BY logged_at DESC LIMIT 1"""  # noqa: S608

SCORES = """
    SELECT s.*, coalesce(e.judge, '') AS judge, coalesce(e.parts ->> 'model', '') AS model
    FROM assay.scores s LEFT JOIN assay.judge_epochs e USING (epoch)
    WHERE s.interaction_id = %(id)s AND s.logged_at >= %(start)s AND s.logged_at < %(end)s
    ORDER BY s.dimension, s.scored_at DESC, s.epoch"""

FAILURES = """
    SELECT f.dimension, f.source, f.epoch, coalesce(e.judge, '') AS judge, f.error_type, f.message, f.retryable,
           f.attempts, f.failed_at
    FROM assay.score_failures f LEFT JOIN assay.judge_epochs e USING (epoch)
    WHERE f.interaction_id = %(id)s AND f.logged_at >= %(start)s AND f.logged_at < %(end)s
    ORDER BY f.dimension, f.failed_at DESC"""

COMPOSITES = """
    SELECT interaction_id, logged_at, value, weights_version, epochs, by_dimension FROM assay.composites
    WHERE interaction_id = %(id)s AND logged_at >= %(start)s AND logged_at < %(end)s
    ORDER BY value, weights_version, epochs"""

CONVERSATION = f"""
    SELECT i.interaction_id, i.logged_at, left(i.user_input, 200) AS question,
           (SELECT min(c.value) FROM assay.composites c
            WHERE (c.interaction_id, c.logged_at) = (i.interaction_id, i.logged_at)) AS value
    FROM assay.interactions i
    WHERE i.conversation_id = %(conversation)s AND i.project = %(project)s AND i.environment = %(environment)s
      AND (i.interaction_id, i.logged_at) <> (%(id)s, %(start)s)
    ORDER BY i.occurred_at, i.interaction_id LIMIT {NEIGHBOURS}"""  # noqa: S608


class InteractionRecords:
    """Reads a store; `connection` is one transaction, committed by whoever opened it."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection

    def find(self, interaction_id: str, logged_at: datetime | None) -> Record | None:
        """The interaction that was logged under this id at that moment, or last where none is told."""
        asked = {"id": storable(interaction_id), "start": logged_at, "end": logged_at and logged_at + RESOLUTION}
        rows = self._rows(LOGGED, asked)
        if not rows:
            return None
        logged = _logged(rows[0])
        asked |= {"start": logged.logged_at, "end": logged.logged_at + RESOLUTION}
        with self._connection.cursor(row_factory=class_row(Failed)) as cursor:
            failures = cursor.execute(FAILURES, asked).fetchall()
        with self._connection.cursor(row_factory=class_row(Composite)) as cursor:
            composites = cursor.execute(COMPOSITES, asked).fetchall()
        scores = [_given(row) for row in self._rows(SCORES, asked)]
        return Record(
            logged, tuple(scores), tuple(failures), tuple(composites), tuple(self._conversation(logged, asked))
        )

    def _conversation(self, logged: Logged, asked: Mapping[str, object]) -> list[Neighbour]:
        if logged.conversation_id is None:
            return []
        place = {"project": logged.project, "environment": logged.environment, "conversation": logged.conversation_id}
        with self._connection.cursor(row_factory=class_row(Neighbour)) as cursor:
            return cursor.execute(CONVERSATION.encode(), {**asked, **place}).fetchall()

    def _rows(self, query: str, asked: Mapping[str, object]) -> list[dict[str, Any]]:
        with self._connection.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(query.encode(), asked).fetchall()


def _logged(row: Mapping[str, Any]) -> Logged:
    return Logged(
        **{name: row[name] for name in PLAIN},
        question=Excerpt(row["question"], row["question_length"]),
        answer=Excerpt(row["answer"], row["answer_length"]),
        reference=None if row["reference"] is None else Excerpt(row["reference"], row["reference_length"]),
        contexts=tuple(_excerpt(text) for text in row["retrieved_contexts"][:PARTS]),
        history=tuple((turn["role"], _excerpt(turn["content"])) for turn in row["history"][-PARTS:]),
        tokens={name: row[name] for name in TOKENS if row[name] is not None},
    )


def _excerpt(text: str) -> Excerpt:
    return Excerpt(text[:SHOWN], len(text))


def _given(row: Mapping[str, Any]) -> Given:
    plain = ("dimension", "value", "explanation", "source", "epoch", "judge", "model", "input_tokens", "output_tokens")
    return Given(
        **{name: row[name] for name in (*plain, "cost", "scored_at", "disagreement")},
        members=tuple(_opinions(row["members"])),
        statements=tuple(Statement(**one) for one in row["statements"] or ()),
    )


def _opinions(members: Sequence[Mapping[str, Any]]) -> list[Opinion]:
    return [
        Opinion(
            one["model"],
            one["value"],
            one["explanation"],
            None if one["cost"] is None else Decimal(one["cost"]),
            one["sample"],
        )
        for one in members
    ]

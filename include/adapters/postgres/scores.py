"""Outcomes go in and stay; what a run still has to judge comes out, as shards and interaction by interaction."""

from __future__ import annotations

from collections.abc import Collection, Generator, Mapping, Sequence
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any

import orjson
import psycopg
from psycopg import sql
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from include.adapters.postgres.text import storable
from include.domain.interaction import Interaction, Turn
from include.domain.run import Epochs, Run, Shard
from include.domain.score import MOST_STATEMENTS, Epoch, KnownJudge, Opinion, Outcome, Score, ScoreFailure, Statement

BATCH = 100
"""Interactions fetched at once: what bounds the memory, since one may hold megabytes."""

# What each interaction of [start, end) lacks: (interaction_id, logged_at, missing epochs). An interaction is
# overdue if an earlier attempt failed and may be repeated, or if a person released it from quarantine.
MISSING = sql.SQL("""
    WITH missing AS (
        SELECT i.interaction_id, i.logged_at, array_agg(j.epoch) AS epochs
        FROM assay.interactions i
        CROSS JOIN LATERAL jsonb_each_text(coalesce(%(epochs)s -> i.project, %(epochs)s -> '')) AS j (dimension, epoch)
        LEFT JOIN assay.scores s
          ON (s.interaction_id, s.logged_at, s.dimension, s.epoch)
           = (i.interaction_id, i.logged_at, j.dimension, j.epoch)
         AND s.logged_at >= %(start)s AND s.logged_at < %(end)s
        LEFT JOIN assay.score_failures f
          ON (f.interaction_id, f.logged_at, f.dimension, f.epoch)
           = (i.interaction_id, i.logged_at, j.dimension, j.epoch)
         AND f.logged_at >= %(start)s AND f.logged_at < %(end)s
        WHERE i.logged_at >= %(start)s AND i.logged_at < %(end)s AND i.source = %(source)s AND i.sampled
          AND s.value IS NULL AND (f.attempts IS NULL OR (f.retryable AND f.attempts < %(max_attempts)s))
          AND (%(delayed)s OR f.error_type IS DISTINCT FROM 'judge_postponed')
        GROUP BY i.interaction_id, i.logged_at
        HAVING NOT %(overdue)s OR count(f.attempts) > 0 OR EXISTS (
            SELECT FROM assay.quarantine q
            WHERE q.released_at IS NOT NULL AND q.source = %(source)s
              AND (q.interaction_id, q.logged_at) = (i.interaction_id, i.logged_at)))""")
PLAN = MISSING + sql.SQL("""
    , numbered AS (
        SELECT interaction_id, logged_at, (row_number() OVER by_time - 1) / %(size)s AS index
        FROM missing WINDOW by_time AS (ORDER BY logged_at, interaction_id))
    SELECT index, count(*), min(logged_at), max(logged_at),
           (array_agg(interaction_id ORDER BY logged_at, interaction_id))[1],
           (array_agg(interaction_id ORDER BY logged_at DESC, interaction_id DESC))[1]
    FROM numbered GROUP BY index ORDER BY index""")
PENDING = MISSING + sql.SQL("""
    SELECT i.*, m.epochs FROM missing m JOIN assay.interactions i USING (interaction_id, logged_at)
    WHERE i.logged_at >= %(start)s AND i.logged_at < %(end)s
      AND (i.logged_at, i.interaction_id) BETWEEN (%(start)s, %(first_id)s) AND (%(last)s, %(last_id)s)
    ORDER BY i.logged_at, i.interaction_id""")

LATEST = """
    WITH recent AS (
        SELECT * FROM assay.interactions WHERE response <> '' AND error_type IS NULL
        ORDER BY logged_at DESC, interaction_id LIMIT 100 * %(count)s)
    SELECT * FROM recent
    ORDER BY row_number() OVER (PARTITION BY project ORDER BY logged_at DESC, interaction_id), project
    LIMIT %(count)s"""

AHEAD = MISSING + sql.SQL("""
    , drawn AS (
        SELECT interaction_id, logged_at, project, count(*) OVER (PARTITION BY project) AS pending,
               row_number() OVER (PARTITION BY project ORDER BY hashtext(interaction_id), interaction_id) AS place
        FROM missing JOIN assay.interactions USING (interaction_id, logged_at)
        WHERE logged_at >= %(start)s AND logged_at < %(end)s)
    SELECT i.*, d.pending FROM drawn d JOIN assay.interactions i USING (interaction_id, logged_at)
    WHERE d.place <= %(sample)s AND i.logged_at >= %(start)s AND i.logged_at < %(end)s""")


class Scores:
    """The scores in a store; `connection` is one transaction, committed by whoever opened it."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection

    def register(self, epochs: Sequence[Epoch], now: datetime) -> None:
        """Note what each epoch stands for; one that is known keeps its first date."""
        with self._connection.cursor() as cursor:
            cursor.executemany(
                """INSERT INTO assay.judge_epochs VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (epoch) DO NOTHING""",
                [
                    (epoch.id, epoch.dimension, epoch.source.value, epoch.judge, Jsonb(dict(epoch.parts)), now)
                    for epoch in epochs
                ],
            )

    def judges(self, epochs: Collection[str]) -> dict[str, KnownJudge]:
        """What is known of those epochs of dimensions."""
        rows = self._connection.execute(
            "SELECT epoch, judge, parts, first_seen_at FROM assay.judge_epochs WHERE epoch = ANY(%s)", (list(epochs),)
        )
        return {epoch: KnownJudge(*rest) for epoch, *rest in rows}

    def plan(
        self,
        run: Run,
        epochs: Epochs,
        shard_size: int,
        since: datetime,
        max_attempts: int,
        *,
        delayed: bool = False,
    ) -> list[Shard]:
        """The shards of the run's window, then those of what earlier windows since `since` still owe.

        What the judges in force scored, and what failed for good or `max_attempts` times, is in none of them; what
        was put off since its project may wait is in them only with `delayed`.
        """
        shards: list[Shard] = []
        for start, end, overdue in ((run.window.start, run.window.end, False), (since, run.window.start, True)):
            arguments = _arguments(epochs, run.source, start, end, max_attempts, overdue)
            arguments |= {"size": shard_size, "delayed": delayed}
            for _, size, first, last, first_id, last_id in self._connection.execute(PLAN, arguments):
                bounds = (first.isoformat(), first_id), (last.isoformat(), last_id)
                shards.append(Shard(run.run_id, len(shards), size, *bounds, overdue))
        return shards

    def pending(self, shard: Shard, epochs: Epochs, max_attempts: int) -> Generator[tuple[Interaction, frozenset[str]]]:
        """What the shard still lacks: each interaction with the epochs that are missing, by time, in bounded memory.

        It is read through a cursor, so the connection must not be committed on the way: save through another.
        """
        (first, first_id), (last, last_id) = shard.first, shard.last
        start, final = datetime.fromisoformat(first), datetime.fromisoformat(last)
        source = shard.run_id.rpartition("/")[0].rpartition("/")[0]
        arguments = _arguments(epochs, source, start, final + RESOLUTION, max_attempts, shard.overdue)
        with self._connection.cursor("assay_pending", row_factory=dict_row) as cursor:
            cursor.itersize = BATCH
            cursor.execute(PENDING, arguments | {"first_id": first_id, "last": final, "last_id": last_id})
            for row in cursor:
                yield interaction_of(row), frozenset(row["epochs"])

    def latest(self, count: int) -> list[Interaction]:
        """Up to `count` interactions that were answered, of as many projects as possible, of those logged last."""
        with self._connection.cursor(row_factory=dict_row) as cursor:
            return [interaction_of(row) for row in cursor.execute(LATEST, {"count": count})]

    def ahead(
        self, run: Run, epochs: Epochs, max_attempts: int, sample: int
    ) -> dict[str, tuple[int, list[Interaction]]]:
        """How many interactions of the run's window each project still lacks, with up to `sample` of them."""
        arguments = _arguments(epochs, run.source, run.window.start, run.window.end, max_attempts, overdue=False)
        found: dict[str, tuple[int, list[Interaction]]] = {}
        with self._connection.cursor(row_factory=dict_row) as cursor:
            for row in cursor.execute(AHEAD, arguments | {"sample": sample}):
                found.setdefault(row["project"], (row["pending"], []))[1].append(interaction_of(row))
        return found

    def save(self, outcomes: Sequence[Outcome], now: datetime) -> None:
        """Write scores and failures; saving again changes nothing but a failure's count of attempts.

        A score removes its failure, and no failure is written beside a score.
        """
        scores = [outcome for outcome in outcomes if isinstance(outcome, Score)]
        failures = [outcome for outcome in outcomes if isinstance(outcome, ScoreFailure)]
        if scores:
            self._connection.execute(SAVE_SCORES, (*_columns([_score_row(score) for score in scores]), now))
        if failures:
            self._connection.execute(SAVE_FAILURES, (*_columns([_failure_row(one) for one in failures]), now))


STATEMENT_CHARACTERS = 500
"""Of a statement, and of its reason, so many are kept."""
RESOLUTION = timedelta(microseconds=1)
"""Of timestamptz: makes a closed end into a half-open one."""

# In order of the key, so that two workers on the same shard wait for each other and never in a circle.
SAVE_SCORES = """
    WITH given AS (
        SELECT * FROM unnest(%s::text[], %s::timestamptz[], %s::text[], %s::text[], %s::text[], %s::float8[],
                             %s::text[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::numeric[],
                             %s::jsonb[], %s::float8[], %s::jsonb[])
            AS g (interaction_id, logged_at, dimension, epoch, source, value,
                  explanation, input_tokens, output_tokens, cached_input_tokens, reasoning_tokens, cost,
                  members, disagreement, statements)),
    saved AS (
        INSERT INTO assay.scores (interaction_id, logged_at, dimension, epoch, source, value,
            explanation, input_tokens, output_tokens, cached_input_tokens, reasoning_tokens, cost,
            members, disagreement, statements, scored_at)
        SELECT *, %s FROM given ORDER BY interaction_id, logged_at, dimension, epoch, source
        ON CONFLICT DO NOTHING)
    DELETE FROM assay.score_failures f USING given g
    WHERE (f.interaction_id, f.logged_at, f.dimension, f.epoch, f.source)
        = (g.interaction_id, g.logged_at, g.dimension, g.epoch, g.source)"""
SAVE_FAILURES = """
    WITH given AS (
        SELECT * FROM unnest(%s::text[], %s::timestamptz[], %s::text[], %s::text[], %s::text[], %s::text[],
                             %s::text[], %s::bool[])
            AS g (interaction_id, logged_at, dimension, epoch, source, error_type, message, retryable))
    INSERT INTO assay.score_failures AS f
    SELECT g.*, (g.error_type NOT IN ('judge_postponed', 'judge_in_batch'))::int, %s FROM given g
    WHERE NOT EXISTS (
        SELECT FROM assay.scores s
        WHERE (s.interaction_id, s.logged_at, s.dimension, s.epoch, s.source)
            = (g.interaction_id, g.logged_at, g.dimension, g.epoch, g.source))
    ORDER BY interaction_id, logged_at, dimension, epoch, source
    ON CONFLICT (interaction_id, logged_at, dimension, epoch, source) DO UPDATE
    SET error_type = excluded.error_type, message = excluded.message, retryable = excluded.retryable,
        attempts = f.attempts + excluded.attempts, failed_at = excluded.failed_at"""


def _arguments(
    epochs: Epochs, source: str, start: datetime, end: datetime, max_attempts: int, overdue: bool
) -> dict[str, Any]:
    return {
        "epochs": Jsonb({project: dict(epochs.judges(project)) for project in epochs.by_project}),
        "source": source,
        "start": start,
        "end": end,
        "max_attempts": max_attempts,
        "overdue": overdue,
        "delayed": True,
    }


def _key(outcome: Outcome) -> tuple[object, ...]:
    return (
        outcome.interaction_id,
        outcome.logged_at,
        outcome.dimension,
        outcome.epoch,
        outcome.source.value,
    )


def _score_row(score: Score) -> tuple[object, ...]:
    return (
        *_key(score),
        score.value,
        storable(score.explanation),
        score.usage.input_tokens,
        score.usage.output_tokens,
        score.usage.cached_input_tokens,
        score.usage.reasoning_tokens,
        score.cost,
        _members(score.members),
        score.disagreement,
        _statements(score.statements),
    )


def _members(members: Sequence[Opinion]) -> str:
    """JSON; costs are strings, since a number would lose their digits, of which there are as many as in the ledger."""
    told = [
        {
            "model": storable(member.model),
            "sample": member.sample,
            "value": member.value,
            "explanation": storable(member.explanation),
            "cost": None if member.cost is None else f"{member.cost:.10f}",
        }
        for member in members
    ]
    return orjson.dumps(told).decode()


def _statements(statements: Sequence[Statement]) -> str | None:
    """JSON in the answer's order, of at most `MOST_STATEMENTS`: those that are not good before others."""
    kept = sorted(range(len(statements)), key=lambda number: (statements[number].good, number))[:MOST_STATEMENTS]
    told = [
        {"text": _brief(one.text), "reason": _brief(one.reason), "good": one.good}
        for one in (statements[number] for number in sorted(kept))
    ]
    return orjson.dumps(told).decode() if told else None


def _brief(text: str) -> str:
    """Storable, and at most `STATEMENT_CHARACTERS` long."""
    return storable(text if len(text) <= STATEMENT_CHARACTERS else text[: STATEMENT_CHARACTERS - 1] + "…")


def _failure_row(failed: ScoreFailure) -> tuple[object, ...]:
    return (*_key(failed), failed.error_type.value, storable(failed.message), failed.retryable)


def _columns(rows: Sequence[tuple[object, ...]]) -> tuple[list[object], ...]:
    """Rows as arrays for `unnest`; of rows with the same key the last."""
    return tuple(list(column) for column in zip(*{row[:5]: row for row in rows}.values(), strict=True))


def interaction_of(row: Mapping[str, Any]) -> Interaction:
    """From a row of `assay.interactions`."""
    texts = {name: row[name] for name in PLAIN}
    history = tuple(Turn(turn["role"], turn["content"]) for turn in row["history"])
    return Interaction(**texts, retrieved_contexts=tuple(row["retrieved_contexts"]), history=history)


PLAIN = tuple(field.name for field in fields(Interaction) if field.name not in ("retrieved_contexts", "history"))

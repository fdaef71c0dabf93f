"""Rows on their way in: `assay.staged` is filled, looked at, and emptied into `interactions` and `quarantine`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import datetime

import psycopg
from psycopg import errors
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from include.domain.intake import Admitted, Decision, Facts, StagedRow
from include.domain.interaction import Json
from include.errors import ConfigError

CHUNK = 10_000
"""Facts handed out at once: some ten megabytes, whatever the rows hold."""

LEAST = 0.01
"""The smallest share of its sample that a budget leaves a project."""

# A field of a wrong type is left out; `malformed` names it and the suite refuses the row. What is large is measured
# before anything is sorted, and a label is cut to more than the suite lets pass and less than fills the memory.
_FACTS = """
WITH facts AS MATERIALIZED (
    SELECT row_key, logged_at, date_trunc('hour', logged_at) AS hour, array_to_string(malformed, ', ') AS malformed,
           left(interaction_id, 600) AS interaction_id, left(project, 600) AS project,
           left(environment, 600) AS environment, length(user_input) AS user_input_chars,
           length(response) AS response_chars, length(retrieved_contexts) AS retrieved_contexts_chars,
           length(history) AS history_chars, length(reference) AS reference_chars,
           left(provider_name, 600) AS provider_name, left(request_model, 600) AS request_model,
           left(response_model, 600) AS response_model, left(prompt_version, 600) AS prompt_version,
           input_tokens, output_tokens, cached_input_tokens, latency_ms, left(finish_reason, 600) AS finish_reason,
           left(error_type, 600) AS error_type, extract(epoch FROM occurred_at - logged_at)::float8 AS ahead_s,
           occurred_at, reasoning_tokens, cache_write_tokens,
           coalesce(cached_input_tokens, 0)::float8 + cache_write_tokens AS cache_tokens, input_audio_tokens,
           output_audio_tokens, images, billed_cost, left(billed_currency, 600) AS billed_currency,
           coalesce(attributes->>'flagged' = 'true', false) AS flagged,
           left(lower(attributes->>'feedback'), 20) AS feedback,
           nullif(left(split_part(replace(lower(trim(attributes->>'language')), '_', '-'), '-', 1), 20), '')
               AS language,
           CASE WHEN %(excerpts)s THEN left(response, 300) END AS excerpt
    FROM assay.staged
    CROSS JOIN LATERAL jsonb_to_record(raw - malformed) AS r (
        interaction_id text, occurred_at timestamptz, project text, environment text, user_input text, response text,
        retrieved_contexts text, history text, reference text, provider_name text, request_model text,
        response_model text, prompt_version text, input_tokens bigint, output_tokens bigint,
        cached_input_tokens bigint, latency_ms float8, finish_reason text, error_type text, attributes jsonb,
        reasoning_tokens bigint, cache_write_tokens bigint, input_audio_tokens bigint, output_audio_tokens bigint,
        images bigint, billed_cost numeric, billed_currency text)
    WHERE run_id = %(run_id)s),
projects AS (
    SELECT project, least(min(logged_at), (SELECT min(first_at) FROM assay.first_seen s
                                           WHERE (s.source, s.project) = (%(source)s, f.project))) AS since
    FROM facts f GROUP BY project),
versions AS (
    SELECT project, prompt_version, least(min(logged_at), (
               SELECT first_at FROM assay.first_seen s
               WHERE (s.source, s.project, what, value)
                   = (%(source)s, f.project, 'prompt_version', f.prompt_version))) AS since
    FROM facts f GROUP BY project, prompt_version)
SELECT row_key, logged_at, malformed, interaction_id, project, environment, user_input_chars, response_chars,
       retrieved_contexts_chars, history_chars, reference_chars, provider_name, request_model, response_model,
       prompt_version, input_tokens, output_tokens, cached_input_tokens, latency_ms, finish_reason, error_type, ahead_s,
       occurred_at, reasoning_tokens, cache_write_tokens, cache_tokens, input_audio_tokens, output_audio_tokens, images,
       billed_cost, billed_currency,
       CASE WHEN interaction_id IS NULL THEN 1 ELSE count(*) OVER (PARTITION BY interaction_id, hour) + (
           SELECT count(*) FROM assay.interactions i
           WHERE i.interaction_id = f.interaction_id
             AND i.logged_at >= f.hour AND i.logged_at < f.hour + interval '1 hour'
             AND (i.source = %(source)s OR i.logged_at = f.logged_at)
             AND (i.source, i.row_key) IS DISTINCT FROM (%(source)s, f.row_key)) END AS copies,
       (SELECT count(*) FROM facts) AS rows_in_window, flagged, feedback, language, excerpt,
       extract(epoch FROM logged_at - p.since)::float8 AS project_known_s,
       extract(epoch FROM logged_at - v.since)::float8 AS version_known_s
FROM facts f LEFT JOIN projects p USING (project) LEFT JOIN versions v USING (project, prompt_version)"""

_DECISIONS = """
CREATE TEMPORARY TABLE IF NOT EXISTS decisions (row_key text PRIMARY KEY, refused_by text[] NOT NULL, cost numeric,
    price_source text, billed_cost numeric, stratum text NOT NULL, always boolean NOT NULL, rate float8 NOT NULL,
    lot float8 NOT NULL, sampled boolean, sampling_rate float8) ON COMMIT DROP"""

# Only now is it known how large each stratum is.
_DRAW = """
UPDATE decisions d SET sampling_rate = drawn.rate, sampled = d.lot < drawn.rate
FROM (SELECT row_key, CASE WHEN always THEN 1
                      ELSE greatest(rate, least(1, %(floor)s::float8 / count(*) OVER (PARTITION BY stratum)))
                      END AS rate
      FROM decisions WHERE refused_by = '{}') drawn
WHERE drawn.row_key = d.row_key"""

# A row that is an interaction already stays one, whatever has become of it in the log.
_REFUSE = """
INSERT INTO assay.quarantine AS q (source, row_key, run_id, interaction_id, project, logged_at, expectations, raw,
                                   quarantined_at)
SELECT %(source)s, s.row_key, s.run_id, left(s.raw->>'interaction_id', 600), left(s.raw->>'project', 200), s.logged_at,
       d.refused_by, s.raw, %(now)s
FROM assay.staged s JOIN decisions d USING (row_key)
WHERE s.run_id = %(run_id)s AND d.refused_by <> '{}'
  AND NOT EXISTS (SELECT FROM assay.interactions i WHERE i.logged_at BETWEEN %(first)s AND %(last)s
                  AND (i.row_key, i.source, i.logged_at) = (s.row_key, %(source)s, s.logged_at))
ON CONFLICT (source, row_key) DO UPDATE SET run_id = excluded.run_id, interaction_id = excluded.interaction_id,
    project = excluded.project, logged_at = excluded.logged_at, expectations = excluded.expectations,
    raw = excluded.raw
WHERE q.released_at IS NULL"""

# What a budget took out of the sample stays out for as long as the plan says the same (see `thin`).
_RESAMPLE = """
UPDATE assay.interactions i SET sampled = d.sampled, sampling_rate = d.sampling_rate, planned_rate = NULL
FROM assay.staged s JOIN decisions d USING (row_key)
WHERE s.run_id = %(run_id)s AND d.refused_by = '{}'
  AND (coalesce(i.planned_rate, i.sampling_rate) <> d.sampling_rate OR d.always AND i.planned_rate IS NOT NULL)
  AND i.logged_at BETWEEN %(first)s AND %(last)s
  AND (i.row_key, i.source, i.logged_at) = (s.row_key, %(source)s, s.logged_at)"""

_LABEL = """
UPDATE assay.interactions i SET stratum = d.stratum, always = d.always
FROM assay.staged s JOIN decisions d USING (row_key)
WHERE s.run_id = %(run_id)s AND d.refused_by = '{}' AND (i.stratum, i.always) <> (d.stratum, d.always)
  AND i.logged_at BETWEEN %(first)s AND %(last)s
  AND (i.row_key, i.source, i.logged_at) = (s.row_key, %(source)s, s.logged_at)"""

# A latency is rounded to a picosecond, since the square of less than 1e-154 is an error in Postgres.
_ADMIT = """
INSERT INTO assay.interactions (
    interaction_id, logged_at, source, row_key, occurred_at, project, environment, conversation_id, user_input,
    response, retrieved_contexts, reference, history, provider_name, request_model, response_model, prompt_version,
    input_tokens, output_tokens, cached_input_tokens, latency_ms, finish_reason, error_type, attributes,
    reasoning_tokens, cache_write_tokens, input_audio_tokens, output_audio_tokens, images,
    cost, price_source, billed_amount, billed_currency, billed_cost, sampled, sampling_rate, stratum, always)
SELECT interaction_id, logged_at, %(source)s, row_key, occurred_at, project, environment, conversation_id, user_input,
       coalesce(response, ''), coalesce(retrieved_contexts, '[]'), reference, coalesce(history, '[]'), provider_name,
       request_model, response_model, prompt_version, input_tokens, output_tokens, cached_input_tokens,
       round(latency_ms, 9)::float8, finish_reason, error_type, coalesce(attributes, '{}'),
       reasoning_tokens, cache_write_tokens, input_audio_tokens, output_audio_tokens, images,
       cost, price_source, r.billed_cost, upper(billed_currency), d.billed_cost, sampled, sampling_rate, stratum, always
FROM assay.staged JOIN decisions d USING (row_key)
CROSS JOIN LATERAL jsonb_to_record(raw) AS r (
    interaction_id text, occurred_at timestamptz, project text, environment text, conversation_id text,
    user_input text, response text, retrieved_contexts jsonb, reference text, history jsonb, provider_name text,
    request_model text, response_model text, prompt_version text, input_tokens bigint, output_tokens bigint,
    cached_input_tokens bigint, latency_ms numeric, finish_reason text, error_type text, attributes jsonb,
    reasoning_tokens bigint, cache_write_tokens bigint, input_audio_tokens bigint, output_audio_tokens bigint,
    images bigint, billed_cost numeric, billed_currency text)
WHERE run_id = %(run_id)s AND refused_by = '{}'
ON CONFLICT DO NOTHING"""

# Nothing is locked where nothing is new, so that windows of a backfill do not wait for each other.
_FIRST_SEEN = """
INSERT INTO assay.first_seen AS known
SELECT i.source, i.project, what, value, min(i.logged_at) AS first_at
FROM assay.interactions i
CROSS JOIN LATERAL (VALUES ('model', coalesce(response_model, request_model)),
                           ('prompt_version', prompt_version)) AS seen (what, value)
WHERE i.source = %(source)s AND i.logged_at BETWEEN %(first)s AND %(last)s AND value IS NOT NULL
GROUP BY 1, 2, 3, 4
HAVING NOT EXISTS (SELECT FROM assay.first_seen k
                   WHERE (k.source, k.project, k.what, k.value) = (i.source, i.project, seen.what, seen.value)
                     AND k.first_at <= min(i.logged_at))
ORDER BY 1, 2, 3, 4
ON CONFLICT (source, project, what, value) DO UPDATE SET first_at = least(known.first_at, excluded.first_at)"""

# `lot` of include/ingest/sample.py.
_LOT = """(('x' || encode(substring(sha256('assay'::bytea || '\\x00'::bytea || convert_to(interaction_id, 'UTF8'))
          FROM 1 FOR 8), 'hex'))::bit(64) >> 11)::bigint / 9007199254740992.0::float8"""

_THIN = f"""
WITH inside AS (
    SELECT interaction_id, logged_at, always, sampled, sampling_rate, {_LOT} AS lot,
           coalesce(planned_rate, sampling_rate) * %(factor)s AS thin
    FROM assay.interactions
    WHERE source = %(source)s AND project = %(project)s AND logged_at BETWEEN %(first)s AND %(last)s
      AND (logged_at, interaction_id) BETWEEN (%(first)s, %(first_id)s) AND (%(last)s, %(last_id)s)),
judged AS (
    SELECT logged_at, interaction_id FROM inside
    WHERE EXISTS (SELECT FROM assay.scores s
                  WHERE (s.interaction_id, s.logged_at) = (inside.interaction_id, inside.logged_at)
                    AND s.source <> ALL(ARRAY['HUMAN', 'END_USER'])
                    AND (%(epochs)s::text[] IS NULL OR s.epoch = ANY(%(epochs)s)))
       OR EXISTS (SELECT FROM assay.score_failures f
                  WHERE (f.interaction_id, f.logged_at) = (inside.interaction_id, inside.logged_at)
                    AND (%(epochs)s::text[] IS NULL OR f.epoch = ANY(%(epochs)s)))
    ORDER BY logged_at DESC, interaction_id DESC LIMIT 1),
thinned AS (
    UPDATE assay.interactions i
    SET planned_rate = coalesce(i.planned_rate, i.sampling_rate), sampling_rate = inside.thin,
        sampled = inside.lot < inside.thin
    FROM inside
    WHERE (i.interaction_id, i.logged_at) = (inside.interaction_id, inside.logged_at)
      AND i.logged_at BETWEEN %(first)s AND %(last)s
      AND NOT inside.always AND inside.thin < inside.sampling_rate
      AND NOT EXISTS (SELECT FROM judged j
                      WHERE (inside.logged_at, inside.interaction_id) <= (j.logged_at, j.interaction_id))
    RETURNING inside.sampled AND NOT i.sampled AS lost)
SELECT count(*) FROM thinned WHERE lost"""  # noqa: S608

_MENDED = """
UPDATE assay.quarantine q SET released_at = %(now)s, interaction_id = s.raw->>'interaction_id',
    project = s.raw->>'project'
FROM assay.staged s JOIN decisions d USING (row_key)
WHERE s.run_id = %(run_id)s AND d.refused_by = '{}'
  AND q.source = %(source)s AND q.row_key = s.row_key AND q.released_at IS NULL"""


class PostgresIntake:
    """The intake of a store; everything happens in the transaction of `connection`."""

    def __init__(self, connection: psycopg.Connection, chunk: int = CHUNK) -> None:
        self._connection, self._chunk = connection, chunk

    def stage(self, run_id: str, rows: Iterable[StagedRow]) -> int:
        """Replace what is staged of the run; returns how many rows there are.

        Raises `ConfigError` where the log's row keys are no keys.
        """
        self._wait_for_my_turn(run_id)
        self._connection.execute("DELETE FROM assay.staged WHERE run_id = %s", (run_id,))
        staged = 0
        try:
            with (
                self._connection.cursor() as cursor,
                cursor.copy("COPY assay.staged (run_id, row_key, logged_at, raw, malformed) FROM STDIN") as copy,
            ):
                for row in rows:
                    copy.write_row((run_id, row.row_key, row.logged_at, Jsonb(dict(row.raw)), list(row.malformed)))
                    staged += 1
        except (errors.UniqueViolation, errors.NotNullViolation, errors.ProgramLimitExceeded) as error:
            raise ConfigError(
                f"run {run_id}: row_key is NULL, too long, or stands twice: {error.diag.message_detail}. Remedy: let "
                "row_key in the source's mapping name the log's primary key"
            ) from error
        return staged

    def facts(self, run_id: str, source: str, *, excerpts: bool = False) -> Iterator[list[Facts]]:
        """What the suite looks at, in chunks."""
        self._wait_for_my_turn(run_id)
        with self._connection.cursor("assay_facts", row_factory=class_row(Facts)) as cursor:
            cursor.execute(_FACTS, {"run_id": run_id, "source": source, "excerpts": excerpts})
            while chunk := cursor.fetchmany(self._chunk):
                yield chunk

    def decide(self, decisions: Iterable[Decision]) -> None:
        """Note what becomes of staged rows, for `admit` in the same transaction."""
        self._connection.execute(_DECISIONS)
        names = [field.name for field in fields(Decision)]
        target = f"COPY decisions ({', '.join(names)}) FROM STDIN"
        with self._connection.cursor() as cursor, cursor.copy(target.encode()) as copy:
            for decision in decisions:
                values = {name: getattr(decision, name) for name in names}
                copy.write_row([*({**values, "refused_by": list(decision.refused_by)}.values())])

    def admit(self, run_id: str, source: str, now: datetime, floor: int = 0) -> Admitted:
        """Move the rows that were decided on: fit ones to the interactions, the others to the quarantine.

        What was judged before stays as it was judged. A row that was refused before and is fit now is released; one
        that a person released stays so. Strata are counted over the rows of this call, so that a window that is taken
        in again with late rows ends as if they had all come at once.
        """
        execute = self._connection.execute
        bounds = "SELECT min(logged_at), max(logged_at) FROM assay.staged WHERE run_id = %s HAVING count(*) > 0"
        if not (found := execute(bounds, (run_id,)).fetchone()):
            return Admitted(0, 0)
        names = {"run_id": run_id, "source": source, "now": now, "first": found[0], "last": found[1], "floor": floor}
        execute("SELECT assay.ensure_partitions(%(first)s, %(last)s)", names)
        execute(_DRAW, names)
        quarantined = execute(_REFUSE, names).rowcount
        execute(_RESAMPLE, names)
        execute(_LABEL, names)
        interactions = execute(_ADMIT, names).rowcount
        execute(_FIRST_SEEN, names)
        execute(_MENDED, names)
        execute("DELETE FROM assay.staged WHERE run_id = %(run_id)s", names)
        return Admitted(interactions, quarantined)

    def thin(
        self,
        source: str,
        project: str,
        first: tuple[datetime, str],
        last: tuple[datetime, str],
        factor: float,
        epochs: Collection[str] | None = None,
    ) -> int:
        """Make a project's sample smaller, from what no judge has come to yet; returns how many interactions it lost.

        `first` and `last` are (logged_at, interaction_id) and included, as in a `Shard`. Of the interactions between
        them, those after the last one that a judge scored or failed at (a judge of `epochs`; None: any) are judged with
        `factor` times the probability that the sampling plan gave them, however often this is called; what the plan
        always has judged stays. The factor lies in [0, 1] and counts as `LEAST` where it is less: of an interaction
        that can never be drawn no weight can tell anything.

        Only a stretch of time that nobody has judged may be thinned: of one that was judged in part, those who are left
        would have been drawn with other probabilities than are on record.
        """
        self._connection.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended('assay.thin/' || %s || '/' || %s, 0))", (source, project)
        )
        row = self._connection.execute(
            _THIN,
            {
                "source": source,
                "project": project,
                "first": first[0],
                "first_id": first[1],
                "last": last[0],
                "last_id": last[1],
                "factor": max(LEAST, factor),
                "epochs": None if epochs is None else list(epochs),
            },
        ).fetchone()
        assert row is not None, "an aggregate without GROUP BY has one row"
        return int(row[0])

    def usual_volume(self, run_id: str, weeks: int = 4) -> list[int]:
        """How many rows the log held in the same hours of each of the past weeks that were run, newest first."""
        rows = self._connection.execute(
            """SELECT past.logged FROM assay.runs r JOIN assay.runs past
                 ON past.source = r.source AND past.logged IS NOT NULL
                AND past.window_end - past.window_start = r.window_end - r.window_start
                AND r.window_start - past.window_start IN
                    (SELECT n * interval '7 days' FROM generate_series(1, %(weeks)s) n)
               WHERE r.run_id = %(run_id)s ORDER BY past.window_start DESC""",
            {"run_id": run_id, "weeks": weeks},
        ).fetchall()
        return [int(count) for (count,) in rows]

    def quarantined(self, source: str, row_keys: Sequence[str]) -> list[StagedRow]:
        """The rows of those keys that wait in quarantine, as they were logged."""
        rows = self._connection.execute(
            """SELECT row_key, logged_at, raw FROM assay.quarantine
               WHERE source = %s AND row_key = ANY(%s) AND released_at IS NULL ORDER BY row_key
               FOR UPDATE""",
            (source, list(row_keys)),
        ).fetchall()
        return [StagedRow(*row) for row in rows]

    def note_repair(self, source: str, row_keys: Sequence[str], repair: Mapping[str, Json], who: str = "") -> None:
        """Keep what a person replaced in the rows that were released, and who it was, where that is known."""
        self._connection.execute(
            """UPDATE assay.quarantine SET repair = %s, released_by = nullif(%s, '')
               WHERE source = %s AND row_key = ANY(%s)""",
            (Jsonb(dict(repair)), who, source, list(row_keys)),
        )

    def _wait_for_my_turn(self, run_id: str) -> None:
        """One transaction at a time works on a run: a task that was given up may still be at it."""
        self._connection.execute("SELECT pg_advisory_xact_lock(hashtextextended('assay.intake/' || %s, 0))", (run_id,))

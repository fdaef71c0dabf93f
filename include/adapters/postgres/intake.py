"""Rows on their way in: `assay.staged` is filled, looked at, and emptied into `interactions` and `quarantine`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import datetime

import psycopg
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from include.domain.intake import Admitted, Decision, Facts, StagedRow
from include.domain.interaction import Json

CHUNK = 5_000
"""Facts handed out at once: a few megabytes, whatever the rows hold."""

# A field of a wrong type is left out of the facts; `malformed` names it and the suite refuses the row.
_FACTS = """
WITH readable AS (
    SELECT row_key, logged_at, malformed, raw - malformed AS r, raw->>'interaction_id' AS id
    FROM assay.staged WHERE run_id = %(run_id)s)
SELECT row_key, logged_at, array_to_string(malformed, ', ') AS malformed,
       r->>'interaction_id' AS interaction_id,
       count(*) OVER (PARTITION BY id, date_trunc('hour', logged_at)) AS copies,
       r->>'project' AS project, r->>'environment' AS environment,
       length(r->>'user_input') AS user_input_chars, length(r->>'response') AS response_chars,
       length(r->>'retrieved_contexts') AS retrieved_contexts_chars, length(r->>'history') AS history_chars,
       length(r->>'reference') AS reference_chars,
       r->>'provider_name' AS provider_name, r->>'request_model' AS request_model,
       r->>'response_model' AS response_model,
       (r->>'input_tokens')::bigint AS input_tokens, (r->>'output_tokens')::bigint AS output_tokens,
       (r->>'cached_input_tokens')::bigint AS cached_input_tokens, (r->>'latency_ms')::float8 AS latency_ms,
       r->>'finish_reason' AS finish_reason, r->>'error_type' AS error_type,
       extract(epoch FROM (r->>'occurred_at')::timestamptz - logged_at)::float8 AS ahead_s,
       count(*) OVER () AS rows_in_window
FROM readable"""

_DECISIONS = """
CREATE TEMPORARY TABLE IF NOT EXISTS decisions (row_key text PRIMARY KEY, refused_by text[] NOT NULL, cost numeric,
    sampled boolean NOT NULL, sampling_rate float8 NOT NULL) ON COMMIT DROP"""

_REFUSE = """
INSERT INTO assay.quarantine AS q (source, row_key, run_id, interaction_id, project, logged_at, expectations, raw,
                                   quarantined_at)
SELECT %(source)s, s.row_key, s.run_id, s.raw->>'interaction_id', s.raw->>'project', s.logged_at, d.refused_by, s.raw,
       %(now)s
FROM assay.staged s JOIN decisions d USING (row_key)
WHERE s.run_id = %(run_id)s AND d.refused_by <> '{}'
  AND NOT EXISTS (SELECT FROM assay.interactions i
                  WHERE (i.interaction_id, i.logged_at) = (s.raw->>'interaction_id', s.logged_at))
ON CONFLICT (source, row_key) DO UPDATE SET run_id = excluded.run_id, interaction_id = excluded.interaction_id,
    project = excluded.project, expectations = excluded.expectations, raw = excluded.raw
WHERE q.released_at IS NULL"""

_ADMIT = """
INSERT INTO assay.interactions (
    interaction_id, logged_at, source, occurred_at, project, environment, conversation_id, user_input, response,
    retrieved_contexts, reference, history, provider_name, request_model, response_model, prompt_version,
    input_tokens, output_tokens, cached_input_tokens, latency_ms, finish_reason, error_type, attributes,
    cost, sampled, sampling_rate)
SELECT r->>'interaction_id', logged_at, %(source)s, (r->>'occurred_at')::timestamptz, r->>'project',
       r->>'environment', r->>'conversation_id', r->>'user_input', coalesce(r->>'response', ''),
       coalesce(nullif(r->'retrieved_contexts', 'null'), '[]'), r->>'reference',
       coalesce(nullif(r->'history', 'null'), '[]'), r->>'provider_name', r->>'request_model', r->>'response_model',
       r->>'prompt_version', (r->>'input_tokens')::bigint, (r->>'output_tokens')::bigint,
       (r->>'cached_input_tokens')::bigint, (r->>'latency_ms')::float8, r->>'finish_reason', r->>'error_type',
       coalesce(nullif(r->'attributes', 'null'), '{}'), d.cost, d.sampled, d.sampling_rate
FROM (SELECT row_key, logged_at, raw AS r FROM assay.staged WHERE run_id = %(run_id)s) s
JOIN decisions d USING (row_key) WHERE d.refused_by = '{}'
ON CONFLICT (interaction_id, logged_at)
DO UPDATE SET sampled = excluded.sampled, sampling_rate = excluded.sampling_rate"""

_MENDED = """
UPDATE assay.quarantine q SET released_at = %(now)s FROM decisions d
WHERE q.source = %(source)s AND q.row_key = d.row_key AND d.refused_by = '{}' AND q.released_at IS NULL"""


class PostgresIntake:
    """The intake of a store; everything happens in the transaction of `connection`."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection

    def stage(self, run_id: str, rows: Iterable[StagedRow]) -> int:
        """Replace what is staged of the run; returns how many rows there are."""
        self._connection.execute("DELETE FROM assay.staged WHERE run_id = %s", (run_id,))
        staged = 0
        with (
            self._connection.cursor() as cursor,
            cursor.copy("COPY assay.staged (run_id, row_key, logged_at, raw, malformed) FROM STDIN") as copy,
        ):
            for row in rows:
                copy.write_row((run_id, row.row_key, row.logged_at, Jsonb(dict(row.raw)), list(row.malformed)))
                staged += 1
        return staged

    def facts(self, run_id: str) -> Iterator[list[Facts]]:
        """What the suite looks at, in chunks."""
        with self._connection.cursor("assay_facts", row_factory=class_row(Facts)) as cursor:
            cursor.execute(_FACTS, {"run_id": run_id})
            while chunk := cursor.fetchmany(CHUNK):
                yield chunk

    def decide(self, decisions: Iterable[Decision]) -> None:
        """Note what becomes of staged rows, for `admit` in the same transaction."""
        self._connection.execute(_DECISIONS)
        names = [field.name for field in fields(Decision)]
        with self._connection.cursor() as cursor, cursor.copy("COPY decisions FROM STDIN") as copy:
            for decision in decisions:
                values = {name: getattr(decision, name) for name in names}
                copy.write_row([*({**values, "refused_by": list(decision.refused_by)}.values())])

    def admit(self, run_id: str, source: str, now: datetime) -> Admitted:
        """Move the rows that were decided on: fit ones to the interactions, the others to the quarantine.

        What was judged before stays as it was judged. A row that was refused before and is fit now is released; one
        that a person released stays so.
        """
        execute, names = self._connection.execute, {"run_id": run_id, "source": source, "now": now}
        execute(
            """SELECT assay.ensure_partitions(min(logged_at), max(logged_at)) FROM assay.staged
               WHERE run_id = %(run_id)s HAVING count(*) > 0""",
            names,
        )
        execute(_DECISIONS)  # a window without rows has had none
        quarantined = execute(_REFUSE, names).rowcount
        interactions = execute(_ADMIT, names).rowcount
        execute(_MENDED, names)
        execute("DELETE FROM assay.staged WHERE run_id = %(run_id)s", names)
        return Admitted(interactions, quarantined)

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
               WHERE source = %s AND row_key = ANY(%s) AND released_at IS NULL ORDER BY row_key""",
            (source, list(row_keys)),
        ).fetchall()
        return [StagedRow(*row) for row in rows]

    def is_taken(self, interaction_id: str, logged_at: datetime) -> bool:
        """Whether an interaction of that identity is in the store."""
        found = self._connection.execute(
            "SELECT FROM assay.interactions WHERE (interaction_id, logged_at) = (%s, %s)", (interaction_id, logged_at)
        )
        return found.fetchone() is not None

    def note_repair(self, source: str, row_keys: Sequence[str], repair: Mapping[str, Json]) -> None:
        """Keep what a person replaced in the rows that were released."""
        self._connection.execute(
            "UPDATE assay.quarantine SET repair = %s WHERE source = %s AND row_key = ANY(%s)",
            (Jsonb(dict(repair)), source, list(row_keys)),
        )

"""A week goes in; tallies of its answers, conversations and prompts come out, by which its money's value is told."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from include.adapters.postgres.retry_loops import retry_loops
from include.domain.cost import Spend
from include.domain.interaction import Window
from include.domain.segment import Tally
from include.domain.value import (
    AnswerTally,
    CacheTally,
    Conversation,
    FeedbackTally,
    PromptTally,
    Stratum,
    ValueTallies,
)

LISTED = 10
WARM = timedelta(minutes=5)
"""How soon after a call another must come for a provider's cache to be sure to hold its prompt still."""
SHORTEST = 100
"""The shortest prompts of a version, in which what is constant shows best."""
ID_CHARS = 120
LIMITS = {
    "listed": LISTED,
    "warm": WARM,
    "shortest": SHORTEST,
    "id_chars": ID_CHARS,
}

# Composites are those of the judges that gave most of them, and an interaction that was weighted anew counts once.
# One that is the target but for the last digits of a sum is good.
ANSWERS = """
    WITH main AS (
        SELECT DISTINCT ON (project, environment) project, environment, epoch AS epochs
        FROM assay.segments_hourly WHERE measure = 'composite' AND hour >= %(start)s AND hour < %(end)s
        GROUP BY project, environment, epoch ORDER BY project, environment, sum(n) DESC, epoch),
    judged AS (
        SELECT interaction_id, logged_at, epochs, avg(value) AS value FROM assay.composites
        WHERE logged_at >= %(start)s AND logged_at < %(end)s AND value IS NOT NULL
        GROUP BY interaction_id, logged_at, epochs)
    SELECT i.project, i.environment, coalesce(i.response_model, i.request_model, '') AS model,
           lower(split_part(coalesce(i.attributes ->> 'language', ''), '-', 1)) AS language,
           width_bucket(octet_length(i.user_input), ARRAY[200, 1000]) AS length,
           jsonb_array_length(i.retrieved_contexts) > 0 AS has_contexts,
           jsonb_array_length(i.history) = 0 AS is_first_turn,
           count(*), count(*) - count(i.cost), coalesce(sum(i.cost), 0),
           count(*) FILTER (WHERE i.response <> '' AND i.error_type IS NULL),
           count(j.value), coalesce(sum(w.w) FILTER (WHERE j.value IS NOT NULL), 0),
           coalesce(sum(w.w ^ 2) FILTER (WHERE j.value IS NOT NULL), 0),
           coalesce(sum(w.w * j.value), 0), coalesce(sum(w.w * j.value ^ 2), 0),
           coalesce(sum(w.w ^ 2 * j.value), 0), coalesce(sum((w.w * j.value) ^ 2), 0),
           coalesce(sum(w.w) FILTER (WHERE j.value >= w.good_from), 0),
           coalesce(sum(w.w ^ 2) FILTER (WHERE j.value >= w.good_from), 0), max(w.w)
    FROM assay.interactions i
    CROSS JOIN LATERAL (
        SELECT 1 / i.sampling_rate AS w,
               coalesce((%(good_from)s ->> i.project)::float8, (%(good_from)s ->> '')::float8) - 1e-9 AS good_from) AS w
    LEFT JOIN main m ON (m.project, m.environment) = (i.project, i.environment)
    LEFT JOIN judged j ON (j.interaction_id, j.logged_at, j.epochs) = (i.interaction_id, i.logged_at, m.epochs)
    WHERE i.logged_at >= %(start)s AND i.logged_at < %(end)s
    GROUP BY 1, 2, 3, 4, 5, 6, 7 ORDER BY 1, 2, 3, 4, 5, 6, 7"""

FEEDBACK = """
    SELECT project, count(*), count(*) FILTER (WHERE said = 'positive'), sum(calls)::bigint, sum(unpriced)::bigint,
           coalesce(sum(cost), 0)
    FROM (
        SELECT project, count(*) AS calls, count(*) - count(cost) AS unpriced, sum(cost) AS cost,
               (array_agg(lower(attributes ->> 'feedback') ORDER BY occurred_at DESC, interaction_id DESC)
                   FILTER (WHERE lower(attributes ->> 'feedback') IN ('positive', 'negative')))[1] AS said
        FROM assay.interactions WHERE logged_at >= %(start)s AND logged_at < %(end)s
        GROUP BY project, coalesce(conversation_id, interaction_id), conversation_id IS NULL) AS c
    WHERE said IS NOT NULL GROUP BY project ORDER BY project"""

CONVERSATIONS = """
    WITH talks AS (
        SELECT project, conversation_id, count(*) AS calls, count(*) - count(cost) AS unpriced, sum(cost) AS cost,
               min(occurred_at) AS first_at, max(occurred_at) AS last_at
        FROM assay.interactions
        WHERE logged_at >= %(start)s AND logged_at < %(end)s AND conversation_id IS NOT NULL
        GROUP BY project, conversation_id),
    usual AS (
        SELECT project, percentile_disc(0.5) WITHIN GROUP (ORDER BY cost) AS usual FROM talks GROUP BY project)
    SELECT project, left(conversation_id, %(id_chars)s), calls, unpriced, cost, usual, first_at, last_at
    FROM talks JOIN usual USING (project)
    ORDER BY cost DESC NULLS LAST, project, conversation_id LIMIT %(listed)s"""

PROMPTS = """
    SELECT project, provider_name, model, prompt_version,
           coalesce(sum(calls) FILTER (WHERE day >= %(first)s), 0)::bigint,
           coalesce(sum(input_tokens) FILTER (WHERE day >= %(first)s), 0)::bigint,
           coalesce(sum(calls) FILTER (WHERE day < %(first)s), 0)::bigint,
           coalesce(sum(input_tokens) FILTER (WHERE day < %(first)s), 0)::bigint
    FROM assay.costs_daily
    WHERE day BETWEEN %(first)s::date - 7 AND %(last)s AND kind = 'application' AND prompt_version <> ''
    GROUP BY project, provider_name, model, prompt_version ORDER BY project, provider_name, model, prompt_version"""

# A prompt's constant part is no longer than any prompt of its version, less the texts in that one, of which three
# bytes are taken to make a token. Providers cache from 1,024 tokens on, in steps of 128.
CACHES = """
    WITH calls AS (
        SELECT interaction_id, logged_at, project, coalesce(provider_name, '') AS provider,
               coalesce(response_model, request_model, '') AS model, prompt_version, input_tokens, output_tokens,
               cached_input_tokens, coalesce(occurred_at - lag(occurred_at) OVER by_time <= %(warm)s, false) AS warm,
               row_number() OVER (PARTITION BY project, provider_name, coalesce(response_model, request_model, ''),
                                  prompt_version ORDER BY input_tokens, interaction_id) AS place
        FROM assay.interactions
        WHERE logged_at >= %(start)s AND logged_at < %(end)s AND prompt_version IS NOT NULL AND input_tokens > 0
        WINDOW by_time AS (PARTITION BY project, provider_name, coalesce(response_model, request_model, ''),
                           prompt_version ORDER BY occurred_at, interaction_id)),
    prompts AS (
        SELECT c.project, c.provider, c.model, c.prompt_version,
               min(c.input_tokens - ceil((octet_length(i.user_input) + octet_length(i.retrieved_contexts::text)
                                          + octet_length(i.history::text)) / 3.0))::bigint / 128 * 128 AS constant
        FROM calls c JOIN assay.interactions i USING (interaction_id, logged_at)
        WHERE c.place <= %(shortest)s AND i.logged_at >= %(start)s AND i.logged_at < %(end)s
        GROUP BY 1, 2, 3, 4)
    SELECT project, provider, model, prompt_version, count(cached_input_tokens),
           count(*) FILTER (WHERE warm AND cached_input_tokens IS NOT NULL),
           count(*) - count(cached_input_tokens),
           coalesce(sum(input_tokens) FILTER (WHERE cached_input_tokens IS NOT NULL), 0)::bigint,
           coalesce(sum(output_tokens) FILTER (WHERE cached_input_tokens IS NOT NULL), 0)::bigint,
           coalesce(sum(cached_input_tokens), 0)::bigint, max(constant),
           coalesce(sum(greatest(0, constant - cached_input_tokens))
                    FILTER (WHERE warm AND constant >= 1024), 0)::bigint
    FROM calls JOIN prompts USING (project, provider, model, prompt_version)
    GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4"""


class ValueOfStore:
    """A store as its money's value is told from it; `connection` is one transaction, of whoever opened it."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection

    def of(self, week: Window, first: date, last: date, good_from: Mapping[str, float]) -> ValueTallies:
        """Of what was logged in the week, read row by row, and of the rollup of the days `first` to `last`.

        `good_from` tells by project ("" for all others) from which composite on an answer is good.
        """
        given = {
            "start": week.start,
            "end": week.end,
            "first": first,
            "last": last,
            "good_from": Jsonb(dict(good_from)),
            **LIMITS,
        }
        return ValueTallies(
            answers=tuple(_answers(*row) for row in self._connection.execute(ANSWERS, given)),
            feedback=tuple(
                FeedbackTally(project, conversations, resolved, Spend(*spend))
                for project, conversations, resolved, *spend in self._connection.execute(FEEDBACK, given)
            ),
            prompts=tuple(PromptTally(*row) for row in self._connection.execute(PROMPTS, given)),
            caches=tuple(CacheTally(*row) for row in self._connection.execute(CACHES, given)),
            conversations=tuple(
                Conversation(project, name, Spend(calls, unpriced, cost or Decimal(0)), *rest)
                for project, name, calls, unpriced, cost, *rest in self._connection.execute(CONVERSATIONS, given)
            ),
            loops=retry_loops(self._connection, week),
        )


def _answers(project: str, environment: str, model: str, *rest: Any) -> AnswerTally:
    stratum, (calls, unpriced, cost, answered), (n, *sums) = Stratum(*rest[:4]), rest[4:8], rest[8:]
    weight, weight_sq, total, total_sq, total_w2, total_sq_w2, good, good_w2, heaviest = sums
    values = Tally(n, weight, weight_sq, total, total_sq, None, None, total_w2, total_sq_w2, heaviest)
    of_good = Tally(n, weight, weight_sq, good, good, None, None, good_w2, good_w2, heaviest)
    return AnswerTally(project, environment, model, stratum, Spend(calls, unpriced, cost), answered, values, of_good)

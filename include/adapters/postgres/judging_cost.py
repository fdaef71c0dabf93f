"""Some days go in; the judge calls, spared calls and judgements of them come out, as tallies."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import psycopg

from include.domain.cost import Spend
from include.domain.interaction import Json
from include.domain.judging_cost import (
    Asked,
    CallTally,
    JudgedTally,
    JudgingTallies,
    SampledTally,
    SparedTally,
)
from include.domain.llm import CallMode
from include.domain.score import Usage

# The rollup names the model that answered; as what it was asked is read off one of its calls.
CALLS = """
    SELECT d.day, d.project, d.dimension, d.judge, d.provider_name, coalesce(c.request_model, d.model), d.model,
           d.mode, d.input_tokens, d.output_tokens, d.cached_input_tokens, d.calls, d.unpriced,
           coalesce(d.cost, 0)
    FROM assay.judge_costs_daily d LEFT JOIN (
        SELECT m.*, c.request_model
        FROM (SELECT DISTINCT project, judge, model FROM assay.judge_costs_daily
              WHERE day BETWEEN %(first)s AND %(last)s) AS m
        CROSS JOIN LATERAL (
            SELECT request_model FROM assay.judge_calls
            WHERE project = m.project AND called_at >= %(start)s AND called_at < %(end)s AND judge = m.judge
              AND coalesce(response_model, request_model) = m.model
            LIMIT 1) AS c) AS c USING (project, judge, model)
    WHERE d.day BETWEEN %(first)s AND %(last)s
    ORDER BY d.day, d.project, d.dimension, d.judge, d.model, d.mode"""

SPARED = """
    SELECT project, dimension, judge, model, sum(hits)::bigint, sum(unpriced)::bigint, sum(saved)
    FROM assay.judge_cache_daily WHERE day BETWEEN %(first)s AND %(last)s
    GROUP BY project, dimension, judge, model ORDER BY project, dimension, judge, model"""

# When what was judged in these days was logged: bounds the partitions that are looked at next.
LOGGED = """
    SELECT min(logged_at), max(logged_at) FROM assay.scores
    WHERE scored_at >= %(start)s AND scored_at < %(end)s AND source IN ('LLM_JUDGE', 'RAGAS')"""

JUDGED = """
    SELECT t.project, t.dimension, e.judge, e.parts, t.judgements, t.by_strong, t.stands_for
    FROM (
        SELECT i.project, s.dimension, s.epoch, count(*) AS judgements,
               count(*) FILTER (WHERE s.members @> k.strong) AS by_strong,
               coalesce(sum(1 / i.sampling_rate - 1) FILTER (
                   WHERE i.sampled AND i.logged_at >= %(start)s AND i.logged_at < %(end)s), 0) AS stands_for
        FROM assay.scores s
        JOIN (SELECT epoch, jsonb_build_array(jsonb_build_object('model', parts #> '{strong,model}')) AS strong
              FROM assay.judge_epochs) AS k USING (epoch)
        JOIN assay.interactions i USING (interaction_id, logged_at)
        WHERE s.scored_at >= %(start)s AND s.scored_at < %(end)s AND s.source IN ('LLM_JUDGE', 'RAGAS')
          AND s.logged_at BETWEEN %(oldest)s AND %(newest)s AND i.logged_at BETWEEN %(oldest)s AND %(newest)s
        GROUP BY i.project, s.dimension, s.epoch) AS t
    JOIN assay.judge_epochs e USING (epoch)
    ORDER BY t.project, t.dimension, e.judge, t.epoch"""

SAMPLED = """
    SELECT coalesce(d.project, j.project), coalesce(d.left_out, 0), coalesce(d.stands_for, 0), coalesce(j.judged, 0)
    FROM (
        SELECT project, count(*) FILTER (WHERE NOT sampled) AS left_out,
               coalesce(sum(1 / sampling_rate - 1) FILTER (WHERE sampled), 0) AS stands_for
        FROM assay.interactions WHERE logged_at >= %(start)s AND logged_at < %(end)s GROUP BY project) AS d
    FULL JOIN (
        SELECT i.project, count(*) AS judged
        FROM (SELECT DISTINCT interaction_id, logged_at FROM assay.scores
              WHERE scored_at >= %(start)s AND scored_at < %(end)s AND source IN ('LLM_JUDGE', 'RAGAS')
                AND logged_at BETWEEN %(oldest)s AND %(newest)s) AS s
        JOIN assay.interactions i USING (interaction_id, logged_at)
        WHERE i.logged_at BETWEEN %(oldest)s AND %(newest)s
        GROUP BY i.project) AS j ON j.project = d.project
    ORDER BY 1"""


class JudgingCosts:
    """The judging of a store as it is told what it cost; `connection` is one transaction, of whoever opened it."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection

    def between(self, first: date, last: date) -> JudgingTallies:
        """Of the days (UTC) `first` to `last`, both included: of calls, and of judgements, the day they were made."""
        start = datetime.combine(first, time(), UTC)
        days: dict[str, Any] = {"first": first, "last": last, "start": start}
        days["end"] = datetime.combine(last + timedelta(days=1), time(), UTC)
        oldest, newest = self._connection.execute(LOGGED, days).fetchone() or (None, None)
        days |= {"oldest": oldest, "newest": newest}
        return JudgingTallies(
            calls=tuple(_call(*row) for row in self._connection.execute(CALLS, days)),
            spared=tuple(
                SparedTally(project, dimension, judge, model, Spend(*spend))
                for project, dimension, judge, model, *spend in self._connection.execute(SPARED, days)
            ),
            judged=tuple(_judged(*row) for row in self._connection.execute(JUDGED, days)),
            sampled=tuple(SampledTally(*row) for row in self._connection.execute(SAMPLED, days)),
        )


def _call(
    day: date,
    project: str,
    dimension: str,
    judge: str,
    provider: str,
    model: str,
    billed_as: str,
    mode: str,
    *sums: Any,
) -> CallTally:
    asked, told, cached, *spend = sums
    return CallTally(
        day,
        project,
        dimension,
        judge,
        Asked(provider, model),
        billed_as,
        CallMode(mode),
        Usage(int(asked), int(told), int(cached)),
        Spend(*spend),
    )


def _judged(
    project: str,
    dimension: str,
    judge: str,
    parts: Mapping[str, Json],
    judgements: int,
    by_strong: int,
    stands_for: float,
) -> JudgedTally:
    """Of a cascade the strong model had a say where it was asked, of a panel every member in everything."""
    strong, panel = parts.get("strong"), parts.get("panel")
    if isinstance(strong, dict):
        both = ((_asked(parts["cheap"]), judgements), (_asked(strong), by_strong))
        return JudgedTally(project, dimension, judge, judgements, both, _asked(strong), stands_for)
    members = panel if isinstance(panel, list) else [parts]
    each = tuple((_asked(member), judgements) for member in members)
    return JudgedTally(project, dimension, judge, judgements, each, None, stands_for)


def _asked(parts: Json | Mapping[str, Json]) -> Asked:
    known = parts if isinstance(parts, Mapping) else {}
    return Asked(str(known.get("provider", "")), str(known.get("model", "")))

"""Rules on attributes, amounts and prompt versions, from interactions in a real store to what on-call is told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from include.adapters.postgres import connect
from include.adapters.postgres.segments import Segments
from include.domain.interaction import Window
from include.domain.rule import RuleOutcome, RuleResult
from include.domain.run import COMPOSITE, CoverageLedger, Epochs
from include.monitors.evaluate import Settled, evaluate
from include.monitors.rules import Rules
from tests.unit.monitors.test_level import rule

NOW = datetime(2026, 11, 19, 12, tzinfo=UTC)
START = NOW - timedelta(days=20)
JUDGES = Epochs({"": {"correctness": "c1", COMPOSITE: "set1"}})
HOUR = timedelta(hours=1)

LOGGED = """
    INSERT INTO assay.interactions (interaction_id, logged_at, source, occurred_at, project, environment, user_input,
                                    response, prompt_version, latency_ms, attributes, sampled, sampling_rate)
    SELECT tenant || number, at, 'native', at, 'p', 'prod', 'why?', 'because',
           CASE WHEN at < %(now)s - interval '6 hours' THEN 'v1' ELSE 'v2' END,
           CASE WHEN number %% 20 = 0 THEN 3000 WHEN at > %(now)s - interval '6 hours' AND number %% 2 = 0 THEN 5000
                ELSE 700 + number %% 100 END,
           jsonb_build_object('tenant', tenant, 'language', CASE tenant WHEN 'acme' THEN 'de-AT' ELSE 'en' END),
           true, 1
    FROM generate_series(0, 1919) AS number
    CROSS JOIN LATERAL (SELECT %(start)s + number * interval '15 minutes' AS at) AS moment
    CROSS JOIN unnest(ARRAY['acme', 'globex', 'initech']) AS tenant"""
SCORED = """
    INSERT INTO assay.scores (interaction_id, logged_at, dimension, epoch, source, value, explanation, scored_at)
    SELECT interaction_id, logged_at, 'correctness', 'c1', 'CODE',
           CASE WHEN logged_at >= %(now)s - interval '6 hours' AND attributes ->> 'tenant' = 'acme' THEN 0.3
                ELSE 0.9 END, '', now()
    FROM assay.interactions"""


@pytest.fixture
def segments(store_dsn: str) -> Iterator[Segments]:
    """Three tenants of one project for twenty days; since six hours one gets poor answers, and all get slow ones."""
    with connect(store_dsn) as connection:
        connection.execute("SELECT assay.ensure_partitions(%s, %s)", (START, NOW))
        for statement in (LOGGED, SCORED):
            connection.execute(statement, {"start": START, "now": NOW})
        yield _counted(connection)


def _counted(connection: psycopg.Connection) -> Segments:
    segments = Segments(connection)
    segments.rebuild(Window(START, NOW), JUDGES, "w1", ["attributes.tenant", "language"])
    return segments


def told(segments: Segments, **said: object) -> dict[str, RuleResult]:
    run = Settled(Window(NOW - HOUR, NOW), CoverageLedger(12, 0, 0, 12, 0), JUDGES)
    found = evaluate(Rules(rules=(rule(**said),)), run, segments)
    return {one.labels.get("segment", ""): one for one in found}


def breached(found: dict[str, RuleResult]) -> set[str]:
    return {segment for segment, one in found.items() if one.outcome is RuleOutcome.BREACHED}


def test_a_fall_of_one_tenant_is_told_of_that_tenant(segments: Segments) -> None:
    by_tenant = told(segments, measure="correctness", by=["project", "attributes.tenant"])
    assert breached(by_tenant) == {"attributes.tenant=acme"}
    assert len(by_tenant) == 3
    acme = by_tenant["attributes.tenant=acme"]
    assert (acme.evidence.value, acme.evidence.reference, acme.evidence.n) == (
        pytest.approx(0.3),
        pytest.approx(0.9),
        24,
    )
    assert acme.labels["dimension"] == "correctness"


def test_a_filter_leaves_only_what_it_names(segments: Segments) -> None:
    assert breached(told(segments, measure="correctness", where={"language": "de"})) == {"language=de"}
    assert breached(told(segments, measure="correctness", where={"language": "en"})) == set()
    assert told(segments, measure="correctness", where={"environment": "staging"}) == {}


def test_slow_answers_are_found_against_the_past_and_against_a_number(segments: Segments) -> None:
    [past] = told(segments, measure="latency_ms", percentile=95).values()
    [fixed] = told(segments, measure="latency_ms", above=4000, target=0.05).values()
    assert (past.outcome, fixed.outcome) == (RuleOutcome.BREACHED, RuleOutcome.BREACHED)
    assert (past.evidence.reference, past.evidence.details["threshold"]) == (pytest.approx(0.05, abs=0.01), 2500)
    assert fixed.evidence.value == pytest.approx(0.45, abs=0.06)


def test_a_new_prompt_version_is_compared_with_the_one_before(segments: Segments) -> None:
    found = told(segments, measure="correctness", by=["project", "prompt_version"], against="previous")
    assert breached(found) == {"prompt_version=v2"}
    assert "compared with prompt version v1, which it followed: 0.90" in found["prompt_version=v2"].sentence
    assert "nobody gets it any more" in found["prompt_version=v1"].sentence


def test_quarters_of_the_week_are_read_and_held_to_each_other(segments: Segments) -> None:
    [found] = told(segments, measure="correctness", same_hours=True).values()
    assert (found.outcome, found.evidence.reference) == (RuleOutcome.BREACHED, pytest.approx(0.9))

"""A shard judged through a provider's batches, on a real Postgres: half the price, and nothing twice whatever dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest

from include.adapters.postgres import connect
from include.judges.batch import GRACE
from tests.fakes.batch_server import Provider, provider
from tests.integration.judges.batch_stage import AT, BOUNDARIES, DAY, Died, Stage, dies_at, nowhere

ROOT = Path(__file__).parents[3]
COUNT = 12
CALLS = COUNT * 4  # two judges that ask once, and one that asks twice


@pytest.fixture
def openai() -> Iterator[Provider]:
    with provider() as it:
        yield it


@pytest.fixture
def stage(store_dsn: str, openai: Provider) -> Stage:
    with connect(store_dsn) as connection, connection.cursor() as cursor:
        connection.execute("SELECT assay.ensure_partitions(%s, %s)", (AT, AT))
        cursor.executemany(
            """INSERT INTO assay.interactions (interaction_id, logged_at, source, occurred_at, project, environment,
                   user_input, response, retrieved_contexts, sampled, sampling_rate)
               VALUES (%s, %s, 'native', %s, 'bank', 'prod', 'When?', %s, '[]', true, 1)""",
            [
                (f"i{number}", AT + timedelta(seconds=number), AT, f"Branch {number}: at nine.")
                for number in range(COUNT)
            ],
        )
    return Stage(store_dsn, openai.url)


def ask(stage: Stage, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(stage.dsn, options="-c search_path=assay") as connection:
        return connection.execute(query.encode()).fetchall()


def count(stage: Stage, table: str) -> object:
    [(found,)] = ask(stage, f"SELECT count(*) FROM {table}")
    return found


def assert_all_scored_and_nothing_paid_twice(stage: Stage, openai: Provider) -> None:
    assert count(stage, "scores") == COUNT * 3
    assert count(stage, "score_failures") == 0
    assert count(stage, "judge_calls") == len(openai.paid) == CALLS
    assert set(openai.paid.values()) == {1}
    assert count(stage, "judge_batch_requests") == 0


def test_a_shard_is_scored_through_two_rounds_of_batches_at_half_the_price(stage: Stage, openai: Provider) -> None:
    assert [stage.round() for _ in range(3)] == [1, 1, 0], "the second round holds what needed answers of the first"
    assert stage.score().scored == COUNT * 3
    assert openai.live == []
    assert_all_scored_and_nothing_paid_twice(stage, openai)
    assert ask(stage, "SELECT status, requests, replies FROM judge_batches ORDER BY intended_at") == [
        ("collected", COUNT * 3, COUNT * 3),
        ("collected", COUNT, COUNT),
    ]
    tokens = Decimal(400) * Decimal("0.15") / 1_000_000 + Decimal(60) * Decimal("0.6") / 1_000_000
    assert ask(stage, "SELECT DISTINCT mode, outcome, cost FROM judge_calls") == [("batch", "ok", tokens / 2)]
    assert ask(stage, "SELECT dimension, count(*) FROM judge_calls GROUP BY 1 ORDER BY 1") == [
        ("correctness", COUNT),
        ("faithfulness", 2 * COUNT),
        ("professionalism", COUNT),
    ]


@pytest.mark.parametrize("vendor", ["openai", "anthropic"])
@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_whoever_takes_over_after_a_death_sends_and_pays_nothing_twice(
    stage: Stage, openai: Provider, boundary: str, vendor: str
) -> None:
    stage.vendor = vendor
    stage.reach = dies_at(boundary)
    with pytest.raises(Died):
        stage.whole()
    stage.reach = nowhere
    stage.wait_until_settled()
    assert stage.whole().scored == COUNT * 3
    assert openai.live == []
    assert set(openai.sent.values()) == {1}
    assert_all_scored_and_nothing_paid_twice(stage, openai)


@pytest.mark.parametrize("boundary", ["after admission", "after sending", "mid-collect"])
def test_a_worker_that_is_killed_is_taken_over_from(stage: Stage, openai: Provider, boundary: str) -> None:
    command = [sys.executable, "-m", "tests.integration.judges.batch_stage", stage.dsn, stage.url, boundary]
    killed = subprocess.run(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, timeout=60, check=False)
    assert killed.returncode == -signal.SIGKILL
    stage.wait_until_settled()
    assert stage.whole().scored == COUNT * 3
    assert set(openai.sent.values()) == {1}
    assert_all_scored_and_nothing_paid_twice(stage, openai)


def test_two_workers_on_the_same_shard_share_one_batch(stage: Stage, openai: Provider) -> None:
    other = Stage(stage.dsn, stage.url)
    assert stage.submit() == other.submit()
    assert len(openai.batches) == 1
    assert other.whole().scored == COUNT * 3
    assert stage.whole().scored == 0
    assert_all_scored_and_nothing_paid_twice(stage, openai)


def test_what_waits_in_a_batch_is_not_called_live_and_is_scored_when_it_has_come_back(
    stage: Stage, openai: Provider
) -> None:
    keys = stage.submit()
    assert stage.score().failed == COUNT * 3
    assert openai.live == []
    assert ask(stage, "SELECT DISTINCT error_type, retryable FROM score_failures") == [("judge_in_batch", True)]
    while not stage.has_news(keys):
        pass
    stage.collect(keys)
    assert stage.whole().scored == COUNT * 3
    assert_all_scored_and_nothing_paid_twice(stage, openai)


def test_what_is_late_is_cancelled_and_called_live_except_what_the_batch_had_answered(
    stage: Stage, openai: Provider
) -> None:
    openai.fate = "stuck"
    keys = stage.submit()
    assert stage.collect(keys) == keys
    assert not stage.has_news(keys)
    stage.late += DAY
    assert stage.collect(keys) == keys, "cancelled, and not yet ended"
    assert stage.has_news(keys)
    assert stage.collect(keys) == []
    assert stage.score().scored == COUNT * 3
    assert len(openai.live) == CALLS - COUNT * 3 // 2
    assert_all_scored_and_nothing_paid_twice(stage, openai)


@pytest.mark.parametrize(
    ("fate", "replies", "note"),
    [("expired", COUNT * 3 // 2, "expired: not executed"), ("failed", 0, "failed: Enqueued token limit reached")],
)
def test_what_a_batch_did_not_answer_is_called_live(
    stage: Stage, openai: Provider, fate: str, replies: int, note: str
) -> None:
    openai.fate = fate
    stage.round()
    assert ask(stage, "SELECT status, replies, note FROM judge_batches") == [("collected", replies, note)]
    assert stage.score().scored == COUNT * 3
    assert len(openai.live) == CALLS - replies
    assert_all_scored_and_nothing_paid_twice(stage, openai)


def test_a_request_that_fails_in_a_batch_is_asked_again_and_in_the_end_live(stage: Stage, openai: Provider) -> None:
    openai.refuse_every = 6
    stage.round()
    assert ask(stage, "SELECT replies FROM judge_batches") == [(COUNT * 3 - COUNT // 2,)]
    stage.round()
    assert stage.score().scored == COUNT * 3
    assert_all_scored_and_nothing_paid_twice(stage, openai)


@pytest.mark.parametrize("vendor", ["openai", "anthropic"])
def test_results_that_the_provider_dropped_are_called_live(stage: Stage, openai: Provider, vendor: str) -> None:
    stage.vendor = vendor
    openai.loses_results = True
    stage.round()
    assert ask(stage, "SELECT status, note FROM judge_batches") == [("given_up", "its results are no longer there")]
    assert stage.score().scored == COUNT * 3


def test_a_provider_that_is_down_sends_nobody_home_without_scores(stage: Stage, openai: Provider) -> None:
    openai.down = True
    keys = stage.submit()
    assert len(keys) == 1, "it may have arrived"
    stage.wait_until_settled()
    assert not stage.has_news(keys)
    assert stage.collect(keys) == keys
    openai.down = False
    assert stage.has_news(keys)
    assert stage.collect(keys) == []
    assert ask(stage, "SELECT status, note FROM judge_batches") == [("given_up", "it never arrived")]
    assert stage.whole().scored == COUNT * 3
    assert_all_scored_and_nothing_paid_twice(stage, openai)


def test_a_batch_that_nobody_waits_for_any_more_frees_its_requests_in_the_end(stage: Stage, openai: Provider) -> None:
    openai.fate = "stuck"
    forgotten = stage.submit()
    openai.fate = "completed"
    stage.late += DAY + GRACE + timedelta(minutes=1)
    assert forgotten[0] not in stage.submit()
    assert ask(stage, "SELECT status, note FROM judge_batches ORDER BY intended_at LIMIT 1") == [
        ("given_up", "it did not end in time")
    ]

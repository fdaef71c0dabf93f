"""What stays of outcomes in a real Postgres, and what a run finds that it still has to judge."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import chain
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from include.adapters.postgres import connect
from include.adapters.postgres.scores import Scores
from include.domain.interaction import Interaction, Turn, Window
from include.domain.run import COMPOSITE, Epochs, Run, Shard
from include.domain.score import Epoch, FailureType, Score, ScoreFailure, ScoreSource, Usage
from tests.fakes.store_rows import insert_interaction

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
RUN = Run("native", Window(NOON, NOON + HOUR), live=True)
FACTS = Epoch("facts", ScoreSource.CODE, "judge", {"version": "1"})
TONE = Epoch("tone", ScoreSource.CODE, "judge", {"version": "1"})
EPOCHS = Epochs({"": {"facts": FACTS.id, "tone": TONE.id, COMPOSITE: "both"}})
BOTH = frozenset({FACTS.id, TONE.id})
SINCE = NOON - 7 * 24 * HOUR
MOST = 3


@pytest.fixture
def connection(store_dsn: str) -> Iterator[psycopg.Connection]:
    with connect(store_dsn) as opened:
        opened.execute("SELECT assay.ensure_partitions(%s, %s)", (SINCE, NOON + HOUR))
        yield opened


def log(connection: psycopg.Connection, name: str, at: datetime = NOON, **given: object) -> None:
    insert_interaction(connection, name, at, **given)


def score(name: str, epoch: Epoch = FACTS, at: datetime = NOON, **given: Any) -> Score:
    return Score(name, at, epoch.dimension, 0.5, "so so", epoch.source, epoch.id, **given)


def failure(name: str, epoch: Epoch = FACTS, at: datetime = NOON, *, retryable: bool = True) -> ScoreFailure:
    return ScoreFailure(name, at, epoch.dimension, FailureType.TIMEOUT, "no answer", retryable, epoch.source, epoch.id)


def planned(connection: psycopg.Connection, size: int = 500, run: Run = RUN) -> list[Shard]:
    return Scores(connection).plan(run, EPOCHS, size, SINCE, MOST)


def owed(connection: psycopg.Connection, shards: Sequence[Shard]) -> dict[str, frozenset[str]]:
    pending = (one for shard in shards for one in Scores(connection).pending(shard, EPOCHS, MOST))
    return {interaction.interaction_id: missing for interaction, missing in pending}


def rows(connection: psycopg.Connection, query: str) -> list[tuple[Any, ...]]:
    return connection.execute(query.encode()).fetchall()


def test_a_window_is_cut_into_shards_that_hold_each_interaction_once(connection: psycopg.Connection) -> None:
    for number in range(25):
        log(connection, f"i{number:02}", NOON + number // 5 * timedelta(minutes=1))  # five share a moment
    shards = planned(connection, size=7)
    assert [(shard.index, shard.size) for shard in shards] == [(0, 7), (1, 7), (2, 7), (3, 4)]
    found = [[one.interaction_id for one, _ in Scores(connection).pending(shard, EPOCHS, MOST)] for shard in shards]
    assert [len(ids) for ids in found] == [7, 7, 7, 4]
    assert sorted(chain.from_iterable(found)) == [f"i{number:02}" for number in range(25)]


def test_a_shard_survives_the_way_through_json(connection: psycopg.Connection) -> None:
    log(connection, "a", NOON + timedelta(microseconds=1))
    (shard,) = planned(connection)
    travelled = Shard(**json.loads(json.dumps(asdict(shard))))
    assert owed(connection, [travelled]) == {"a": BOTH}


def test_nothing_to_judge_makes_no_shard(connection: psycopg.Connection) -> None:
    log(connection, "left out", sampled=False, sampling_rate=0.1)
    log(connection, "other log", source="other")
    log(connection, "next window", NOON + HOUR)
    assert planned(connection) == []


def test_what_is_pending_is_the_whole_interaction(connection: psycopg.Connection) -> None:
    log(
        connection,
        "a",
        retrieved_contexts=Jsonb(["one", "two"]),
        history=Jsonb([{"role": "user", "content": "hello"}]),
        reference="right",
        latency_ms=12.5,
        attributes=Jsonb({"other_references": ["also right"]}),
    )
    ((found, _),) = Scores(connection).pending(planned(connection)[0], EPOCHS, MOST)
    assert found == Interaction(
        "a",
        NOON,
        NOON,
        "p",
        "prod",
        "why?",
        "because",
        retrieved_contexts=("one", "two"),
        reference="right",
        history=(Turn("user", "hello"),),
        latency_ms=12.5,
        attributes={"other_references": ["also right"]},
    )


def test_a_restarted_shard_resumes_where_it_stopped(connection: psycopg.Connection) -> None:
    for name in ("a", "b", "c", "d"):
        log(connection, name)
    shards = planned(connection)
    Scores(connection).save([score("a"), score("a", TONE), score("b"), failure("c", retryable=False)], NOON)
    assert owed(connection, shards) == {"b": {TONE.id}, "c": {TONE.id}, "d": BOTH}
    assert owed(connection, planned(connection)) == owed(connection, shards)


def test_scores_of_another_epoch_do_not_count(connection: psycopg.Connection) -> None:
    log(connection, "a")
    Scores(connection).save([score("a", replace(FACTS, judge="older"))], NOON)
    assert owed(connection, planned(connection)) == {"a": BOTH}


@pytest.mark.parametrize(
    ("attempts", "retryable", "overdue"),
    [(1, True, True), (MOST - 1, True, True), (MOST, True, False), (1, False, False)],
)
def test_earlier_failures_are_tried_again_while_that_can_help(
    connection: psycopg.Connection, attempts: int, retryable: bool, overdue: bool
) -> None:
    earlier = NOON - 5 * HOUR
    log(connection, "old", earlier)
    log(connection, "never tried", earlier)  # its own run's business
    log(connection, "new")
    Scores(connection).save([score("old", TONE, earlier)], NOON)
    for _ in range(attempts):
        Scores(connection).save([failure("old", FACTS, earlier, retryable=retryable)], NOON)
    shards = planned(connection)
    assert [shard.overdue for shard in shards] == ([False, True] if overdue else [False])
    assert owed(connection, shards) == {"new": BOTH} | ({"old": {FACTS.id}} if overdue else {})


def test_failures_before_the_horizon_are_left_alone(connection: psycopg.Connection) -> None:
    connection.execute("SELECT assay.ensure_partitions(%s, %s)", (SINCE - HOUR, SINCE))
    log(connection, "ancient", SINCE - HOUR)
    Scores(connection).save([failure("ancient", FACTS, SINCE - HOUR)], NOON)
    assert planned(connection) == []


@pytest.mark.parametrize("released", [True, False])
def test_what_was_released_from_quarantine_is_judged(connection: psycopg.Connection, released: bool) -> None:
    earlier = NOON - HOUR
    log(connection, "mended", earlier)
    connection.execute(
        """INSERT INTO assay.quarantine (source, row_key, run_id, interaction_id, logged_at, expectations, raw,
                                         quarantined_at, released_at)
           VALUES ('native', '1', 'r', 'mended', %s, '{}', '{}', %s, %s)""",
        (earlier, earlier, NOON if released else None),
    )
    assert owed(connection, planned(connection)) == ({"mended": BOTH} if released else {})


def test_saving_again_changes_nothing(connection: psycopg.Connection) -> None:
    given = [score("a", usage=Usage(10, 5, 3, 1), cost=Decimal("0.000123")), score("b", cost=None)]
    Scores(connection).save(given, NOON)
    before = rows(connection, "SELECT * FROM assay.scores ORDER BY interaction_id")
    Scores(connection).save([*given, *given], NOON + HOUR)
    assert rows(connection, "SELECT * FROM assay.scores ORDER BY interaction_id") == before
    assert before[0][7:12] == (10, 5, 3, 1, Decimal("0.0001230000"))
    assert before[1][11] is None


def test_a_failure_counts_its_attempts_and_goes_when_a_later_one_scores(connection: psycopg.Connection) -> None:
    scores = Scores(connection)
    scores.save([failure("a"), failure("b")], NOON)
    scores.save([failure("a")], NOON + HOUR)
    query = "SELECT interaction_id, attempts, failed_at FROM assay.score_failures ORDER BY 1"
    assert rows(connection, query) == [("a", 2, NOON + HOUR), ("b", 1, NOON)]
    scores.save([score("a")], NOON)
    assert rows(connection, query) == [("b", 1, NOON)]


def test_a_failure_that_comes_after_the_score_is_dropped(connection: psycopg.Connection) -> None:
    Scores(connection).save([score("a"), failure("a")], NOON)
    assert rows(connection, "SELECT count(*) FROM assay.score_failures") == [(0,)]


def test_text_that_postgres_cannot_hold_costs_no_score(connection: psycopg.Connection) -> None:
    Scores(connection).save([replace(score("a"), explanation="nul \0 half \ud800")], NOON)
    assert rows(connection, "SELECT explanation FROM assay.scores") == [("nul \ufffd half ?",)]


def test_an_epoch_keeps_the_date_on_which_it_was_first_seen(connection: psycopg.Connection) -> None:
    Scores(connection).register([FACTS, TONE], NOON)
    Scores(connection).register([FACTS], NOON + HOUR)
    query = "SELECT dimension, epoch, source, judge, parts, first_seen_at FROM assay.judge_epochs ORDER BY 1"
    assert rows(connection, query)[0] == ("facts", FACTS.id, "CODE", "judge", {"version": "1"}, NOON)


def test_two_workers_that_save_the_same_shard_do_not_lock_each_other_out(store_dsn: str) -> None:
    given = [score(f"i{n}") if n % 3 else failure(f"i{n}") for n in range(300)]
    with connect(store_dsn) as first:
        first.execute("SELECT assay.ensure_partitions(%s, %s)", (NOON, NOON))

    def worker(outcomes: list[Score | ScoreFailure]) -> None:
        with connect(store_dsn) as own:
            for start in range(0, 300, 30):
                Scores(own).save(outcomes[start : start + 30], NOON)
                own.commit()

    threads = [threading.Thread(target=worker, args=[order]) for order in (given, given[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with connect(store_dsn) as own:
        assert rows(own, "SELECT count(*) FROM assay.scores") == [(200,)]
        assert rows(own, "SELECT count(*), min(attempts), max(attempts) FROM assay.score_failures") == [(100, 2, 2)]


def test_a_batch_of_1500_scores_is_saved_in_a_moment(connection: psycopg.Connection) -> None:
    batch = [replace(score(f"i{number}"), explanation="words " * 30) for number in range(1500)]
    started = time.monotonic()
    Scores(connection).save(batch, NOON)
    assert time.monotonic() - started < 0.5  # 0.03 s on an idle machine

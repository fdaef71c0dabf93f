"""Batches in a store: a request is in one of them at most, and free again when it has ended."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from include.adapters.postgres.judge_batches import JudgeBatches
from include.domain.batch import Batch, BatchStatus, WantedCall
from include.domain.llm import CallPurpose, LLMRequest

AT = datetime(2026, 11, 20, tzinfo=UTC)
DAY = timedelta(days=1)


def batch(key: str, due_at: datetime = AT + DAY) -> Batch:
    return Batch(key, "https://api.openai.com/v1", "m", "native/run", BatchStatus.INTENDED, AT, due_at)


def calls(*keys: str) -> list[WantedCall]:
    return [WantedCall(key, LLMRequest((), "s", {}, 0.1, 1), CallPurpose("bank", f"d{key}", "j")) for key in keys]


@pytest.fixture
def connection(store_dsn: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(store_dsn, options="-c timezone=UTC") as connection:
        yield connection


@pytest.fixture
def book(connection: psycopg.Connection) -> JudgeBatches:
    return JudgeBatches(connection)


@pytest.fixture
def other(store_dsn: str) -> Iterator[JudgeBatches]:
    with psycopg.connect(store_dsn) as connection:
        yield JudgeBatches(connection)


def test_a_request_waits_in_one_batch_only_and_is_free_when_that_has_ended(
    book: JudgeBatches, other: JudgeBatches
) -> None:
    book.intend(batch("b1"))
    other.intend(batch("b2"))
    assert book.admit("b1", calls("1", "2")) == {"1", "2"}
    assert other.admit("b2", calls("2", "3")) == {"3"}
    assert book.waiting(["1", "2", "3", "4"]) == {"1": "b1", "2": "b1", "3": "b2"}
    assert [(one.batch_key, one.requests) for one in book.under_way(["b1", "b2"])] == [("b1", 2), ("b2", 1)]
    assert book.purposes("b1") == {"1": CallPurpose("bank", "d1", "j"), "2": CallPurpose("bank", "d2", "j")}
    book.end("b1", BatchStatus.COLLECTED, AT, replies=2)
    assert other.waiting(["1", "2", "3"]) == {"3": "b2"}
    assert [one.batch_key for one in book.under_way(["b1", "b2"])] == ["b2"]
    assert other.admit("b2", calls("1")) == {"1"}


def test_what_was_written_is_there_for_others_at_once(book: JudgeBatches, other: JudgeBatches) -> None:
    book.intend(batch("b"))
    book.submitted("b", "batch_1", AT)
    assert other.under_way(["b"]) == [
        Batch("b", "https://api.openai.com/v1", "m", "native/run", BatchStatus.SUBMITTED, AT, AT + DAY, "batch_1", 0)
    ]


def test_a_batch_keeps_the_first_id_that_was_noted(book: JudgeBatches, other: JudgeBatches) -> None:
    book.intend(batch("b"))
    book.submitted("b", "batch_1", AT)
    other.submitted("b", "batch_2", AT)
    assert [one.batch_id for one in book.under_way(["b"])] == ["batch_1"]


def test_a_batch_is_held_by_one_session_until_it_lets_go_or_dies(
    store_dsn: str, connection: psycopg.Connection, book: JudgeBatches
) -> None:
    dying = psycopg.connect(store_dsn)
    backend = dying.info.backend_pid
    with JudgeBatches(dying).hold("b") as ours:
        assert ours
        with book.hold("b") as theirs:
            assert not theirs
        with book.hold("c") as theirs:
            assert theirs
        dying.close()
    connection.execute("SELECT pg_terminate_backend(%s, 10000)", [backend])  # returns when the session is gone
    with book.hold("b") as theirs:
        assert theirs


def test_an_error_while_a_batch_is_held_lets_go_of_it(book: JudgeBatches, other: JudgeBatches) -> None:
    with pytest.raises(psycopg.errors.UniqueViolation), book.hold("b"):
        book.intend(batch("b"))
        book.intend(batch("b"))
    with other.hold("b") as theirs:
        assert theirs


def test_batches_are_forgotten_that_were_due_long_ago_or_lack_nothing_any_more(
    book: JudgeBatches, connection: psycopg.Connection
) -> None:
    for key, due_at in (("old", AT - DAY), ("waits", AT + DAY), ("recorded", AT + DAY)):
        book.intend(batch(key, due_at))
        book.admit(key, calls(f"1 {key}", f"2 {key}"))
    with connection.transaction():
        connection.execute(
            """INSERT INTO assay.judge_calls (request_hash, project, dimension, judge, provider_name, request_model,
                   outcome, latency_ms, called_at)
               SELECT request_hash, project, dimension, judge, 'openai', 'm', 'ok', 0, now()
               FROM assay.judge_batch_requests WHERE batch_key = 'recorded' OR request_hash = '1 waits'"""
        )
    assert {one.batch_key for one in book.forgotten(AT)} == {"old", "recorded"}

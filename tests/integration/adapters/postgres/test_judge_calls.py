"""The call ledger in a real Postgres: nobody pays twice, whoever dies."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import psycopg

from include.adapters.postgres import connect
from include.adapters.postgres.costs import Costs
from include.adapters.postgres.judge_calls import JudgeCalls
from include.domain.llm import CallMode, CallPurpose, JudgeCall, LLMReply
from include.domain.score import Usage

AT = datetime(2026, 11, 20, tzinfo=UTC)
CALL = JudgeCall(
    key="a" * 64,
    purpose=CallPurpose("bank", "correctness", "rubric correctness 1"),
    provider_name="openai",
    request_model="m",
    outcome="ok",
    reply=LLMReply('{"score": 4}', "stop", Usage(10, 5, 3, 1, 2), "m-1", "r-1", 12.5),
    cost=Decimal("0.0000123456"),
    called_at=AT,
)


def test_a_call_comes_back_as_it_was_recorded(store_dsn: str) -> None:
    with connect(store_dsn) as connection:
        ledger = JudgeCalls(connection)
        assert ledger.claim([CALL.key]) == {CALL.key: None}
        ledger.record([CALL])
        assert ledger.claim([CALL.key]) == {CALL.key: CALL}


def test_a_record_is_durable_at_once_and_the_first_one_stays(store_dsn: str) -> None:
    with connect(store_dsn) as one, connect(store_dsn) as other:
        JudgeCalls(one).record([CALL])
        JudgeCalls(one).record([replace(CALL, outcome="judge_malformed_reply")])
        assert JudgeCalls(other).claim([CALL.key]) == {CALL.key: CALL}


def test_what_one_worker_has_claimed_no_other_gets(store_dsn: str) -> None:
    with connect(store_dsn) as one, connect(store_dsn) as other:
        assert JudgeCalls(one).claim(["x", "y"]) == {"x": None, "y": None}
        assert JudgeCalls(other).claim(["x", "y", "z"]) == {"z": None}
        JudgeCalls(one).release(["x"])
        assert JudgeCalls(other).claim(["x", "y"]) == {"x": None}


def test_a_recorded_call_frees_its_claim_and_leaves_no_lock(store_dsn: str) -> None:
    with connect(store_dsn) as one, connect(store_dsn) as other:
        ledger = JudgeCalls(one)
        ledger.claim([CALL.key, "failed"])
        ledger.record([CALL])
        ledger.release(["failed"])
        for _ in range(3):
            ledger.claim([CALL.key])
        locks = other.execute(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = "
            "(SELECT oid FROM pg_database WHERE datname = current_database())"
        )
        assert locks.fetchone() == (0,)


def test_the_claims_of_a_worker_that_died_are_free(store_dsn: str) -> None:
    dying = psycopg.connect(store_dsn)
    JudgeCalls(dying).claim(["x"])
    with connect(store_dsn) as other:
        assert JudgeCalls(other).claim(["x"]) == {}
        dying.close()
        while not (claimed := JudgeCalls(other).claim(["x"])):
            pass
        assert claimed == {"x": None}


def test_a_connection_between_calls_holds_no_transaction_open(store_dsn: str) -> None:
    with connect(store_dsn) as connection:
        ledger = JudgeCalls(connection)
        ledger.claim(["x"])
        assert connection.info.transaction_status is psycopg.pq.TransactionStatus.IDLE
        ledger.record([replace(CALL, key="x")])
        assert connection.info.transaction_status is psycopg.pq.TransactionStatus.IDLE


def test_two_workers_on_the_same_calls_make_each_once(store_dsn: str) -> None:
    keys = [f"key {number}" for number in range(300)]
    made: list[str] = []

    def worker(order: list[str]) -> None:
        with connect(store_dsn) as own:
            ledger, left = JudgeCalls(own), list(order)
            while left:
                found = ledger.claim(left[:20])
                mine = [key for key, call in found.items() if call is None]
                made.extend(mine)
                ledger.record([replace(CALL, key=key) for key in mine])
                left = [key for key in left if key not in found]

    threads = [threading.Thread(target=worker, args=[order]) for order in (keys, keys[::-1], keys)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(made) == sorted(keys)


def test_a_price_that_nobody_knows_stays_unknown(store_dsn: str) -> None:
    with connect(store_dsn) as connection:
        ledger = JudgeCalls(connection)
        ledger.record([replace(CALL, cost=None)])
        found = ledger.claim([CALL.key])[CALL.key]
    assert found is not None
    assert found.cost is None


def test_usage_that_nobody_told_stays_unknown_and_costs_no_sum(store_dsn: str) -> None:
    unknown = replace(CALL, key="b" * 64, reply=replace(CALL.reply, usage=None), cost=None)
    with connect(store_dsn) as connection, connect(store_dsn) as other:
        ledger = JudgeCalls(connection)
        ledger.record([CALL, unknown])
        assert ledger.claim([unknown.key]) == {unknown.key: unknown}
        Costs(other).roll_up([AT.date()])
        query = "SELECT calls, unpriced, input_tokens, output_tokens, cached_input_tokens, cost FROM assay.costs_daily"
        assert other.execute(query).fetchall() == [(2, 1, 10, 5, 3, Decimal("0.0000123456"))]


def test_how_a_call_was_made_and_how_its_reply_ended_come_back(store_dsn: str) -> None:
    tail = (('{"score":', -0.5), (" 4\0", -0.25))
    batched = replace(CALL, mode=CallMode.BATCH, reply=replace(CALL.reply, tail=tail))
    with connect(store_dsn) as connection:
        ledger = JudgeCalls(connection)
        ledger.record([batched])
        found = ledger.claim([CALL.key])[CALL.key]
    assert found is not None
    assert found.mode is CallMode.BATCH
    assert found.reply.tail == (('{"score":', -0.5), (" 4\ufffd", -0.25))


def test_a_reply_that_postgres_cannot_hold_is_kept_all_the_same(store_dsn: str) -> None:
    odd = replace(CALL, reply=replace(CALL.reply, content="nul \0 half \ud800", finish_reason="\0", request_id=None))
    with connect(store_dsn) as connection:
        ledger = JudgeCalls(connection)
        ledger.record([odd])
        found = ledger.claim([CALL.key])[CALL.key]
    assert found is not None
    assert (found.reply.content, found.reply.finish_reason) == ("nul \ufffd half ?", "\ufffd")

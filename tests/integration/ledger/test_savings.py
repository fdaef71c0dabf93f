"""What was saved on judging, on a real Postgres: planted so that every figure is known to the cent beforehand."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import psycopg
import pytest
from psycopg.types.json import Jsonb

from include.adapters.postgres import connect
from include.adapters.postgres.costs import Costs
from include.adapters.postgres.judge_calls import JudgeCalls
from include.adapters.postgres.judging_cost import JudgingCosts
from include.domain.cost import Spend
from include.domain.judging_cost import JudgingWeek
from include.domain.llm import CallMode, CallPurpose, JudgeCall, LLMReply, SparedCall
from include.domain.score import Usage
from include.ledger.savings import judging_week
from tests.fakes.prices import PerToken
from tests.fakes.store_rows import insert_interaction

DAY = date(2026, 11, 10)
NOON = datetime(2026, 11, 10, 12, tzinfo=UTC)
PURPOSE = CallPurpose("bank", "correctness", "rubric correctness 1 cascade")
PRICES = PerToken({"cheap": ("1", "0.5", "4"), "strong": ("10", "1", "40")})  # USD of a million: fresh, cached, written
PARTS = {"cheap": {"provider": "openai", "model": "cheap"}, "strong": {"provider": "openai", "model": "strong"}}


def call(name: str, model: str, cost: str | None, cached: int = 0, mode: CallMode = CallMode.LIVE) -> JudgeCall:
    """1,000 tokens in, 100 out, by a dated snapshot of the model that was asked."""
    usage = Usage(1000, 100, cached)
    reply = LLMReply("{}", "stop", usage, f"{model}-2026-01-01", None, 1.0)
    return JudgeCall(name, PURPOSE, "openai", model, "ok", reply, None if cost is None else Decimal(cost), NOON, mode)


def judge(connection: psycopg.Connection, number: int, *, escalated: bool) -> None:
    """One of the forty that were drawn, judged by the cheap model, and by the strong one where escalated."""
    insert_interaction(connection, f"i{number}", NOON, project="bank", sampling_rate=0.4)
    members = [{"model": "cheap", "value": 0.5}] + [{"model": "strong", "value": 0.5}] * escalated
    connection.execute(
        """INSERT INTO assay.scores (interaction_id, logged_at, dimension, epoch, source, value, explanation, members,
               scored_at) VALUES (%s, %s, 'correctness', 'E', 'LLM_JUDGE', 0.5, '', %s, %s)""",
        (f"i{number}", NOON, Jsonb(members), NOON),
    )


def plant(dsn: str) -> None:
    """100 logged, 40 drawn, 10 of them escalated; of 40 cheap calls 5 were on record, 15 in a batch, 20 half cached."""
    with connect(dsn) as connection:
        connection.execute("SELECT assay.ensure_partitions(%s, %s)", (NOON, NOON))
        connection.execute(
            "INSERT INTO assay.judge_epochs VALUES ('E', 'correctness', 'LLM_JUDGE', %s, %s, now())",
            (PURPOSE.judge, Jsonb(PARTS)),
        )
        for number in range(40):
            judge(connection, number, escalated=number < 10)
        for number in range(60):
            insert_interaction(connection, f"x{number}", NOON, project="bank", sampling_rate=0.4, sampled=False)
    with connect(dsn) as connection:
        ledger = JudgeCalls(connection)
        ledger.record([call(f"b{number}", "cheap", "0.0007", mode=CallMode.BATCH) for number in range(15)])
        ledger.record([call(f"c{number}", "cheap", "0.00115", cached=500) for number in range(20)])
        ledger.record([call(f"s{number}", "strong", "0.014") for number in range(10)])
        for _ in range(5):
            ledger.spared({SparedCall(DAY, PURPOSE, "cheap"): Spend(1, 0, Decimal("0.0014"))})


def told(dsn: str) -> JudgingWeek:
    with connect(dsn) as connection:
        Costs(connection).roll_up([DAY])
        return judging_week(JudgingCosts(connection).between(DAY - timedelta(days=3), DAY + timedelta(days=3)), PRICES)


def test_what_was_saved_is_known_to_the_last_digit(store_dsn: str) -> None:
    plant(store_dsn)
    week = told(store_dsn)
    (saved,) = week.saved
    assert (saved.project, saved.judged, week.spared) == ("bank", 40, 5)
    assert saved.in_full == Decimal("1.4")  # 100 x 0.014
    assert saved.by_sampling == Decimal("0.84")  # 60 x 0.014
    assert saved.by_cascade == Decimal("0.364")  # 40 x 0.014 less 40 cheap at 0.0014 and 10 strong
    assert saved.by_cache == Decimal("0.012")  # 5 x 0.0014 on record, 20 x 500 tokens at half the price
    assert saved.by_batches == Decimal("0.0105")  # half of 15 x 0.0014
    assert saved.spent == Decimal("0.1735")
    assert (saved.unpriced, saved.untold) == (0, 0)


def test_each_judges_cost_is_that_of_its_calls_and_of_a_thousand_judgements(store_dsn: str) -> None:
    plant(store_dsn)
    (judge,) = told(store_dsn).judges
    assert (judge.judge, judge.judgements, judge.spend) == (PURPOSE.judge, 40, Spend(45, 0, Decimal("0.1735")))
    assert judge.per_thousand == Decimal("4.3375")
    assert [(model, mode.value, spend.calls) for model, mode, spend in judge.by_model] == [
        ("cheap-2026-01-01", "batch", 15),
        ("cheap-2026-01-01", "live", 20),
        ("strong-2026-01-01", "live", 10),
    ]


def test_a_call_without_a_price_is_counted_and_in_no_sum(store_dsn: str) -> None:
    plant(store_dsn)
    with connect(store_dsn) as connection:
        JudgeCalls(connection).record([call("u", "unheard-of", None)])
    (saved,) = told(store_dsn).saved
    assert (saved.unpriced, saved.spent, saved.in_full) == (1, Decimal("0.1735"), Decimal("1.4"))


@pytest.mark.parametrize("day", [DAY - timedelta(days=7), DAY + timedelta(days=7)])
def test_other_weeks_are_not_in_it(store_dsn: str, day: date) -> None:
    plant(store_dsn)
    with connect(store_dsn) as connection:
        Costs(connection).roll_up([DAY])
        assert judging_week(JudgingCosts(connection).between(day, day), PRICES) == JudgingWeek()

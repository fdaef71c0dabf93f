"""Budgets of a run and what the judges cost, on a real Postgres."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from include.adapters.postgres import connect
from include.adapters.postgres.judge_batches import JudgeBatches
from include.adapters.postgres.judge_spend import JudgeSpend
from include.adapters.postgres.runs import Runs
from include.domain.batch import Batch, BatchStatus, WantedCall
from include.domain.budget import JudgeBudget, Step
from include.domain.interaction import Window
from include.domain.llm import CallPurpose, LLMRequest
from include.domain.run import CoverageLedger, Epochs, Run

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
RUN = Run("native", Window(NOON, NOON + timedelta(hours=1)), live=True)
EPOCHS = Epochs({"": {"correctness": "x"}, "bank": {"correctness": "y"}})
BUDGET = JudgeBudget(Decimal(5), Decimal("4.1"), Decimal("0.05"), Step.CHEAPER)


def test_a_run_keeps_its_budgets_and_only_ever_steps_down(store_dsn: str) -> None:
    with connect(store_dsn) as connection:
        runs = Runs(connection)
        runs.begin(RUN, NOON)
        runs.validated(RUN.run_id, EPOCHS, "w", [])
        assert runs.budgets(RUN.run_id) == {}
        runs.planned(RUN.run_id, EPOCHS, {"bank": BUDGET})
        for project, step, spent in (
            ("bank", Step.ALWAYS_ONLY, "5.01"),
            ("bank", Step.SMALLER, "4.9"),  # another worker, which read the meter earlier
            ("shop", Step.SMALLER, "1"),  # it has no budget
        ):
            runs.step_down(RUN.run_id, project, step, Decimal(spent))
        expected = {"bank": JudgeBudget(Decimal(5), Decimal("5.01"), Decimal("0.05"), Step.ALWAYS_ONLY)}
        assert runs.budgets(RUN.run_id) == expected
        runs.settle(RUN.run_id, CoverageLedger(0, 0, 0, 0, 0), NOON)
        [settled] = runs.unevaluated()
        assert (settled.budgets, settled.epochs) == (expected, EPOCHS)


def test_judge_spend_is_that_of_the_day_of_the_call_and_of_calls_with_a_price(store_dsn: str) -> None:
    calls = [
        ("a", "bank", "0.25", NOON),
        ("b", "bank", "0.5", NOON.replace(hour=0)),
        ("c", "bank", None, NOON),
        ("d", "bank", "7", NOON - timedelta(hours=12, microseconds=1)),
        ("e", "shop", "0.0000001", NOON.replace(hour=23)),
        ("f", "shop", "7", NOON + timedelta(hours=12)),
        ("g", "club", None, NOON),
    ]
    with connect(store_dsn) as connection:
        for key, project, cost, at in calls:
            connection.execute(
                """INSERT INTO assay.judge_calls (request_hash, project, dimension, judge, provider_name,
                       request_model, outcome, cost, latency_ms, called_at)
                   VALUES (%s, %s, 'd', 'j', 'p', 'm', 'ok', %s, 1, %s)""",
                (key, project, cost, at),
            )
        spent = JudgeSpend(connection).of_day(NOON)
    assert spent == {"bank": Decimal("0.75"), "shop": Decimal("0.0000001"), "club": Decimal(0)}


def test_what_waits_in_a_batch_is_spent_until_its_reply_is_on_record(store_dsn: str) -> None:
    purpose = CallPurpose("bank", "d", "j")
    calls = [
        WantedCall(key, LLMRequest((), "s", {}, 0.1, 1), purpose, expected)
        for key, expected in (("a", Decimal("0.25")), ("b", Decimal("0.5")), ("c", None))
    ]
    with connect(store_dsn) as connection:
        book, spend = JudgeBatches(connection), JudgeSpend(connection)
        book.intend(Batch("batch", "https://x", "m", RUN.run_id, BatchStatus.INTENDED, NOON, NOON))
        book.admit("batch", calls)
        assert spend.of_day(NOON) == {"bank": Decimal("0.75")}
        connection.execute(
            """INSERT INTO assay.judge_calls (request_hash, project, dimension, judge, provider_name,
                   request_model, outcome, cost, latency_ms, called_at)
               VALUES ('a', 'bank', 'd', 'j', 'p', 'm', 'ok', 0.2, 1, %s)""",
            (NOON,),
        )
        assert spend.of_day(NOON) == {"bank": Decimal("0.70")}, "it is not counted twice while others are awaited"
        book.end("batch", BatchStatus.COLLECTED, NOON)
        assert spend.of_day(NOON) == {"bank": Decimal("0.20")}

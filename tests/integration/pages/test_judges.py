"""What the page of judges reads of a real store: epochs, what they gave and failed at, calls, probes, agreement."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import psycopg
import pytest
from psycopg.types.json import Jsonb

from include.adapters.postgres import connect
from include.adapters.postgres.costs import Costs
from include.adapters.postgres.judge_calls import JudgeCalls
from include.adapters.postgres.probes import Probes
from include.domain.cost import Spend
from include.domain.interaction import Window
from include.domain.judge_record import Failed
from include.domain.llm import CallPurpose, JudgeCall, LLMReply, SparedCall
from include.domain.probe import Shift
from include.domain.score import Usage
from include.pages.judges import judges
from tests.fakes.installation import NINE, Installation, rows
from tests.fakes.store_rows import insert_interaction

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
WINDOW = Window(NINE - 7 * DAY + HOUR, NINE + HOUR)
JUDGE = CallPurpose("bank", "tone", "rubric tone 1")


def score(store: psycopg.Connection, name: str, value: float, epoch: str, source: str = "LLM_JUDGE") -> None:
    store.execute(
        """INSERT INTO assay.scores (interaction_id, logged_at, dimension, epoch, source, value, explanation, cost,
               input_tokens, cached_input_tokens, scored_at)
           VALUES (%s, %s, 'tone', %s, %s, %s, '', 0.01, 100, 25, %s)""",
        (name, NINE, epoch, source, value, NINE),
    )


@pytest.fixture
def store(assay: Installation) -> Iterator[psycopg.Connection]:
    """Two epochs of a judge: the old one had its say the week before, the new one scored three answers of four."""
    with connect(assay.store) as connection:
        connection.execute("SELECT assay.ensure_partitions(%s, %s)", (NINE - 10 * DAY, NINE))
        for epoch, model, seen in (("old", "a", 9), ("new", "b", 1)):
            parts = Jsonb({"model": model, "rubric": "x" * 80 + epoch})
            connection.execute(
                "INSERT INTO assay.judge_epochs VALUES (%s, 'tone', 'LLM_JUDGE', %s, %s, %s)",
                (epoch, JUDGE.judge, parts, NINE - seen * DAY),
            )
        connection.execute(
            """INSERT INTO assay.segments_daily (day, project, environment, model, prompt_version, measure, epoch, n,
                   weight, weight_sq, total, total_sq)
               VALUES (%s, 'bank', 'prod', '', '', 'tone', 'old', 1, 1, 1, 1, 1)""",
            (NINE.replace(hour=0) - 8 * DAY,),
        )
        for number in range(4):
            insert_interaction(connection, f"i{number}", NINE, project="bank")
        for number in range(3):
            score(connection, f"i{number}", 0.5, "new")
        score(connection, "i0", 0.75, "ann", "HUMAN")
        connection.execute(
            """INSERT INTO assay.score_failures (interaction_id, logged_at, dimension, epoch, source, error_type,
                   message, retryable, failed_at)
               VALUES ('i3', %s, 'tone', 'new', 'LLM_JUDGE', 'judge_timeout', '', true, %s)""",
            (NINE, NINE),
        )
        connection.commit()
        yield connection


def test_an_epoch_is_told_with_what_it_gave_failed_at_and_how_far_from_people_it_lies(
    store: psycopg.Connection,
) -> None:
    (one,) = judges(WINDOW).epochs
    assert (one.project, one.record.epoch, one.record.model) == ("bank", "new", "b")
    assert one.given.spend == Spend(3, 0, Decimal("0.03"))
    assert (one.given.input_tokens, one.given.cached_input_tokens, one.per_thousand) == (300, 75, Decimal(10))
    assert one.failed == (Failed("bank", "new", "judge_timeout", 1),)
    assert (one.asked, one.at_fault) == (4, 1)
    assert one.agreement is not None
    assert (one.agreement.n, one.agreement.difference, one.agreement.distance) == (1, -0.25, 0.25)


def test_a_judge_that_took_over_is_told_with_what_differs_from_the_one_before(store: psycopg.Connection) -> None:
    (one,) = judges(WINDOW).epochs
    assert one.before is not None
    assert one.before.epoch == "old"
    assert one.changed == ("model: a -> b", "rubric")


def test_calls_are_told_with_those_that_were_spared(store: psycopg.Connection) -> None:
    reply = LLMReply("{}", "stop", Usage(1000, 100, 400), "b-2026", None, 1.0)
    ledger = JudgeCalls(store)
    ledger.record([JudgeCall("h", JUDGE, "openai", "b", "ok", reply, Decimal("0.02"), NINE)])
    ledger.spared({SparedCall(NINE.date(), JUDGE, "b"): Spend(3, 1, Decimal("0.04"))})
    ledger.spared({SparedCall(NINE.date(), CallPurpose("zoo", "tone", "other"), "b"): Spend(1, 0, Decimal("0.01"))})
    Costs(store).roll_up([NINE.date()])
    store.commit()
    bank, zoo = judges(WINDOW).calls
    assert (bank.calls, bank.in_batches, bank.spared) == (Spend(1, 0, Decimal("0.02")), 0, Spend(3, 1, Decimal("0.04")))
    assert (bank.input_tokens, bank.cached_input_tokens) == (1000, 400)
    assert (zoo.project, zoo.calls, zoo.spared.calls) == ("zoo", Spend(), 1)


def test_what_disguises_moved_is_told_with_its_interval(store: psycopg.Connection) -> None:
    moved = ((f"i{number}", probed) for number, probed in enumerate((0.6, 0.7, 0.8)))
    Probes(store).save(
        NINE.date(), [Shift("padded", "tone", "new", "bank", name, NINE, 0.5, probed) for name, probed in moved]
    )
    store.commit()
    (one,) = judges(WINDOW).leanings
    assert (one.record.epoch, one.shift.n) == ("new", 3)
    assert one.shift.mean == pytest.approx(0.2)
    assert one.low is not None
    assert one.low == pytest.approx(0.2 - 4.302653 * 0.1 / 3**0.5)


def test_judges_of_a_settled_window_are_told_with_their_means(assay: Installation) -> None:
    assay.log(*rows(8, NINE))
    assay.run()
    found = judges(WINDOW)
    assert {(one.project, one.record.dimension) for one in found.epochs} == {
        ("pool", "correctness"),
        ("pool", "faithfulness"),
        ("pool", "professionalism"),
    }
    assert all(one.mean is not None and one.mean.n == one.given.values > 0 for one in found.epochs)
    assert all(one.before is None and one.agreement is None for one in found.epochs)
    assert found.agreed == ()


def test_an_empty_store_has_judged_nothing(assay: Installation) -> None:
    found = judges(WINDOW)
    assert (found.epochs, found.calls, found.leanings) == ((), (), ())

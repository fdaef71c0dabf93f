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
from include.adapters.postgres.judge_records import JudgeRecords
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
        for minutes, value in ((1, 0.0), (2, 0.75)):  # the second thought counts
            connection.execute(
                """INSERT INTO assay.feedback (interaction_id, logged_at, project, environment, kind, dimension, epoch,
                       judged, value, text, who, at)
                   VALUES ('i0', %s, 'bank', 'prod', 'score', 'tone', 'new', 0.5, %s, 'too strict', 'ann', %s)""",
                (NINE, value, NINE + timedelta(minutes=minutes)),
            )
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


def test_of_very_many_values_the_cost_is_reckoned_from_those_that_were_looked_at(store: psycopg.Connection) -> None:
    store.execute(
        """INSERT INTO assay.segments_hourly (hour, project, environment, model, prompt_version, measure, epoch, n,
               weight, weight_sq, total, total_sq)
           VALUES (%s, 'bank', 'prod', '', '', 'tone', 'new', 30, 30, 30, 15, 8)""",
        (NINE,),
    )
    store.commit()
    (one,) = judges(WINDOW).epochs
    assert (one.given.values, one.given.reckoned, one.per_thousand) == (30, Decimal("0.30"), Decimal(10))


def test_values_beyond_the_newest_are_not_looked_at(store: psycopg.Connection) -> None:
    insert_interaction(store, "early", NINE - HOUR, project="bank")
    store.execute(
        """INSERT INTO assay.scores (interaction_id, logged_at, dimension, epoch, source, value, explanation, scored_at)
           VALUES ('early', %s, 'tone', 'new', 'LLM_JUDGE', 0.5, '', %s)""",
        (NINE - HOUR, NINE),
    )
    records = JudgeRecords(store)
    assert [one.values for one in records.given(WINDOW)] == [4]
    assert [one.values for one in records.given(WINDOW, most=2)] == [3]


def test_one_environment_is_told_by_itself(store: psycopg.Connection) -> None:
    insert_interaction(store, "i9", NINE, project="bank", environment="staging")
    score(store, "i9", 0.5, "new")
    store.commit()
    (staging,), (prod,) = judges(WINDOW, "staging").epochs, judges(WINDOW, "prod").epochs
    assert (staging.given.values, staging.failed, staging.agreement) == (1, (), None)
    assert (prod.given.values, sum(one.count for one in prod.failed)) == (3, 1)
    assert prod.agreement is not None
    assert judges(WINDOW).epochs[0].given.values == 4


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
    ((record, one),) = judges(WINDOW).leanings
    assert (record.epoch, one.n) == ("new", 3)
    assert one.mean == pytest.approx(0.2)
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

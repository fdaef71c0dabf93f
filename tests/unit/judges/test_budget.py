from __future__ import annotations

from collections.abc import Generator
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.domain.budget import JudgeBudget, Step
from include.domain.interaction import Interaction
from include.domain.run import Shard
from include.judges.budget import READ_EVERY_S, Meter, metered, plan

TEN = Decimal(10)
AT = datetime(2026, 11, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("spent", "full", "cheaper", "step", "expected"),
    [
        ("0", "8", "2", Step.FULL, "8"),
        ("0", "8.01", "2", Step.CHEAPER, "2"),
        ("7", "0", "0", Step.FULL, "0"),
        ("8", "0", "0", Step.FULL, "0"),
        ("8", "0.5", "0.5", Step.CHEAPER, "0.5"),
        ("8.5", "1", "0.5", Step.CHEAPER, "0.5"),
        ("8.5", "1", "0.6", Step.SMALLER, "0.15"),
        ("9.1", "1", "0", Step.SMALLER, "0"),
        ("9.9", "4", "0.4", Step.SMALLER, "0.1"),
        ("9.9", "4", "0.5", Step.ALWAYS_ONLY, "0"),
        ("10", "1", "1", Step.ALWAYS_ONLY, "0"),
        ("12", "0", "0", Step.ALWAYS_ONLY, "0"),
    ],
)
def test_the_first_step_is_taken_that_ends_before_the_next_ones_threshold(
    spent: str, full: str, cheaper: str, step: Step, expected: str
) -> None:
    found = plan(TEN, Decimal(spent), Decimal(full), Decimal(cheaper))
    assert (found.step, found.expected) == (step, Decimal(expected))


money = st.decimals(0, 1000, places=4)


@given(limit=money.filter(bool), spent=money, full=money, more=money)
def test_who_has_spent_more_is_never_higher_on_the_ladder(
    limit: Decimal, spent: Decimal, full: Decimal, more: Decimal
) -> None:
    cheaper = full / 4
    assert plan(limit, spent, full, cheaper).step <= plan(limit, spent + more, full, cheaper).step
    planned = plan(limit, spent, full, cheaper)
    assert planned.step is Step.ALWAYS_ONLY or planned.spent + planned.expected <= limit


def test_a_budget_is_read_back_as_it_was_stored() -> None:
    budget = JudgeBudget(TEN, Decimal("9.31"), Decimal("0.0000001"), Step.SMALLER)
    assert JudgeBudget.from_json(budget.to_json()) == budget  # type: ignore[arg-type]


class Till:
    def __init__(self) -> None:
        self.now, self.spent, self.asked = 0.0, Decimal(0), 0

    def read(self) -> dict[str, Decimal]:
        self.asked += 1
        return {"bank": self.spent}

    def meter(self, step: Step = Step.FULL) -> Meter:
        return Meter({"bank": JudgeBudget(TEN, Decimal(0), Decimal(0), step)}, self.read, lambda: self.now)


def test_a_meter_leads_down_as_money_is_spent_and_never_up() -> None:
    till = Till()
    meter = till.meter()
    steps = []
    for spent in ("8.5", "9", "9.99", "10", "3"):
        till.spent = Decimal(spent)
        till.now += READ_EVERY_S
        steps.append(meter.step("bank"))
    # The judge of a run does not change while it goes on: from FULL the next step is the smaller sample.
    assert steps == [Step.FULL, Step.SMALLER, Step.SMALLER, Step.ALWAYS_ONLY, Step.ALWAYS_ONLY]


def test_a_meter_asks_seldom_and_not_at_all_where_there_is_no_budget() -> None:
    till = Till()
    meter = till.meter(Step.CHEAPER)
    for _ in range(100):
        till.now += 0.1
        assert meter.step("bank") is Step.CHEAPER
        assert meter.step("shop") is Step.FULL
    assert till.asked == 2
    free = Meter({}, till.read, lambda: till.now + 1000)
    assert free.step("bank") is Step.FULL
    assert till.asked == 2


def shard(first: str = "i0") -> Shard:
    return Shard("run", 0, 6, (AT.isoformat(), first), (AT.isoformat(), "i5"))


def test_what_is_left_of_a_shard_is_read_again_after_a_step_down() -> None:
    till = Till()
    meter = till.meter()
    sampled = [f"i{number}" for number in range(6)]
    told = []

    def pending(rest: Shard) -> Generator[tuple[Interaction, frozenset[str]]]:
        for name in sampled:
            if name >= rest.first[1]:
                yield interaction(name), frozenset({"epoch"})

    def step_down(project: str, step: Step, rest: Shard) -> None:
        told.append((project, step, rest.first[1]))
        sampled[:] = [name for name in sampled if name < rest.first[1] or name == "i4"]

    given = []
    for one, missing in metered(shard(), pending, meter, step_down):
        given.append(one.interaction_id)
        assert missing == {"epoch"}
        if one.interaction_id == "i1":
            till.spent = Decimal("9.5")
            till.now += READ_EVERY_S
    assert given == ["i0", "i1", "i4"]
    assert told == [("bank", Step.SMALLER, "i2")]


def interaction(name: str) -> Interaction:
    return Interaction(
        interaction_id=name,
        logged_at=AT,
        occurred_at=AT,
        project="bank",
        environment="prod",
        user_input="q",
        response="a",
    )

"""Money that runs away, and money that merely moves."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from include.domain.interaction import Window
from include.domain.rule import RuleOutcome, RuleResult
from include.domain.run import CoverageLedger, Epochs
from include.monitors.evaluate import Settled, evaluate
from include.monitors.rules import Rules, SpendRule
from tests.unit.monitors.memory import HOUR, Memory
from tests.unit.monitors.worlds import NOW, between, steady

OK, BREACHED, NO_DATA = RuleOutcome.OK, RuleOutcome.BREACHED, RuleOutcome.NO_DATA
RULE = SpendRule(name="x", description="d", test="spend", category="cost", owner="o", runbook="r", min_effect=0.5)


def result(memory: Memory, length: timedelta = HOUR) -> RuleResult:
    window = Window(NOW - length, NOW)
    [only] = evaluate(Rules(rules=(RULE,)), Settled(window, CoverageLedger(9, 0, 0, 9, 0), Epochs({})), memory)
    return only


@pytest.mark.parametrize(
    ("usual", "then", "outcome"),
    [
        ((0.05,) * 8, (0.05,) * 8, OK),
        ((0.05,) * 8, (0.05,) * 70, BREACHED),  # more calls
        ((0.05,) * 8, (0.50,) * 8, BREACHED),  # dearer calls
        ((0.05,) * 8, (0.05,) * 22, OK),  # less than three times
        ((0.001,) * 8, (0.001,) * 400, OK),  # fifty times, but of cents
        ((0.05,) * 8, (), NO_DATA),  # nothing, or nothing with a price
    ],
)
def test_a_spike_is_many_times_the_usual_and_worth_the_money(
    usual: Sequence[float], then: Sequence[float], outcome: RuleOutcome
) -> None:
    assert result(steady("spend", between(-1, 0, usual, then))).outcome is outcome


def test_a_spend_that_always_swings_needs_more_to_alarm() -> None:
    swinging = steady("spend", lambda hour: [0.1] * (40 if hour == NOW - HOUR else (2, 10, 25)[hour.toordinal() % 3]))
    steadily = steady("spend", lambda hour: [0.1] * (40 if hour == NOW - HOUR else 10))
    assert (result(swinging).outcome, result(steadily).outcome) == (OK, BREACHED)


def test_the_evidence_tells_more_calls_from_dearer_ones() -> None:
    found = result(steady("spend", between(-1, 0, (0.05,) * 8, (0.5,) * 8)))
    details = found.evidence.details
    assert (found.evidence.n, details["usual_interactions"]) == (8, 8)
    assert details["cost_per_interaction"] == pytest.approx(0.5)
    assert details["usual_cost_per_interaction"] == pytest.approx(0.05)
    assert found.sentence == "p / prod: 4.00 USD by 8 interactions, usually 0.40 USD by 8"


def test_a_past_incident_is_not_the_norm_and_a_day_compares_with_days() -> None:
    memory = steady("spend", between(-72, -24, (0.05,) * 8, (0.5,) * 8))
    assert result(memory, timedelta(days=1)).outcome is OK
    assert result(memory, timedelta(days=1)).evidence.reference == pytest.approx(24 * 0.4)


def test_days_that_were_not_run_are_no_days_without_spend() -> None:
    memory = steady("spend", lambda _: (0.05,) * 8)
    memory.settled = {hour for hour in memory.settled if hour >= NOW - timedelta(days=2)}
    found = result(memory)
    assert (found.outcome, found.sentence) == (
        NO_DATA,
        "p / prod: 1 past days know these hours, of 3 that are needed",
    )


def test_a_project_without_a_past_has_no_usual_spend() -> None:
    memory = Memory()
    memory.add("spend", NOW - HOUR, (5.0,) * 9)
    assert result(memory).outcome is NO_DATA

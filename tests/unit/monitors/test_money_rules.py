"""The shipped rules on prices that nobody knows and bills that differ."""

from __future__ import annotations

import pytest

from include.adapters.yaml_file import load
from include.domain.rule import RuleOutcome
from include.monitors.rules import LevelRule, Rules
from include.settings import STAGES
from tests.unit.monitors.memory import HOUR, MONDAY, Memory, hours
from tests.unit.monitors.test_level import results
from tests.unit.monitors.worlds import NOW

RULES = {one.name: one for one in load(STAGES / "monitors/rules.yaml", Rules).rules if isinstance(one, LevelRule)}
PAST = hours(MONDAY, (NOW - MONDAY) // HOUR)


@pytest.mark.parametrize("name", ["price-unknown", "bill-differs"])
def test_the_model_is_named_within_the_hour_and_no_other(name: str) -> None:
    rule, memory = RULES[name], Memory(PAST)
    for hour in PAST:
        memory.add(rule.measure, hour, [0.0] * 20, model="known")
    memory.add(rule.measure, PAST[-1], [1.0] * 10, model="new")
    found = {one.labels["segment"]: one for one in results(rule, memory)}
    assert found["model=known"].outcome is RuleOutcome.OK
    assert found["model=new"].outcome is RuleOutcome.BREACHED
    assert found["model=new"].sentence.startswith("p / prod / new: ")


@pytest.mark.parametrize(("unpriced", "outcome"), [(0, RuleOutcome.OK), (30, RuleOutcome.BREACHED)])
def test_a_part_of_the_calls_of_a_model_is_found_as_well(unpriced: int, outcome: RuleOutcome) -> None:
    memory = Memory(PAST)
    for hour in PAST:
        memory.add("unpriced", hour, [0.0] * 100, model="m")
    memory.add("unpriced", PAST[-1], [1.0] * unpriced + [0.0] * 70, model="m")
    (found,) = results(RULES["price-unknown"], memory)
    assert found.outcome is outcome


@pytest.mark.parametrize(("calls", "outcome"), [(2, RuleOutcome.NO_DATA), (3, RuleOutcome.BREACHED)])
def test_a_model_that_is_hardly_used_is_named_from_its_third_call_on(calls: int, outcome: RuleOutcome) -> None:
    memory = Memory(PAST)
    memory.add("unpriced", PAST[-1], [1.0] * calls, model="rare")
    (found,) = results(RULES["price-unknown"], memory)
    assert found.outcome is outcome

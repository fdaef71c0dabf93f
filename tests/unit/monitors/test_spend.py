"""Money that runs away, and money that merely moves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from random import Random

import pytest

from include.domain.interaction import Window
from include.domain.rule import RuleOutcome, RuleResult
from include.domain.run import CoverageLedger, Epochs
from include.monitors.evaluate import Settled, evaluate
from include.monitors.rules import Rules, SpendRule
from tests.unit.monitors.memory import HOUR, MONDAY, Memory
from tests.unit.monitors.worlds import NOW, between, steady

OK, BREACHED, NO_DATA = RuleOutcome.OK, RuleOutcome.BREACHED, RuleOutcome.NO_DATA
RULE = SpendRule(name="x", description="d", test="spend", category="cost", owner="o", runbook="r", min_effect=0.5)
DAILY = RULE.model_copy(update={"over": timedelta(days=1), "every": timedelta(days=1), "factor": 1.5})
ANSWERS = RULE.model_copy(update={"measure": "cost_per_answer", "over": 6 * HOUR, "factor": 1.25})
LEDGER = CoverageLedger(9, 0, 0, 9, 0)
EIGHT = (0.05,) * 8


def results(memory: Memory, rule: SpendRule = RULE, length: timedelta = HOUR, end: datetime = NOW) -> list[RuleResult]:
    return evaluate(Rules(rules=(rule,)), Settled(Window(end - length, end), LEDGER, Epochs({})), memory)


def result(memory: Memory, rule: SpendRule = RULE, length: timedelta = HOUR, end: datetime = NOW) -> RuleResult:
    [only] = results(memory, rule, length, end)
    return only


@pytest.mark.parametrize(
    ("usual", "then", "outcome"),
    [
        (EIGHT, EIGHT, OK),
        (EIGHT, (0.05,) * 70, BREACHED),  # more calls
        (EIGHT, (0.50,) * 8, BREACHED),  # dearer calls
        (EIGHT, (0.05,) * 22, OK),  # less than three times
        ((0.001,) * 8, (0.001,) * 400, OK),  # fifty times, but of cents
        (EIGHT, (), NO_DATA),  # nothing, or nothing with a price
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


def test_weekends_are_held_to_weekends_and_share_how_far_days_swing() -> None:
    saturday = MONDAY + timedelta(days=12, hours=12)
    quiet = steady("spend", lambda hour: (0.05,) * (4 if hour.weekday() >= 5 else 100))
    found = result(quiet, end=saturday)
    assert found.evidence.reference is None  # a single weekend is known
    found = result(quiet, end=NOW)
    assert (found.outcome, found.evidence.reference) == (OK, pytest.approx(5.0))


def logged(
    memory: Memory, hour: datetime, n: int, usd: float, *, tokens: tuple[float, float] = (1000, 100), model: str = "m"
) -> None:
    """`n` interactions of so much USD each, and so many tokens."""
    memory.add("volume", hour, [1.0] * n, model=model)
    memory.add("spend", hour, [usd] * n, model=model)
    for measure, each in zip(("input_tokens", "output_tokens"), tokens, strict=True):
        memory.add(measure, hour, [each] * n, model=model)


def world(now: Callable[[Memory, datetime], None], since: datetime = NOW - HOUR) -> Memory:
    """Eight interactions an hour for 0.05 USD each; since then what `now` logs."""
    memory = Memory(MONDAY + number * HOUR for number in range((NOW - MONDAY) // HOUR))
    for hour in sorted(memory.settled):
        if hour >= since:
            now(memory, hour)
        else:
            logged(memory, hour, 8, 0.05)
    return memory


def test_a_retry_loop_with_longer_prompts_is_told_by_both_factors() -> None:
    """At the usual rates 1,000 input and 100 output tokens cost as much as 1,500 input tokens."""
    found = result(world(lambda memory, hour: logged(memory, hour, 32, 0.10, tokens=(2500, 100))))
    assert found.sentence == (
        "p / prod: 3.20 USD by 32 interactions (usually 0.40 USD by 8). "
        "4.0 times as many interactions: +1.80 USD; 2.5 times as many input tokens each: +1.00 USD"
    )
    factors = found.evidence.details["factors"]
    assert isinstance(factors, list)
    assert [one["factor"] for one in factors if isinstance(one, dict)] == ["traffic", "input tokens"]


def test_a_dearer_model_that_was_swapped_in_is_told_as_the_mix() -> None:
    found = result(world(lambda memory, hour: logged(memory, hour, 8, 0.5, model="grand")))
    assert found.sentence == (
        "p / prod: 4.00 USD by 8 interactions (usually 0.40 USD by 8). "
        "100 % of interactions by grand, none before: +3.60 USD"
    )


def test_the_evidence_tells_what_an_interaction_costs() -> None:
    details = result(world(lambda memory, hour: logged(memory, hour, 8, 0.5))).evidence.details
    assert details["usual_interactions"] == 8
    assert details["cost_per_interaction"] == pytest.approx(0.5)
    assert details["usual_cost_per_interaction"] == pytest.approx(0.05)


def test_interactions_without_a_price_are_counted_and_make_no_good_news() -> None:
    def unpriced(memory: Memory, hour: datetime, n: int) -> None:
        logged(memory, hour, 8, 0.05)
        memory.add("volume", hour, [1.0] * n, model="unknown")

    few, most = (result(world(lambda memory, hour, n=n: unpriced(memory, hour, n))) for n in (5, 9))
    assert (few.outcome, few.evidence.details["unpriced"]) == (OK, 5)
    assert few.sentence.endswith("5 more have no known price")
    assert (most.outcome, most.sentence) == (NO_DATA, "p / prod: 9 of 17 interactions have no known price")


def test_a_past_incident_is_not_the_norm_and_a_day_compares_with_days() -> None:
    memory = steady("spend", between(-72, -24, EIGHT, (0.5,) * 8))
    found = result(memory, length=timedelta(days=1))
    assert (found.outcome, found.evidence.reference) == (OK, pytest.approx(24 * 0.4))


def test_days_that_were_not_run_are_no_days_without_spend() -> None:
    memory = steady("spend", lambda _: EIGHT)
    memory.settled = {hour for hour in memory.settled if hour >= NOW - timedelta(days=2)}
    found = result(memory)
    assert (found.outcome, found.sentence) == (
        NO_DATA,
        "p / prod: 1 past days know these hours, 1 of them of the same kind; 7 and 3 are needed",
    )


def test_a_project_without_a_past_has_no_usual_spend() -> None:
    memory = Memory()
    memory.add("spend", NOW - HOUR, (5.0,) * 9)
    assert result(memory).outcome is NO_DATA


def test_a_day_is_looked_at_once_when_it_is_over() -> None:
    memory = steady("spend", lambda _: EIGHT)
    midnight = NOW - 12 * HOUR
    assert results(memory, DAILY) == []
    assert result(memory, DAILY, end=midnight).evidence.value == pytest.approx(24 * 0.4)


def test_growth_of_some_percent_a_day_is_found_although_no_hour_spikes() -> None:
    rng = Random(7)
    memory = steady("spend", lambda hour: [0.05 * rng.uniform(0.8, 1.25) * 1.06 ** ((hour - MONDAY).days)] * 8)
    end = NOW - 12 * HOUR
    assert (result(memory, end=end).outcome, result(memory, DAILY, end=end).outcome) == (OK, BREACHED)


def test_an_answer_that_costs_more_for_hours_is_dearer_whatever_the_traffic() -> None:
    grown = world(lambda memory, hour: logged(memory, hour, 4, 0.10, tokens=(2500, 100)), NOW - 4 * HOUR)
    found = result(grown, ANSWERS)
    assert found.outcome is BREACHED
    assert found.sentence == (
        "p / prod: 2.40 USD by 32 interactions (usually 1.60 USD). 75 % more input tokens each: +0.80 USD"
    )


def test_an_hour_of_incident_makes_no_answers_dearer() -> None:
    loop = world(lambda memory, hour: logged(memory, hour, 100, 0.5), NOW - HOUR)
    assert (result(loop).outcome, result(loop, ANSWERS).outcome) == (BREACHED, OK)


def test_a_model_with_dearer_answers_is_found_behind_the_cheap_traffic_of_another() -> None:
    def two(memory: Memory, hour: datetime, tokens: int) -> None:
        logged(memory, hour, 40, 0.05, model="cheap")
        logged(memory, hour, 4, 0.1 * (tokens + 500) / 1500, tokens=(tokens, 100), model="grand")

    memory = Memory(MONDAY + number * HOUR for number in range((NOW - MONDAY) // HOUR))
    for hour in sorted(memory.settled):
        two(memory, hour, 2500 if hour >= NOW - 6 * HOUR else 1000)
    found = result(memory, ANSWERS)
    assert (found.outcome, found.evidence.details["model"]) == (BREACHED, "grand")
    assert found.sentence == (
        "p / prod: 4.80 USD by 24 interactions of grand (usually 2.40 USD). "
        "2.5 times as many input tokens each: +2.40 USD"
    )


def test_where_a_model_is_new_its_project_still_has_a_past() -> None:
    swapped = world(lambda memory, hour: logged(memory, hour, 8, 0.1, model="grand"), NOW - 6 * HOUR)
    found = result(swapped, ANSWERS)
    assert found.outcome is BREACHED
    assert found.sentence.endswith("100 % of interactions by grand, none before: +2.40 USD")


def test_a_handful_of_answers_never_alarms() -> None:
    few = world(lambda memory, hour: logged(memory, hour, 1, 0.12), NOW - 6 * HOUR)
    assert result(few, ANSWERS).outcome is OK

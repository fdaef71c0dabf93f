"""A judge that takes over: its own scores of the past are its reference, those of the judge before it never are."""

from __future__ import annotations

import pytest

from include.domain.rule import RuleOutcome
from tests.unit.monitors.memory import DAY, HOUR, Memory
from tests.unit.monitors.test_level import result, rule
from tests.unit.monitors.worlds import GOOD, NOW, POOR, steady

MIDNIGHT = NOW.replace(hour=0)
WHO = {"faithfulness": "E2"}
STRICTER = tuple(score - 0.15 for score in GOOD)


def taken_over(today: tuple[float, ...], days_again: int) -> Memory:
    """E judged GOOD until midnight; E2 judges `today`, and again the last days, which it finds STRICTER."""
    memory = steady("faithfulness", lambda hour: GOOD if hour < MIDNIGHT else (), epoch="E")
    for number in range(days_again * 24):
        memory.add("faithfulness", MIDNIGHT - (number + 1) * HOUR, STRICTER, epoch="E2")
    for number in range((NOW - MIDNIGHT) // HOUR):
        memory.add("faithfulness", MIDNIGHT + number * HOUR, today, epoch="E2")
    return memory


def test_without_scores_of_its_own_past_it_says_what_would_give_it_a_reference() -> None:
    found = result(rule(), taken_over(STRICTER, days_again=0), epochs=WHO)
    assert found.outcome is RuleOutcome.NO_DATA
    assert found.sentence.endswith(
        "judge E gave the earlier scores, E2 judges now: past days that it scores in a backfill become its reference"
    )


@pytest.mark.parametrize("days_again", [2, 5, 10])
@pytest.mark.parametrize(("today", "outcome"), [(STRICTER, RuleOutcome.OK), (POOR, RuleOutcome.BREACHED)])
def test_days_that_it_scored_again_are_its_reference_and_its_strictness_is_no_fall(
    days_again: int, today: tuple[float, ...], outcome: RuleOutcome
) -> None:
    found = result(rule(), taken_over(today, days_again), epochs=WHO)
    assert found.outcome is outcome
    assert found.evidence.reference == pytest.approx(sum(STRICTER) / 4)
    assert found.evidence.reference_n is not None
    assert found.evidence.reference_n <= days_again * DAY // HOUR * 4

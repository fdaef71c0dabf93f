"""What a score or share is held to: targets as they are, pinned days, what went before, the same hours of the week."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from include.domain.interaction import Window
from include.domain.rule import RuleOutcome
from include.domain.run import Epochs
from include.monitors.evaluate import Settled, evaluate
from include.monitors.rules import Rules
from tests.unit.monitors.memory import HOUR, MONDAY, Memory, hours
from tests.unit.monitors.test_level import LEDGER, result, results, rule
from tests.unit.monitors.worlds import GOOD, NOW, POOR, between, steady

OK, BREACHED, NO_DATA = RuleOutcome.OK, RuleOutcome.BREACHED, RuleOutcome.NO_DATA
VERSIONS = ["project", "environment", "prompt_version"]


@pytest.mark.parametrize("score", [0.649, 0.65, 0.699])
@pytest.mark.parametrize(("below_target", "outcome"), [(0.0, OK), (0.021, BREACHED)])
def test_a_target_beside_the_edge_of_a_bin_is_no_false_alarm(
    score: float, below_target: float, outcome: RuleOutcome
) -> None:
    memory = steady("faithfulness", lambda _: [score] * 20, epoch="E")
    found = result(rule(target=round(score + below_target, 3), min_effect=0.02, over="14d"), memory)
    assert found.outcome is outcome
    assert found.evidence.value == pytest.approx(score)


def test_pinned_days_are_the_reference_for_ever_after() -> None:
    pinned = rule(baseline={"from": "2026-11-02", "to": "2026-11-05"})
    memory = Memory()
    for hour in hours(MONDAY, (NOW - MONDAY) // HOUR):  # it was good for four days, and is poor ever since
        memory.add("faithfulness", hour, GOOD if hour < MONDAY + timedelta(days=4) else POOR, epoch="E")
    found = result(pinned, memory)
    assert (found.outcome, found.evidence.reference) == (BREACHED, pytest.approx(0.9375))
    assert found.evidence.reference_n == 4 * 24 * 4
    assert found.sentence.endswith("from 2026-11-02 to 2026-11-05 0.94")
    assert found.evidence.details["reference"] == "from 2026-11-02 to 2026-11-05"
    assert result(rule(), memory).outcome is OK  # of its own last two weeks most are poor


def test_nothing_within_the_pinned_days_is_held_to_them() -> None:
    pinned = rule(baseline={"from": "2026-11-10", "to": NOW.date().isoformat()})
    found = result(pinned, steady("faithfulness", lambda _: GOOD, epoch="E"))
    assert (found.outcome, found.evidence.n) == (NO_DATA, 0)


def released(*versions: tuple[str, int, Sequence[float]]) -> Memory:
    """Each version from so many hours before NOW, until the next one comes."""
    memory = Memory()
    for (version, start, scores), end in zip(versions, [*(one[1] for one in versions[1:]), 0], strict=True):
        for hours_ago in range(start, end, -1):
            memory.add("faithfulness", NOW - hours_ago * HOUR, scores, epoch="E", version=version)
    return memory


@pytest.mark.parametrize(("scores", "outcome"), [(GOOD, OK), (POOR, BREACHED)])
def test_a_new_version_is_compared_with_the_one_that_it_followed(scores: Sequence[float], outcome: RuleOutcome) -> None:
    memory = released(("v1", 400, POOR), ("v2", 100, GOOD), ("v3", 10, scores))
    [found] = [one for one in results(rule(by=VERSIONS), memory) if one.labels["segment"] == "prompt_version=v3"]
    assert (found.outcome, found.evidence.reference) == (outcome, pytest.approx(0.9375))
    assert found.sentence.endswith("compared with prompt version v2, which it followed: 0.94")
    assert found.evidence.details["reference"] == "compared with prompt version v2, which it followed:"


def test_a_version_that_hardly_answered_is_passed_over() -> None:
    memory = released(("v1", 400, GOOD), ("v2", 12, POOR), ("v3", 10, POOR))
    [found] = [one for one in results(rule(by=VERSIONS), memory) if one.labels["segment"] == "prompt_version=v3"]
    assert found.outcome is BREACHED
    assert "compared with prompt version v1" in found.sentence


def test_a_canary_that_runs_beside_is_not_what_is_followed() -> None:
    memory = released(("v1", 400, GOOD))
    for hours_ago in range(200, 0, -1):
        memory.add("faithfulness", NOW - hours_ago * HOUR, POOR[:2], epoch="E", version="canary")
    for hours_ago in range(6, 0, -1):
        memory.add("faithfulness", NOW - hours_ago * HOUR, GOOD, epoch="E", version="v2")
    [found] = [one for one in results(rule(by=VERSIONS), memory) if one.labels["segment"] == "prompt_version=v2"]
    assert found.outcome is OK
    assert "compared with prompt version v1" in found.sentence


def test_of_two_models_a_new_prompt_is_compared_with_the_old_one_of_its_own_model() -> None:
    memory = Memory()
    for hours_ago in range(400, 0, -1):
        version = "v1" if hours_ago > 6 else "v2"
        memory.add("faithfulness", NOW - hours_ago * HOUR, [0.95] * 8, epoch="E", model="large", version=version)
        memory.add("faithfulness", NOW - hours_ago * HOUR, [0.75] * 4, epoch="E", model="small", version=version)
    found = results(rule(by=["project", "model", "prompt_version"]), memory)
    told = {one.labels["segment"]: one.sentence for one in found if one.outcome is OK}
    assert "compared with prompt version v1, which it followed: 0.75" in told["model=small, prompt_version=v2"]
    assert "compared with prompt version v1, which it followed: 0.95" in told["model=large, prompt_version=v2"]


def test_versions_of_other_projects_are_followed_by_nobody() -> None:
    memory = steady("faithfulness", lambda _: GOOD, epoch="E", project="other")
    for hours_ago in range(10, 0, -1):
        memory.add("faithfulness", NOW - hours_ago * HOUR, POOR, epoch="E", version="v9")
    [found] = [one for one in results(rule(by=VERSIONS), memory) if one.labels["project"] == "p"]
    assert (found.outcome, found.evidence.details["reason"]) == (
        NO_DATA,
        "its past holds 0 of the 100 values that a reference needs",
    )


def test_against_previous_a_version_is_held_to_its_predecessor_while_that_is_in_sight() -> None:
    previous = rule(by=VERSIONS, against="previous")
    memory = released(("v1", 400, GOOD), ("v2", 240, POOR))
    by_version = {one.labels["segment"]: one for one in results(previous, memory)}
    assert by_version["prompt_version=v2"].outcome is BREACHED  # since ten days, which its own past would hide
    assert result(rule(by=VERSIONS), released(("v2", 240, POOR))).outcome is OK
    [first] = results(previous, released(("v1", 400, GOOD)))
    assert (first.outcome, first.evidence.details["reason"]) == (
        NO_DATA,
        "it followed nothing that is in sight, or too little to compare it with",
    )


@pytest.mark.parametrize(
    ("answers", "silent", "outcome"),
    [(8, 3, OK), (8, 1, NO_DATA), (0, 3, NO_DATA)],  # three hours prove what one does not, and silence proves nothing
)
def test_a_version_that_was_withdrawn_is_well_again(answers: int, silent: int, outcome: RuleOutcome) -> None:
    """A third of the answers were its own; an alert of it must end."""
    memory = released(("v1", 400, GOOD))
    for hours_ago in range(20, 0, -1):
        memory.rows["faithfulness", NOW - hours_ago * HOUR].clear()
        then = hours_ago > silent
        memory.add("faithfulness", NOW - hours_ago * HOUR, GOOD * 2 if then else [0.9] * answers, epoch="E")
        memory.add("faithfulness", NOW - hours_ago * HOUR, POOR if then else (), epoch="E", version="v2")
    [found] = [one for one in results(rule(by=VERSIONS), memory) if one.labels["segment"] == "prompt_version=v2"]
    assert found.outcome is outcome


def night(hour: datetime) -> bool:
    return hour.hour < 6


def week(tonight: Sequence[float]) -> Memory:
    """Nights are poorer than days, at all times; the last night holds `tonight`."""
    memory = Memory()
    for hour in hours(NOW - timedelta(days=30), 30 * 24):
        last = hour >= NOW.replace(hour=0)
        memory.add("faithfulness", hour, (tonight if last else POOR) if night(hour) else GOOD, epoch="E")
    return memory


@pytest.mark.parametrize(
    ("same_hours", "tonight", "outcome"),
    [(False, POOR, BREACHED), (True, POOR, OK), (True, (0.1, 0.2, 0.0, 0.3), BREACHED)],
)
def test_hours_are_held_to_the_same_hours_of_the_week(
    same_hours: bool, tonight: Sequence[float], outcome: RuleOutcome
) -> None:
    """At six in the morning, at the end of the night."""
    morning = NOW.replace(hour=6)
    one = rule(same_hours=same_hours, trailing="21d")
    [found] = evaluate(
        Rules(rules=(one,)),
        Settled(Window(morning - HOUR, morning), LEDGER, Epochs({"": {"faithfulness": "E"}})),
        week(tonight),
    )
    assert found.outcome is outcome
    if same_hours:
        assert found.evidence.reference == pytest.approx(0.425)
        assert "usually at these hours 0.4" in found.sentence


def test_hours_of_which_too_little_is_known_are_held_to_more_of_the_past() -> None:
    few = rule(same_hours=True, reference_min_n=700)
    found = result(few, steady("faithfulness", between(-6, 0, GOOD, POOR), epoch="E"))
    assert (found.outcome, found.evidence.reference) == (BREACHED, pytest.approx(0.9375))


def test_only_what_the_filter_lets_through_is_looked_at() -> None:
    memory = steady("faithfulness", between(-6, 0, GOOD, ()), epoch="E")
    for hours_ago in range(6, 0, -1):
        memory.add("faithfulness", NOW - hours_ago * HOUR, POOR, epoch="E", language="de")
        memory.add("faithfulness", NOW - hours_ago * HOUR, GOOD, epoch="E")
    assert result(rule(where={"language": "en"}), memory).outcome is OK
    [german] = results(rule(where={"language": "de"}, target=0.9, by=["project"]), memory)
    assert (german.outcome, german.labels["project"], german.labels["segment"]) == (BREACHED, "p", "language=de")

"""A judge that takes over: until it has a reference of its own, what falls may be the judge."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from include.adapters.yaml_file import load
from include.domain.interaction import Json, Window
from include.domain.rule import RuleOutcome, RuleResult
from include.domain.run import CoverageLedger, Epochs
from include.domain.score import KnownJudge
from include.monitors.evaluate import Settled, evaluate
from include.monitors.rules import EpochRule, Rules
from include.monitors.takeover import differences
from include.settings import STAGES
from tests.unit.monitors.memory import DAY, HOUR, Memory

RULES = Rules(
    rules=tuple(rule for rule in load(STAGES / "monitors/rules.yaml", Rules).rules if isinstance(rule, EpochRule))
)
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
SEEN = datetime(2026, 11, 20, 9, 5, tzinfo=UTC)
PARTS: dict[str, Json] = {"model": "a", "temperature": 0, "rubric": "0" * 64}


def known(epochs: Collection[str]) -> dict[str, KnownJudge]:
    judges = {
        "E": KnownJudge("facts v1", PARTS, SEEN - 30 * DAY),
        "E2": KnownJudge("facts v1", PARTS | {"model": "b", "rubric": "1" * 64}, SEEN),
    }
    return {epoch: judges[epoch] for epoch in epochs if epoch in judges}


def day(memory: Memory, days_ago: int, n: int, epoch: str, project: str = "p", measure: str = "facts") -> None:
    memory.add(measure, (NOON - days_ago * DAY).replace(hour=9), [0.9] * n, epoch=epoch, project=project)


def results(memory: Memory, epochs: Mapping[str, Mapping[str, str]], at: datetime = NOON) -> list[RuleResult]:
    run = Settled(Window(at - HOUR, at), CoverageLedger(1, 0, 0, 1, 0), Epochs(epochs), judges=known)
    return evaluate(RULES, run, memory)


@pytest.mark.parametrize(
    ("days", "outcome"),
    [
        ([(1, 300, "E2")], RuleOutcome.OK),  # nobody else ever judged
        ([(1, 5, "E2")], RuleOutcome.OK),
        ([(1, 300, "E")], RuleOutcome.BREACHED),  # it took over today
        ([(2, 300, "E"), (1, 199, "E2")], RuleOutcome.BREACHED),
        ([(2, 300, "E"), (1, 200, "E2")], RuleOutcome.OK),
        ([(3, 100, "E2"), (2, 300, "E"), (1, 100, "E2")], RuleOutcome.OK),  # back from where it was
        ([(2, 300, "E"), (2, 200, "E2")], RuleOutcome.OK),  # a backfill judged that day again
        ([(28, 300, "E"), (1, 9, "E2")], RuleOutcome.BREACHED),
        ([(29, 300, "E"), (1, 9, "E2")], RuleOutcome.OK),  # nothing is compared with so long ago
        ([(1, 300, "E"), (0, 500, "E2")], RuleOutcome.BREACHED),  # today is what is to be compared
    ],
)
def test_it_is_told_until_the_new_judge_has_a_reference_of_its_own(
    days: list[tuple[int, int, str]], outcome: RuleOutcome
) -> None:
    memory = Memory()
    for days_ago, n, epoch in days:
        day(memory, days_ago, n, epoch)
    [found] = results(memory, {"": {"facts": "E2"}})
    assert found.outcome is outcome


def test_the_evidence_names_both_judges_what_differs_and_since_when() -> None:
    memory = Memory()
    day(memory, 1, 300, "E")
    day(memory, 1, 40, "E2")
    [found] = results(memory, {"": {"facts": "E2"}})
    assert found.evidence.details == {
        "epoch": "E2",
        "before": "E",
        "changed": ["model: a -> b", "rubric"],
        "first_seen_at": "2026-11-20T09:05:00+00:00",
    }
    assert (found.evidence.value, found.evidence.reference, found.evidence.n) == (40, 200, 40)
    assert found.annotations["unit"] == "interactions"
    assert found.labels == {
        "alertname": "judge-changed",
        "severity": "info",
        "category": "judge",
        "project": "p",
        "environment": "prod",
        "dimension": "facts",
    }
    assert found.sentence == (
        "p / prod: judge E2 of facts took over from E (model: a -> b, rubric); of past days it scored 40 of the 200 "
        "interactions that it takes to compare: a lower score may be a stricter judge"
    )


def test_only_projects_whose_own_judge_changed_are_told() -> None:
    memory = Memory()
    for project in ("p", "q", "gone"):
        day(memory, 1, 300, "E", project)
    found = results(memory, {"": {"facts": "E2"}, "q": {"facts": "E"}, "gone": {"tone": "T"}})
    assert {one.labels["project"]: one.outcome for one in found} == {
        "p": RuleOutcome.BREACHED,
        "q": RuleOutcome.OK,
    }


def test_of_several_judges_before_it_the_last_is_named() -> None:
    memory = Memory()
    day(memory, 5, 300, "E0")
    day(memory, 2, 10, "E")
    [found] = results(memory, {"": {"facts": "E2"}})
    assert found.evidence.details["before"] == "E"


def test_composites_of_other_weights_are_not_compared_either() -> None:
    memory = Memory()
    day(memory, 1, 300, "S", measure="composite")
    [found] = results(memory, {"": {"composite": "S2"}})
    assert found.outcome is RuleOutcome.BREACHED
    assert found.evidence.details["changed"] == ["its judges or weights"]


def test_a_judge_that_nobody_noted_is_told_all_the_same() -> None:
    memory = Memory()
    day(memory, 1, 300, "X")
    [found] = results(memory, {"": {"facts": "E2"}})
    assert found.outcome is RuleOutcome.BREACHED
    assert found.evidence.details["changed"] == ["nobody knows how they differ"]


def test_parts_within_parts_are_named_by_their_path_and_what_came_or_went_is_named() -> None:
    before: dict[str, Json] = {"cheap": {"model": "a", "parser": 1}, "rule": {"samples": 2}, "panel": [1]}
    now: dict[str, Json] = {"cheap": {"model": "b", "parser": 1}, "strong": {"model": "c"}, "rule": {"samples": 2}}
    assert list(differences(before, now)) == ["cheap.model: a -> b", "panel", "strong"]


def test_it_is_a_matter_of_projects() -> None:
    given = RULES.rules[0].model_dump(by_alias=True)
    with pytest.raises(ValidationError, match="name project"):
        EpochRule.model_validate(given | {"by": ["environment"]})
    assert EpochRule.model_validate(given | {"by": ["project"]}).trailing == timedelta(days=28)

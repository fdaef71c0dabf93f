"""All rules together over one window, and one that breaks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from include.domain.interaction import Window
from include.domain.rule import RuleOutcome, RuleResult
from include.domain.run import CoverageLedger, Epochs
from include.domain.segment import SegmentRow
from include.monitors import result
from include.monitors.evaluate import Settled, evaluate
from include.monitors.result import Finding
from include.monitors.rules import Rules
from tests.unit.monitors.memory import HOUR, Memory
from tests.unit.monitors.test_level import rule
from tests.unit.monitors.test_rules import SHIPPED
from tests.unit.monitors.worlds import NOW, between, noisy, steady

EPOCHS = {"composite": "S", "correctness": "C", "faithfulness": "F", "professionalism": "P"}
LEDGER = CoverageLedger(40, 0, 0, 40, 0)


def world(**disturbed: object) -> Memory:
    """Two projects; `disturbed` replaces what a measure of project p holds in an hour."""
    memory = Memory()
    for number, project in enumerate("pq"):
        usual = {
            "composite": noisy(number, 0.9, 8),
            "correctness": noisy(number + 2, 0.9, 8),
            "faithfulness": noisy(number + 4, 0.88, 8),
            "professionalism": noisy(number + 6, 0.95, 8),
            "volume": lambda _: [1.0] * 20,
            "spend": lambda _: [0.02] * 20,
            "error": lambda hour: [1.0, *[0.0] * 19] if hour.hour == 3 else [0.0] * 20,
            "quarantine": lambda _: [0.0] * 20,
            "failure": lambda _: [0.0] * 20,
        }
        for measure, values in (usual | (disturbed if project == "p" else {})).items():
            steady(measure, values, epoch=EPOCHS.get(measure, ""), project=project, memory=memory)  # type: ignore[arg-type]
    memory.settled = {NOW - number * HOUR for number in range(1, 17 * 24)}
    return memory


def breached(memory: Memory, ledger: CoverageLedger = LEDGER) -> set[tuple[str, str]]:
    results = evaluate(SHIPPED, Settled(Window(NOW - HOUR, NOW), ledger, Epochs({"": EPOCHS})), memory)
    assert not [found for found in results if found.outcome is RuleOutcome.ERROR]
    return {(one.rule, one.labels.get("project", "")) for one in results if one.outcome is RuleOutcome.BREACHED}


def test_a_good_hour_breaches_nothing() -> None:
    assert breached(world()) == set()


@pytest.mark.parametrize(
    ("measure", "usual", "then", "found"),
    [
        ("faithfulness", [0.9] * 8, [0.45] * 8, {("faithfulness-drop", "p"), ("score-drift", "p")}),
        ("professionalism", [0.95] * 8, [0.5] * 8, {("professionalism-drop", "p"), ("score-drift", "p")}),
        ("quarantine", [0.0] * 20, [1.0] * 20, {("quarantine-rate", "p")}),
        ("failure", [0.0] * 20, [1.0] * 20, {("judge-failing", "")}),
        ("spend", [0.02] * 20, [0.02] * 90, {("spend-spike", "p")}),
        ("error", [0.0] * 20, [1.0] * 20, {("application-errors", "p")}),
        ("volume", [1.0] * 20, [], {("volume-low", "p"), ("silence", "")}),
    ],
)
def test_what_goes_wrong_is_found_by_its_own_rule_alone(
    measure: str, usual: Sequence[float], then: Sequence[float], found: set[tuple[str, str]]
) -> None:
    assert breached(world(**{measure: between(-6, 0, usual, then)})) == found


def test_a_gap_in_the_ledger_is_an_alert() -> None:
    assert breached(world(), CoverageLedger(41, 0, 0, 40, 0)) == {("coverage-gap", "")}


class Broken(Memory):
    """Its faithfulness cannot be read."""

    def read(self, measure: str, window: Window, by: Sequence[str], step: timedelta) -> list[SegmentRow]:
        if measure == "faithfulness":
            raise ValueError("bins of unequal length")
        return super().read(measure, window, by, step)


def test_a_rule_that_breaks_is_an_error_and_stops_no_other() -> None:
    rules = Rules(rules=(rule(name="broken"), rule(name="whole", measure="composite")))
    broken, whole = evaluate(
        rules,
        Settled(Window(NOW - HOUR, NOW), LEDGER, Epochs({"": {"faithfulness": "E", "composite": "S"}})),
        steady("composite", lambda _: (0.9,) * 4, epoch="S", memory=Broken()),
    )
    assert (broken.outcome, whole.outcome) == (RuleOutcome.ERROR, RuleOutcome.OK)
    assert broken.sentence == "the rule broke: ValueError: bins of unequal length"


def labels(by: Sequence[str], segment: tuple[str, ...]) -> RuleResult:
    finding = Finding(segment, RuleOutcome.OK, result.no_data(segment, "").evidence, "fine", "faithfulness")
    return result.result(rule(by=by), Window(NOW - HOUR, NOW), finding)


def test_other_columns_become_one_label_and_no_figure_is_a_label() -> None:
    found = labels(("project", "model", "prompt_version"), ("p", "m", "v1"))
    assert found.labels == {
        "alertname": "x",
        "severity": "warning",
        "category": "quality",
        "project": "p",
        "segment": "model=m, prompt_version=v1",
        "dimension": "faithfulness",
    }
    assert found.sentence == "p / m / v1: fine"
    assert found.fingerprint != labels(("project", "model", "prompt_version"), ("p", "m", "v2")).fingerprint

"""When a judge that is moved by what must not count is worth an alert."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from include.domain.interaction import Window
from include.domain.probe import ShiftTally
from include.domain.rule import RuleOutcome
from include.domain.run import COMPOSITE, CoverageLedger, Epochs
from include.monitors import probe
from include.monitors.evaluate import Settled, evaluate
from include.monitors.result import Finding
from include.monitors.rules import ProbeRule, Rules
from tests.unit.monitors.memory import Memory

RULE = ProbeRule(
    name="judge-bias", description="d", test="probe", category="judge", owner="o", runbook="r", min_effect=0.1, min_n=20
)
EPOCHS = Epochs({"": {"facts": "f1", COMPOSITE: "c1"}, "shop": {"facts": "f2", COMPOSITE: "c2"}})
AT = datetime(2026, 11, 20, 9, tzinfo=UTC)


def tally(mean: float, *, probe: str = "shuffled", n: int = 100, sd: float = 0.2, epoch: str = "f1") -> ShiftTally:
    return ShiftTally(probe, "facts", epoch, n, mean, sd * sd if n > 1 else None)


def found(*tallies: ShiftTally) -> Finding:
    (only,) = probe.judge(RULE, tallies, EPOCHS)
    return only


@pytest.mark.parametrize(
    ("given", "outcome"),
    [
        (tally(0.0), RuleOutcome.OK),
        (tally(0.3), RuleOutcome.BREACHED),
        (tally(-0.3), RuleOutcome.BREACHED),
        (tally(0.12), RuleOutcome.OK),  # more than min_effect, but who knows
        (tally(0.12, n=10_000), RuleOutcome.BREACHED),
        (tally(0.09, n=10_000), RuleOutcome.OK),
        (tally(0.3, n=19), RuleOutcome.NO_DATA),
        (tally(0.3, n=20), RuleOutcome.BREACHED),
        (tally(0.75, sd=0.0), RuleOutcome.BREACHED),  # all moved alike
        (tally(0.3, probe="padded"), RuleOutcome.BREACHED),
        (tally(-0.3, probe="padded"), RuleOutcome.OK),  # a rubric may dislike padding
        (tally(0.3, probe="planted"), RuleOutcome.BREACHED),
        (tally(-0.3, probe="planted"), RuleOutcome.OK),
        (tally(-0.3, probe="paraphrased"), RuleOutcome.BREACHED),
    ],
)
def test_a_shift_that_surely_matters_is_a_breach(given: ShiftTally, outcome: RuleOutcome) -> None:
    assert found(given).outcome is outcome


def test_the_evidence_holds_the_shift_with_its_interval() -> None:
    evidence = found(tally(0.3)).evidence
    assert (evidence.value, evidence.reference, evidence.n, evidence.confidence) == (0.3, 0.0, 100, 0.99)
    assert (evidence.low, evidence.high) == (pytest.approx(0.2475, abs=1e-4), pytest.approx(0.3525, abs=1e-4))
    assert evidence.detectable == pytest.approx(0.1684, abs=1e-4)
    assert evidence.details == {"probe": "shuffled", "epoch": "f1"}


def test_judges_that_are_no_longer_in_force_do_not_count() -> None:
    assert found(tally(0.3, epoch="f0")).outcome is RuleOutcome.NO_DATA
    assert found().sentence == "nothing was probed of the judges in force"


def test_of_several_judges_in_force_the_one_that_was_moved_furthest_is_told() -> None:
    assert found(tally(0.05), tally(-0.3, epoch="f2")).evidence.details["epoch"] == "f2"
    assert found(tally(0.05), tally(0.3, epoch="f2", n=5)).outcome is RuleOutcome.OK
    assert found(tally(0.2, probe="padded"), tally(-0.5, probe="padded", epoch="f2")).evidence.details["epoch"] == "f1"


def test_a_run_asks_for_the_shifts_of_the_last_days_and_labels_them_by_probe_and_dimension() -> None:
    asked: list[Window] = []

    def shifts(window: Window) -> list[ShiftTally]:
        asked.append(window)
        return [tally(0.3, probe="planted")]

    run = Settled(Window(AT, AT + timedelta(hours=1)), CoverageLedger(1, 0, 0, 1, 0), EPOCHS, shifts=shifts)
    (result,) = evaluate(Rules(rules=(RULE,)), run, Memory())
    assert asked == [Window(AT + timedelta(hours=1) - timedelta(days=7), AT + timedelta(hours=1))]
    assert result.labels == {
        "alertname": "judge-bias",
        "severity": "warning",
        "category": "judge",
        "segment": "probe=planted",
        "dimension": "facts",
    }
    assert result.sentence == (
        "planted: it moves facts by +0.30 on average (99% sure: +0.25 to +0.35; 100 interactions)"
    )


def test_shifts_are_of_a_judge_and_not_of_a_segment() -> None:
    with pytest.raises(ValidationError, match="leave `by` out"):
        ProbeRule.model_validate({**RULE.model_dump(), "by": ["project"]})

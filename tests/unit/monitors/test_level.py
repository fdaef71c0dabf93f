"""Scores and shares against a target or the segment's own past."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.domain.interaction import Window
from include.domain.rule import RuleOutcome, RuleResult
from include.domain.run import CoverageLedger, Epochs
from include.domain.segment import SegmentRow
from include.monitors import level
from include.monitors.evaluate import Settled, evaluate
from include.monitors.rules import LevelRule, Rules
from include.monitors.timeline import timelines
from tests.unit.monitors.memory import HOUR, MONDAY, Memory, tally
from tests.unit.monitors.worlds import GOOD, NOW, POOR, between, steady

LEDGER = CoverageLedger(10, 0, 0, 10, 0)
EPOCHS = {"composite": "S", "faithfulness": "E"}
OK, BREACHED, NO_DATA = RuleOutcome.OK, RuleOutcome.BREACHED, RuleOutcome.NO_DATA


def rule(**given: object) -> LevelRule:
    standard = {} if {"target", "trailing", "baseline"} & given.keys() else {"trailing": "14d"}
    return LevelRule.model_validate(
        {
            "name": "x",
            "description": "d",
            "test": "level",
            "measure": "faithfulness",
            "min_effect": 0.1,
            "category": "quality",
            "owner": "o",
            "runbook": "r",
            **standard,
            **given,
        }
    )


def results(
    one: LevelRule, memory: Memory, length: timedelta = HOUR, epochs: dict[str, str] = EPOCHS
) -> list[RuleResult]:
    return evaluate(
        Rules(rules=(one,)), Settled(Window(NOW - length, NOW), LEDGER, Epochs({"": epochs} if epochs else {})), memory
    )


def result(one: LevelRule, memory: Memory, length: timedelta = HOUR, epochs: dict[str, str] = EPOCHS) -> RuleResult:
    [only] = results(one, memory, length, epochs)
    return only


@pytest.mark.parametrize(
    ("start", "end", "then", "outcome"),
    [
        (0, 0, GOOD, OK),
        (-1, 0, POOR, OK),  # four poor answers after good hours are not yet evidence
        (-2, 0, POOR, BREACHED),
        (-1, 0, POOR * 3, BREACHED),
        (-40, -30, POOR, OK),  # over, and there was evidence of health since
        (-1, 0, (), NO_DATA),  # a quiet hour is neither good nor bad
        (-5, -2, (), OK),
    ],
)
def test_a_fall_is_told_from_chance_and_from_silence(
    start: int, end: int, then: Sequence[float], outcome: RuleOutcome
) -> None:
    assert result(rule(), steady("faithfulness", between(start, end, GOOD, then), epoch="E")).outcome is outcome


def test_the_evidence_says_what_was_seen_since_when_against_what() -> None:
    found = result(rule(), steady("faithfulness", between(-3, 0, GOOD, POOR), epoch="E"))
    assert found.evidence.value == pytest.approx(0.425)
    assert found.evidence.reference == pytest.approx(0.9375)
    assert (found.evidence.n, found.evidence.confidence) == (12, 0.99)
    assert found.evidence.reference_n == 8 * 24 * 4  # of fourteen whole days, three are left out at either end
    assert found.evidence.low < found.evidence.value < found.evidence.high < found.evidence.reference  # type: ignore[operator]
    assert found.evidence.p_value <= found.evidence.adjusted_p_value < 1e-4  # type: ignore[operator]
    assert 0 < found.evidence.detectable < 0.2  # type: ignore[operator]
    assert found.evidence.details["since"] == (NOW - 3 * HOUR).isoformat()
    assert found.sentence == (
        "p / prod: faithfulness 0.43 since 19 Nov 09:00 UTC (n = 12, 99% interval 0.29 to 0.56), usually 0.94"
    )
    assert found.labels == {
        "alertname": "x",
        "severity": "warning",
        "category": "quality",
        "project": "p",
        "environment": "prod",
        "dimension": "faithfulness",
    }


@pytest.mark.parametrize(
    ("target", "values", "outcome"),
    [(0.6, GOOD, OK), (0.6, POOR * 4, BREACHED), (0.6, POOR, OK), (0.4, POOR, OK), (0.9375, GOOD, OK)],
)
def test_a_target_needs_no_past(target: float, values: Sequence[float], outcome: RuleOutcome) -> None:
    memory = Memory()
    for hours_ago in (3, 2, 1):
        memory.add("faithfulness", NOW - hours_ago * HOUR, values, epoch="E")
    found = result(rule(target=target), memory)
    assert found.outcome is outcome
    assert (found.evidence.reference, found.evidence.reference_n) == (target, None)


@pytest.mark.parametrize(
    ("measure", "values", "outcome", "value"),
    [
        ("quarantine", (0.0,) * 20, OK, 0.0),
        ("quarantine", (1.0,) * 16 + (0.0,) * 4, BREACHED, 0.8),
        ("quarantine", (1.0,) * 7 + (0.0,), BREACHED, 0.875),  # few, but beyond any chance
        ("failure", (1.0,) * 20, BREACHED, 1.0),
        ("error", (0.0,) * 19 + (1.0,), OK, 0.05),
    ],
)
def test_more_of_a_share_is_worse(measure: str, values: Sequence[float], outcome: RuleOutcome, value: float) -> None:
    memory = Memory()
    memory.add(measure, NOW - HOUR, values)
    found = result(rule(measure=measure, target=0.05), memory)
    assert (found.outcome, found.evidence.value) == (outcome, pytest.approx(value))
    assert 0 <= found.evidence.low <= value <= found.evidence.high <= 1  # type: ignore[operator]
    assert "dimension" not in found.labels


def test_an_error_that_was_never_seen_before_is_no_alarm_by_itself() -> None:
    usual, once = (0.0,) * 5, (1.0, 0.0, 0.0, 0.0, 0.0)
    measured = rule(measure="error")
    assert result(measured, steady("error", between(-1, 0, usual, once))).outcome is OK
    assert result(measured, steady("error", between(-2, 0, usual, (1.0,) * 5))).outcome is BREACHED


def test_the_share_below_a_floor_counts_scores_under_it_alone() -> None:
    floor = rule(measure="composite", below=0.5, trailing="14d")
    on_the_floor = steady("composite", between(-3, 0, GOOD, (0.5,) * 5), epoch="S")
    under_it = steady("composite", between(-3, 0, GOOD, (0.49,) * 5), epoch="S")
    assert result(floor, on_the_floor).outcome is OK
    found = result(floor, under_it)
    assert (found.outcome, found.evidence.value, found.evidence.reference) == (BREACHED, 1.0, 0.0)
    assert "share of composite below 0.5 1.00" in found.sentence


def test_a_day_holds_the_incident_that_began_and_ended_in_it() -> None:
    memory = steady("faithfulness", between(-20, -14, GOOD, POOR), epoch="E")
    found = result(rule(), memory, timedelta(days=1))
    assert found.outcome is BREACHED
    assert found.evidence.details["since"] == (NOW - 20 * HOUR).isoformat()
    assert result(rule(), memory).outcome is OK  # the newest hour alone is good


def test_segments_without_enough_past_say_so() -> None:
    memory = steady("faithfulness", lambda _: GOOD, epoch="E")
    memory.add("faithfulness", NOW - HOUR, POOR * 5, epoch="E", project="new")
    old, new = sorted(results(rule(), memory), key=lambda found: found.labels["project"] == "new")
    assert (old.outcome, new.outcome) == (OK, NO_DATA)
    assert "its past holds 0 of the 100 values" in new.sentence


def test_scores_of_two_judges_are_never_pooled() -> None:
    memory = steady("faithfulness", between(-3, 0, GOOD, ()), epoch="E")
    for hours_ago in (3, 2, 1):
        memory.add("faithfulness", NOW - hours_ago * HOUR, POOR, epoch="E2")
    found = result(rule(), memory, epochs={"faithfulness": "E2"})
    assert found.outcome is NO_DATA
    assert "judge E gave the earlier scores, E2 judges now" in found.sentence


def test_a_dimension_that_nobody_judged_has_no_data() -> None:
    found = result(rule(measure="faithfulness"), Memory(), epochs={})
    assert (found.outcome, found.labels["dimension"]) == (NO_DATA, "faithfulness")
    assert found.evidence.details["reason"] == "no judge of faithfulness took part in this run"


def test_one_bad_segment_among_many_good_ones_is_the_only_one_that_is_told() -> None:
    memory = steady("faithfulness", between(-3, 0, GOOD, POOR), epoch="E", project="bad")
    for number in range(6):
        steady("faithfulness", lambda _: GOOD, epoch="E", project=f"good-{number}", memory=memory)
    found = results(rule(), memory)
    assert {one.labels["project"] for one in found if one.outcome is BREACHED} == {"bad"}
    assert len(found) == 7


def test_all_windows_of_a_day_are_held_to_the_same_past() -> None:
    one = rule()
    hours = [Window(MONDAY + hour * HOUR, MONDAY + (hour + 1) * HOUR) for hour in range(24)]
    spans = {level.evidence_span(one, window).start for window in hours}
    assert spans == {MONDAY - timedelta(days=3)}
    assert {level.past_days(one, window) for window in hours} == {Window(MONDAY - timedelta(days=17), MONDAY)}


@pytest.mark.parametrize(("known", "evidence"), [(2, 0), (6, 1), (12, 2), (16, 2), (17, 3), (30, 3)])
def test_a_short_past_is_parted_in_the_proportion_of_a_long_one(known: int, evidence: int) -> None:
    window = Window(NOW - HOUR, NOW)
    today = NOW.replace(hour=0)
    days, hours = (
        timelines([SegmentRow(today - timedelta(days=number), (), "E", tally(GOOD)) for number in some])[()]
        for some in (range(1, known + 1), range(4))
    )
    before, since = level.parted_at(rule(), window, hours, days)
    assert len(before) == known - evidence
    assert since.first == today - timedelta(days=evidence)


def test_a_new_model_is_compared_with_the_one_that_it_followed() -> None:
    memory = steady("faithfulness", between(-6, 0, GOOD, ()), epoch="E")
    for hours_ago in range(6, 0, -1):
        memory.add("faithfulness", NOW - hours_ago * HOUR, POOR, epoch="E", model="new")
    by_model = {one.labels["segment"]: one for one in results(rule(by=["project", "model"]), memory)}
    assert by_model["model=new"].outcome is BREACHED
    assert by_model["model=new"].sentence.endswith("compared with model m, which it followed: 0.94")
    assert by_model["model=m"].sentence == "p / m: nobody gets it any more: others gave 24 answers since its last"
    assert result(rule(), memory).outcome is BREACHED  # of the project, the new model is a fall


def test_a_breach_is_dated_to_the_fall_and_not_to_where_evidence_happened_to_begin() -> None:
    slightly = (0.85, 0.85, 0.95, 0.95)
    memory = steady("faithfulness", between(-9, -3, GOOD, slightly), epoch="E")
    for hours_ago in (3, 2, 1):
        memory.rows["faithfulness", NOW - hours_ago * HOUR].clear()
        memory.add("faithfulness", NOW - hours_ago * HOUR, POOR, epoch="E")
    found = result(rule(), memory)
    assert found.outcome is BREACHED
    assert found.evidence.details["since"] == (NOW - 3 * HOUR).isoformat()


@pytest.mark.parametrize(
    ("empty", "poor", "length", "outcome"),
    [
        ((-6, -3), (-3, 0), 1, BREACHED),  # a little worse, silent, then poor: it fell with the first poor answer
        ((-3, -2), (0, 0), 3, OK),  # the window itself begins with a silent hour
    ],
)
def test_no_alert_is_dated_to_an_hour_in_which_nothing_was_logged(
    empty: tuple[int, int], poor: tuple[int, int], length: int, outcome: RuleOutcome
) -> None:
    memory = steady("faithfulness", between(*empty, GOOD, ()), epoch="E")
    for hour in (empty[0] - 1, *range(*poor)):
        memory.rows["faithfulness", NOW + hour * HOUR].clear()
        memory.add("faithfulness", NOW + hour * HOUR, POOR if hour >= poor[0] else (0.85, 0.85), epoch="E")
    found = result(rule(), memory, length * HOUR)
    assert found.outcome is outcome
    assert found.evidence.details["since"] == (NOW + empty[1] * HOUR).isoformat()
    assert f"since {NOW + empty[1] * HOUR:%d %b %H:%M} UTC" in found.sentence


scores = st.lists(st.floats(0, 1), min_size=1, max_size=12)


@settings(max_examples=25)
@given(
    st.lists(scores, min_size=1, max_size=6),
    st.integers(1, 20),
    st.sampled_from([{"trailing": "14d"}, {"target": 0.5}]),
)
def test_enough_values_in_the_window_are_always_judged(
    newest: list[list[float]], min_n: int, standard: dict[str, object]
) -> None:
    memory = steady("faithfulness", between(-len(newest), 0, GOOD, ()), epoch="E")
    for hours_ago, values in enumerate(newest, 1):
        memory.add("faithfulness", NOW - hours_ago * HOUR, values, epoch="E")
    found = result(rule(min_n=min_n, **standard), memory)
    assert found.outcome in (OK, BREACHED)  # the hours before hold hundreds of values
    assert found.evidence.n >= min_n
    assert found.evidence.value is not None

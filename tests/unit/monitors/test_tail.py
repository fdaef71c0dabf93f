"""Latency, tokens and lengths as shares beyond a threshold; and shares of which less is worse."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from include.domain.rule import RuleOutcome
from tests.unit.monitors.memory import HOUR, Memory
from tests.unit.monitors.test_level import result, results, rule
from tests.unit.monitors.worlds import NOW, between, steady

OK, BREACHED, NO_DATA = RuleOutcome.OK, RuleOutcome.BREACHED, RuleOutcome.NO_DATA
USUAL = [*[800.0] * 19, 3200.0]
SLOW = [*[800.0] * 10, *[5000.0] * 10]


@pytest.mark.parametrize(
    ("cut", "reference"),
    [({"above": 3150}, 0.05), ({"percentile": 95}, 0.05), ({"above": 4000}, 0.0), ({"percentile": 99}, 0.05)],
)
def test_slower_answers_are_found_by_the_share_of_slow_ones(cut: dict[str, object], reference: float) -> None:
    slower = rule(measure="latency_ms", **cut)
    assert result(slower, steady("latency_ms", lambda _: USUAL)).outcome is OK
    found = result(slower, steady("latency_ms", between(-3, 0, USUAL, SLOW)))
    assert (found.outcome, found.evidence.value) == (BREACHED, pytest.approx(0.5))
    assert found.evidence.reference == pytest.approx(reference, abs=0.01)
    assert (found.annotations["unit"], "dimension" in found.labels) == ("share", False)


def test_the_sentence_names_the_threshold_that_the_past_set() -> None:
    found = result(rule(measure="latency_ms", percentile=95), steady("latency_ms", between(-3, 0, USUAL, SLOW)))
    assert "share of latency ms at percentile 95 of its past or more 0.50 since" in found.sentence
    assert found.sentence.endswith("usually 0.05; that is 3,150 or more")
    fixed = result(rule(measure="latency_ms", above=4000), steady("latency_ms", lambda _: USUAL))
    assert fixed.sentence.startswith("p / prod: share of latency ms of 4000 or more 0.00 since")


@pytest.mark.parametrize(("latency", "threshold"), [(5.0, 10), (700.0, 800), (2e6, 1e6)])
def test_values_that_never_differ_have_their_threshold_above_them(latency: float, threshold: float) -> None:
    found = result(rule(measure="latency_ms", percentile=95), steady("latency_ms", lambda _: [latency] * 10))
    assert (found.outcome, found.evidence.details["threshold"]) == (OK, threshold)


@pytest.mark.parametrize(("measure", "worse"), [("refusal", None), ("feedback", "lower")])
def test_a_share_that_was_always_as_bad_as_can_be_cannot_become_worse(measure: str, worse: str | None) -> None:
    memory = steady(measure, lambda _: [0.0 if worse else 1.0] * 20)
    assert result(rule(measure=measure, worse=worse), memory).outcome is OK


def test_each_segment_has_the_percentile_of_its_own_past() -> None:
    memory = steady("latency_ms", lambda _: USUAL)
    steady("latency_ms", lambda _: SLOW, project="slow", memory=memory)
    found = results(rule(measure="latency_ms", percentile=95), memory)
    assert [one.outcome for one in found] == [OK, OK]
    assert ["that is 3,150" in one.sentence for one in found].count(True) == 1


def test_answers_that_become_short_are_found_below_a_floor() -> None:
    short = rule(measure="response_chars", below=50)
    found = result(short, steady("response_chars", between(-3, 0, [300.0] * 10, [49.0] * 6 + [50.0] * 4)))
    assert (found.outcome, found.evidence.value) == (BREACHED, pytest.approx(0.6))


def test_a_fixed_number_may_have_a_fixed_share() -> None:
    memory = Memory()
    memory.add("input_tokens", NOW - HOUR, [9000.0] * 20)
    assert result(rule(measure="input_tokens", above=8000, target=0.05), memory).outcome is BREACHED


def test_rows_from_before_amounts_were_counted_in_bins_are_no_past() -> None:
    memory = steady("error", lambda _: [0.0] * 20)
    for (_, hour), rows in [*memory.rows.items()]:
        memory.rows["latency_ms", hour] = rows
    assert results(rule(measure="latency_ms", percentile=95), memory) == []


@pytest.mark.parametrize(
    ("worse", "then", "outcome"),
    [
        ("lower", [0.0] * 20, BREACHED),
        ("lower", [1.0] * 20, OK),
        ("higher", [1.0] * 20, BREACHED),
        (None, [0.0] * 20, OK),
    ],
)
def test_a_rule_may_say_that_less_of_a_share_is_worse(
    worse: str | None, then: Sequence[float], outcome: RuleOutcome
) -> None:
    usual = [1.0] * 8 + [0.0] * 12
    found = result(rule(measure="feedback", worse=worse), steady("feedback", between(-6, 0, usual, then)))
    assert found.outcome is outcome
    assert found.evidence.reference == pytest.approx(0.4)
    if outcome is BREACHED:
        assert found.evidence.value == then[0]


@pytest.mark.parametrize("measure", ["refusal", "negative_feedback"])
def test_refusals_and_thumbs_down_are_shares_of_which_more_is_worse(measure: str) -> None:
    memory = steady(measure, between(-6, 0, [0.0] * 19 + [1.0], [1.0] * 10 + [0.0] * 10))
    assert result(rule(measure=measure), memory).outcome is BREACHED

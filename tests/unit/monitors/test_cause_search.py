"""Planted causes are named, and where there is none nothing is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest

from include.domain.cause import Arrival, Cause, Verdict
from include.domain.observation import Observation
from include.monitors.cause_search import Breach, search, usual_days
from tests.unit.monitors.incidents import DAY, HOUR, SINCE, Fault, found, none, traffic, with_value


def in_tenant(one: Observation) -> float:
    return 0.5 if one.attributes["tenant"] == "acme" else 0.0


def in_prompt(one: Observation) -> float:
    return 0.5 if one.prompt_version == "v7" else 0.0


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("fault", "column", "value"),
    [
        (in_prompt, "prompt_version", "v7"),
        (in_tenant, "tenant", "acme"),
        (lambda one: 0.5 * ("efund" in one.question), "topic", "refund"),
        (lambda one: 0.5 * (one.attributes["language"] == "de"), "language", "de"),
        (lambda one: 0.3 * (one.attributes["language"] == "en"), "language", "en"),
        (lambda one: 0.5 * (one.logged_at.hour == 11), "hour", "2026-11-20T11"),
        (lambda one: 0.5 * (one.question_chars > 100), "question length", "50 to 200"),
    ],
)
def test_what_was_planted_is_named(seed: int, fault: Fault, column: str, value: str) -> None:
    cause = found(fault, seed=seed, n=500)
    assert cause
    [part] = cause.parts
    assert (cause.verdict, part.column, part.values) == (Verdict.SEGMENT, column, (value,))
    assert part.share_of_change == pytest.approx(1, abs=0.25)
    assert column not in cause.ruled_out


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("n", [30, 400])
def test_a_drop_of_everything_is_spread_evenly(seed: int, n: int) -> None:
    cause = found(lambda _: 0.25, n=n, seed=seed)
    assert cause
    assert (cause.verdict, cause.parts) == (Verdict.SPREAD, [])
    assert cause.sentence == "The drop is spread evenly over everything that was looked at."


def test_two_causes_at_once_are_both_named_and_what_they_share_counts_once() -> None:
    cause = found(lambda one: max(in_prompt(one), in_tenant(one)), n=400)
    assert cause
    assert {part.values for part in cause.parts} == {("v7",), ("acme",)}
    assert sum(part.share_of_change for part in cause.parts) == pytest.approx(1, abs=0.1)


def test_a_cause_that_is_only_one_part_of_a_segment_is_named_as_such() -> None:
    cause = found(lambda one: min(in_prompt(one), in_tenant(one)), n=800)
    assert cause
    [part] = cause.parts
    assert {(part.column, *part.values), part.within} == {("prompt_version", "v7"), ("tenant", "acme")}
    assert part.share_of_traffic == pytest.approx(0.31 / 4, abs=0.03)
    assert part.share_of_change == pytest.approx(1, abs=0.2)
    assert "prompt_version" not in cause.ruled_out


def test_a_topic_is_the_words_that_carry_the_drop_together() -> None:
    cause = found(lambda one: 0.5 * any(word in one.question for word in ("efund", "nvoice")), n=600)
    assert cause
    [part] = cause.parts
    assert (part.column, {*part.values}) == ("topic", {"refund", "invoice"})


def test_no_change_for_the_worse_has_no_cause() -> None:
    assert found(none) is None
    assert found(lambda _: -0.05) is None


def swapped(share: float, model: str = "lite") -> Callable[[Observation], Observation]:
    rng = Random(7)
    return lambda one: replace(one, model=model) if rng.random() < share else one


LITE = Arrival("model", "lite", SINCE - timedelta(minutes=20))


def test_a_model_that_took_over_is_named_with_its_first_sight() -> None:
    cause = found(lambda one: 0.4 * (one.model == "lite"), mend=swapped(0.97), changes=[LITE])
    assert cause
    [part] = cause.parts
    assert (part.column, part.values, part.reference, part.first_seen) == ("model", ("lite",), None, LITE.at)
    assert cause.sentence.startswith(
        "All of the drop comes with model lite (96 % of traffic, none before), first seen 20 Nov 08:40 UTC, "
        "20 minutes before"
    )


def test_what_came_in_and_is_no_worse_than_the_rest_is_told_beside_and_not_as_the_cause() -> None:
    cause = found(lambda _: 0.3, mend=swapped(0.6), changes=[LITE], n=400)
    assert cause
    assert (cause.verdict, cause.parts) == (Verdict.SPREAD, [])
    assert cause.sentence == (
        "The drop is spread evenly over everything that was looked at. "
        "Model lite was first seen 20 Nov 08:40 UTC, 20 minutes before."
    )


def test_another_judge_is_told() -> None:
    cause = found(lambda _: 0.3, changes=[Arrival("judge of correctness", "3fe1", SINCE + timedelta(minutes=1))])
    assert cause
    assert "Judge of correctness 3fe1 was first seen 20 Nov 09:01 UTC, as it began" in cause.sentence


def test_columns_that_are_the_same_interactions_are_told_as_such() -> None:
    def mend(one: Observation) -> Observation:
        return replace(one, attributes={**one.attributes, "build": "b7" if one.prompt_version == "v7" else "b6"})

    now = [mend(one) for one in traffic(Random(1), 200, SINCE, SINCE + 3 * HOUR)]
    now = [with_value(one, max(0.0, one.value - in_prompt(one))) for one in now]
    before = [mend(one) for one in traffic(Random(2), 1000, SINCE - 14 * DAY, SINCE)]
    cause = search(Breach(SINCE, -1, None, 0.02), now, before)
    assert cause
    assert [(part.column, part.same_as) for part in cause.parts] == [("prompt_version", (("build", "b7"),))]


def test_the_worst_interactions_of_the_segment_show_it() -> None:
    cause = found(in_prompt)
    assert cause
    assert len(cause.parts[0].examples) == 3
    rng = Random(1)
    now = {one.interaction_id: one for one in traffic(rng, 200, SINCE, SINCE + 5 * HOUR)}
    assert {now[one.interaction_id].prompt_version for one in cause.parts[0].examples} == {"v7"}


def test_of_a_share_more_is_worse() -> None:
    rng = Random(3)
    now = traffic(rng, 200, SINCE, SINCE + HOUR)
    now = [with_value(one, float(rng.random() < (0.7 if one.model == "claude" else 0.05))) for one in now]
    before = [with_value(one, float(rng.random() < 0.05)) for one in traffic(rng, 1000, SINCE - 9 * DAY, SINCE)]
    cause = search(Breach(SINCE, 1, None, 0.05), now, before)
    assert cause
    [part] = cause.parts
    assert part.values == ("claude",)
    assert part.value > 0.5
    assert cause.sentence.startswith("All of the rise comes from model claude")


def composed(one: Observation, correctness: float, faithfulness: float) -> Observation:
    values = {"correctness": correctness, "faithfulness": faithfulness, "professionalism": 1.0}
    return replace(one, value=0.6 * correctness + 0.2 * faithfulness + 0.2, by_dimension=values)


WEIGHTS = {"correctness": 0.6, "faithfulness": 0.2, "professionalism": 0.2}


def dimensions(before: tuple[float, float], now: tuple[float, float]) -> Cause:
    rng = Random(4)
    cause = search(
        Breach(SINCE, -1, None, 0.02, weights=lambda _: WEIGHTS),
        [composed(one, *now) for one in traffic(rng, 50, SINCE, SINCE + HOUR)],
        [composed(one, *before) for one in traffic(rng, 200, SINCE - 9 * DAY, SINCE)],
    )
    assert cause
    return cause


def test_the_dimensions_of_a_composite_add_up_to_its_change_by_their_weights() -> None:
    cause = dimensions((0.9, 0.9), (0.8, 0.6))
    assert [(one.dimension, round(one.share_of_change, 9)) for one in cause.dimensions] == [
        ("correctness", 0.5),
        ("faithfulness", 0.5),
        ("professionalism", 0.0),
    ]
    assert cause.sentence.endswith("By dimension: correctness 50 %, faithfulness 50 %.")


def test_a_dimension_that_carries_nearly_all_of_it_is_told_alone() -> None:
    assert dimensions((0.9, 0.9), (0.5, 0.89)).sentence.endswith("By dimension: correctness 99 %.")


def test_without_a_past_the_target_stands_in() -> None:
    now = [
        with_value(one, 0.3 if one.prompt_version == "v7" else 0.8)
        for one in traffic(Random(5), 90, SINCE, SINCE + HOUR)
    ]
    cause = search(Breach(SINCE, -1, 0.75, 0.02), now, [])
    assert cause
    assert (cause.reference, cause.reference_n, cause.parts[0].values) == (0.75, 0, ("v7",))
    assert search(Breach(SINCE, -1, None, 0.02), now, []) is None


def test_an_incident_of_the_past_is_no_standard() -> None:
    before = traffic(Random(6), 1000, SINCE - 10 * DAY, SINCE)
    bad = (SINCE - 4 * DAY).date()
    struck = [with_value(one, 0.1) if one.logged_at.date() == bad else one for one in before]
    kept = usual_days(struck)
    assert len(kept) > 400
    assert not [one for one in kept if one.logged_at.date() == bad]
    few = [one for one in struck if one.logged_at >= SINCE - 3 * DAY]
    assert usual_days(few) == few


@pytest.mark.parametrize("text", ["<!channel> *bold*", "x" * 5000, "\u202e\n\n", "", "'; DROP TABLE x"])
def test_whatever_the_log_holds_the_sentence_is_short(text: str) -> None:
    cause = found(
        lambda one: 0.5 * (one.attributes["tenant"] == "acme"),
        mend=lambda one: replace(one, model=text, attributes={**one.attributes, text: text}),
    )
    assert cause
    assert len(cause.sentence) < 600


def test_an_attribute_that_is_called_like_a_column_of_ours_is_told_apart() -> None:
    def mend(one: Observation) -> Observation:
        return replace(one, attributes={"hour": "9", "topic": one.attributes["tenant"], "model": "x", "passages": "no"})

    cause = found(lambda one: 0.5 * (one.attributes["topic"] == "acme"), mend=mend, n=400)
    assert cause
    [part] = cause.parts
    assert (part.column, part.values) == ("attributes.topic", ("acme",))


def test_a_word_of_one_conversation_is_no_topic() -> None:
    cause = found(
        lambda one: 0.6 * ("Zuckermandl" in one.question),
        mend=lambda one: replace(one, question="Zuckermandl", conversation_id="c1") if "efund" in one.question else one,
    )
    assert cause
    assert "zuckermandl" not in str(cause).lower()


def test_a_cause_is_plain_json() -> None:
    cause = found(in_prompt, changes=[LITE])
    assert cause
    told = cause.to_json()
    assert told["verdict"] == "segment"
    [part] = told["parts"]  # type: ignore[misc]
    assert part["examples"][0].keys() == {"interaction_id", "logged_at"}  # type: ignore[index]
    assert told["changes"] == [{"what": "model", "value": "lite", "at": "2026-11-20T08:40:00+00:00"}]

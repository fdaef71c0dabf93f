"""When a strong judge is asked too, whose word counts, and that nobody else would choose otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from math import log

import pytest

from include.domain.llm import LLMReply
from include.domain.score import FailureType, Outcome, Score, ScoreFailure, Usage
from include.errors import JudgeError, JudgeMisconfigured
from include.judges.cascade import admitted, lot
from include.judges.rubric import Escalation
from tests.fakes.llm import FakeModel, Said, reply
from tests.unit.judges.bench import ASKED, bench, escalating, judge, model, rubric


def verdict(score: int, probability: float | None = None) -> LLMReply:
    said = reply(f'{{"reasoning": "I say {score}.", "score": {score}}}')
    tail = () if probability is None else (('":', -0.1), (f" {score}", log(probability)), ("}", 0.0))
    return replace(said, tail=tail)


async def scored(cheap: Sequence[Said], strong: Said, **rule: object) -> tuple[Outcome, FakeModel, FakeModel]:
    first, second = model("cheap", *cheap), model("strong", strong)
    found = judge(bench([escalating(**rule)], {"main": first, "big": second}, strong="big"))
    return await found.score(ASKED), first, second


def whole(outcome: Outcome) -> Score:
    assert isinstance(outcome, Score)
    return outcome


async def test_a_sure_judge_has_the_say_alone() -> None:
    outcome, cheap, strong = await scored([verdict(5)], verdict(1), scores=[3])
    found = whole(outcome)
    assert (found.value, found.disagreement, found.cost) == (1.0, None, Decimal(1))
    assert [one.model for one in found.members] == ["cheap"]
    assert found.explanation == "Against the reference: I say 5. (decided by cheap, which is sure)"
    assert (len(cheap.requests), len(strong.requests)) == (1, 0)


async def test_a_strong_judge_decides_where_the_cheap_one_is_unsure_and_both_are_kept() -> None:
    outcome, _, strong = await scored([verdict(3)], verdict(1), scores=[3])
    found = whole(outcome)
    assert (found.value, found.disagreement) == (0.0, 0.5)
    assert [(one.model, one.value, one.explanation) for one in found.members] == [
        ("cheap", 0.5, "I say 3."),
        ("strong", 0.0, "I say 1."),
    ]
    assert (found.usage, found.cost) == (Usage(200, 40), Decimal(2))
    assert found.explanation == (
        "Against the reference: I say 1. (decided by strong, since cheap is unsure: a verdict of 3)"
    )
    assert len(strong.requests) == 1


async def test_two_samples_that_differ_are_unsure() -> None:
    outcome, cheap, strong = await scored([verdict(4), verdict(5)], verdict(5), samples=2)
    found = whole(outcome)
    assert [(one.model, one.sample) for one in found.members] == [("cheap", 0), ("cheap", 1), ("strong", 0)]
    assert "it said 4 and 5" in found.explanation
    assert sorted(request.sample for request in cheap.requests) == [0, 1]
    assert len(strong.requests) == 1


async def test_two_samples_that_agree_are_sure() -> None:
    outcome, cheap, strong = await scored([verdict(4)], verdict(1), samples=2)
    assert whole(outcome).value == 0.75
    assert (len(cheap.requests), len(strong.requests)) == (2, 0)


@pytest.mark.parametrize(("probability", "asked"), [(0.79, 1), (0.81, 0), (None, 0)])
async def test_an_improbable_score_is_unsure_where_the_endpoint_tells(probability: float | None, asked: int) -> None:
    outcome, cheap, strong = await scored([verdict(4, probability)], verdict(5), probability=0.8)
    assert len(strong.requests) == asked
    assert all(request.logprobs for request in cheap.requests)
    assert ("a probability of 0.79" in whole(outcome).explanation) is bool(asked)


def traffic(count: int) -> list[str]:
    return [f"interaction-{number}" for number in range(count)]


@pytest.mark.parametrize(("at_most", "expected", "share"), [(0.2, 1.0, 0.2), (0.2, 0.4, 0.5), (0.2, 0.1, 1.0)])
def test_the_cap_holds_for_whoever_is_unsure(at_most: float, expected: float, share: float) -> None:
    rule = Escalation(scores=(3,), at_most=at_most, expected=expected)
    assert admitted(rule) == pytest.approx(share)
    drawn = [lot("correctness", replace(ASKED, interaction_id=one)) < admitted(rule) for one in traffic(20_000)]
    # Of those who are unsure, no more than `expected` of all, this share goes on: 5 standard errors.
    assert sum(drawn) / len(drawn) == pytest.approx(share, abs=5 * (share * (1 - share) / len(drawn)) ** 0.5)
    assert share * min(expected, 1.0) <= at_most + 1e-9


async def escalated(ids: Sequence[str], **rule: object) -> set[str]:
    """A worker of its own, with a ledger of its own."""
    found = judge(
        bench(
            [escalating(scores=[3], **rule)],
            {"main": model("cheap", verdict(3)), "big": model("strong", verdict(4))},
            strong="big",
        )
    )
    outcomes = [whole(await found.score(replace(ASKED, interaction_id=one))) for one in ids]
    return {one.interaction_id for one in outcomes if len(one.members) == 2}


async def test_every_worker_and_every_retry_chooses_the_same_whatever_the_order() -> None:
    ids = traffic(300)
    chosen = await escalated(ids, at_most=0.2)
    assert 30 < len(chosen) < 90
    assert await escalated(ids[::-1], at_most=0.2) == chosen
    assert await escalated(ids[100:200], at_most=0.2) == chosen & set(ids[100:200])


async def test_an_unsure_judge_that_is_not_drawn_decides_and_says_so() -> None:
    spared = next(one for one in traffic(50) if lot("correctness", replace(ASKED, interaction_id=one)) > 0.3)
    strong = model("strong")
    models = {"main": model("cheap", verdict(2), verdict(4)), "big": strong}
    found = judge(bench([escalating(samples=2, at_most=0.2)], models, strong="big"))
    outcome = whole(await found.score(replace(ASKED, interaction_id=spared)))
    assert outcome.value == 0.5  # the mean of its two samples
    assert "decided by cheap, though unsure: it said 2 and 4; not drawn for more" in outcome.explanation
    assert strong.requests == []


async def test_a_rubric_without_a_rule_is_judged_by_the_cheap_judge_alone() -> None:
    found = judge(bench([rubric(escalate=None)], {"main": model("cheap"), "big": model("strong")}, strong="big"))
    assert found.epoch.id == judge(bench([rubric()], {"main": model("cheap")})).epoch.id
    assert whole(await found.score(ASKED)).members == ()


@pytest.mark.parametrize("retryable", [True, False])
async def test_a_strong_judge_that_fails_leaves_a_failure_and_not_the_cheap_score(retryable: bool) -> None:
    down = JudgeError("down", error_type="judge_unreachable", retryable=retryable)
    outcome, _, _ = await scored([verdict(3)], down, scores=[3])
    assert isinstance(outcome, ScoreFailure)
    assert (outcome.error_type, outcome.retryable) == (FailureType.UNREACHABLE, retryable)


async def test_a_strong_judge_that_is_misconfigured_stops_the_work() -> None:
    wrong = JudgeMisconfigured("wrong key", error_type="judge_misconfigured", retryable=False)
    with pytest.raises(JudgeMisconfigured):
        await scored([verdict(3)], wrong, scores=[3])


@pytest.mark.parametrize(
    "rule", [{"scores": [2]}, {"scores": [3], "samples": 2}, {"scores": [3], "at_most": 0.5}, {"probability": 0.5}]
)
def test_another_rule_is_another_judge(rule: dict[str, object]) -> None:
    def epoch(cheap: str, strong: str, **given: object) -> str:
        models = {"main": model(cheap), "big": model(strong)}
        return judge(bench([escalating(**given)], models, strong="big")).epoch.id

    plain = epoch("cheap", "strong", scores=[3])
    assert epoch("cheap", "strong", scores=[3]) == plain
    assert len({plain, epoch("cheap", "strong", **rule), epoch("other", "strong", scores=[3])}) == 3
    assert epoch("cheap", "other", scores=[3]) != plain

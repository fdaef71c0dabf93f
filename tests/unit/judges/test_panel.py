"""What two or three judges make of an interaction together."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest

from include.domain.score import FailureType, Score, ScoreFailure, Usage
from include.errors import JudgeError, JudgeMisconfigured
from include.judges.ledger import MemoryLedger
from tests.fakes.llm import FakeModel, Said
from tests.unit.judges.bench import ASKED, bench, judge, model, rubric

DOWN = JudgeError("down", error_type="judge_unreachable", retryable=True)
REFUSED = JudgeError("no", error_type="judge_refused", retryable=False)


def verdict(score: int) -> str:
    return f'{{"reasoning": "I say {score}.", "score": {score}}}'


def panel(*said: Said) -> dict[str, FakeModel]:
    return {name: model(f"model-{name}", one) for name, one in zip(("main", "b", "c"), said, strict=False)}


@pytest.mark.parametrize(
    ("scores", "value", "disagreement"),
    [((1, 5, 4), 0.75, 1.0), ((4, 4, 4), 0.75, 0.0), ((2, 5), 0.625, 0.75), ((3, 3), 0.5, 0.0)],
)
async def test_the_median_counts_and_every_opinion_is_kept(
    scores: tuple[int, ...], value: float, disagreement: float
) -> None:
    models = panel(*map(verdict, scores))
    found = await judge(bench([rubric()], models, panel=list(models))).score(ASKED)
    assert isinstance(found, Score)
    assert (found.value, found.disagreement) == (value, disagreement)
    assert [one.value for one in found.members] == [(score - 1) / 4 for score in scores]
    assert [one.model for one in found.members] == [one.model for one in models.values()]
    assert (found.usage, found.cost) == (Usage(100 * len(scores), 20 * len(scores)), Decimal(len(scores)))


async def test_the_explanation_tells_the_votes_and_whose_words_it_has() -> None:
    models = panel(verdict(1), verdict(5), verdict(4))
    found = await judge(bench([rubric()], models, panel=list(models))).score(ASKED)
    assert isinstance(found, Score)
    assert found.explanation == (
        "Against the reference: I say 4. (median of model-main 1, model-b 5, model-c 4; the words are model-c's)"
    )


async def test_members_are_asked_at_once() -> None:
    models = panel(verdict(3), verdict(3), verdict(3))
    for one in models.values():
        one.wait_s = 0.2
    clock = asyncio.get_running_loop().time
    started = clock()
    await judge(bench([rubric()], models, panel=list(models))).score(ASKED)
    assert clock() - started < 3 * 0.2


async def test_a_panel_is_whole_or_has_no_value() -> None:
    models = panel(verdict(5), DOWN, verdict(5))
    found = await judge(bench([rubric()], models, panel=list(models))).score(ASKED)
    assert isinstance(found, ScoreFailure)
    assert (found.error_type, found.retryable) == (FailureType.UNREACHABLE, True)


async def test_a_retry_asks_only_the_member_that_failed() -> None:
    models, ledger = panel(verdict(5), DOWN, verdict(4)), MemoryLedger()
    subject = judge(bench([rubric()], models, ledger, panel=list(models)))
    assert isinstance(await subject.score(ASKED), ScoreFailure)
    models["b"].script[:] = [verdict(1)]
    found = await subject.score(ASKED)
    assert isinstance(found, Score)
    assert found.value == 0.75
    assert [len(one.requests) for one in models.values()] == [1, 2, 1]


async def test_a_failure_for_good_outweighs_one_that_may_pass() -> None:
    models = panel(DOWN, REFUSED, verdict(5))
    found = await judge(bench([rubric()], models, panel=list(models))).score(ASKED)
    assert isinstance(found, ScoreFailure)
    assert (found.error_type, found.retryable) == (FailureType.REFUSED, False)


async def test_a_member_that_is_misconfigured_stops_the_work() -> None:
    models = panel(REFUSED, JudgeMisconfigured("key", error_type="judge_misconfigured", retryable=False))
    with pytest.raises(JudgeMisconfigured):
        await judge(bench([rubric()], models, panel=list(models))).score(ASKED)


async def test_a_panel_that_is_cancelled_leaves_nobody_asking() -> None:
    models = panel(verdict(3), verdict(3))
    for one in models.values():
        one.wait_s = 60
    task = asyncio.create_task(judge(bench([rubric()], models, panel=list(models))).score(ASKED))
    while not all(one.requests for one in models.values()):
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.sleep(0.05)
    assert asyncio.all_tasks() == {asyncio.current_task()}


def test_another_member_is_another_panel() -> None:
    def epoch(*names: str) -> str:
        models = {name: model(name) for name in ("main", "b", "c", "d")}
        return judge(bench([rubric()], models, panel=list(names))).epoch.id

    assert len({epoch("main", "b"), epoch("main", "b", "c"), epoch("main", "b", "d")}) == 3

"""What judging will take, said before the first call."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from include.domain.interaction import Interaction
from include.domain.score import Usage
from include.judges.build import Bench, offline_bench
from include.judges.estimate import Estimate, estimate
from tests.unit.judges.bench import ASKED, AT, Flat, bench, escalating, model, rubric

RUBRICS = [rubric(), rubric("professionalism")]


def expected(found: Bench, *interactions: Interaction) -> Estimate:
    return estimate(interactions, found.of, Flat(), at=AT)


@pytest.mark.parametrize(
    ("interaction", "calls"),
    [
        (ASKED, 4),
        (replace(ASKED, retrieved_contexts=()), 2),
        (replace(ASKED, response=""), 0),
        (replace(ASKED, error_type="timeout"), 0),
    ],
)
async def test_as_many_calls_are_expected_as_are_made(interaction: Interaction, calls: int) -> None:
    asked = model("m")
    found = bench(RUBRICS, {"main": asked})
    for judge in found.judges:
        await judge.score(interaction)
    assert expected(found, interaction).calls == len(asked.requests) == calls


async def test_the_tokens_are_those_of_the_prompts() -> None:
    asked = model("m")
    found = bench(RUBRICS, {"main": asked})
    long = replace(ASKED, retrieved_contexts=("It opens at nine. " * 300,))
    for judge in found.judges:
        await judge.score(long)
    characters = sum(len(message.content) for request in asked.requests for message in request.messages)
    assert expected(found, long).usage.input_tokens == pytest.approx(characters / 4, rel=0.1)


def test_a_cascade_is_expected_to_use_its_whole_share_and_a_panel_all_members() -> None:
    models = {"main": model("m"), "big": model("big")}
    alone = expected(bench([rubric()], models), ASKED).cost
    cascade = bench([escalating(samples=2, at_most=0.25)], models, strong="big")
    assert alone == 3  # a verdict, and two calls of RAGAS
    assert expected(cascade, *[ASKED] * 4).cost == 4 * (2 + Decimal("0.25") + 2)
    assert expected(bench([rubric()], models, panel=["main", "big"]), ASKED).cost == 4


def test_what_is_in_another_language_than_the_rubrics_takes_no_call() -> None:
    found = bench([rubric(languages=("de",))], {"main": model("m")})
    assert expected(found, replace(ASKED, retrieved_contexts=(), attributes={"language": "en"})).calls == 0


def test_the_cost_is_the_sum_and_unknown_where_a_price_is() -> None:
    assert expected(bench(RUBRICS, {"main": model("m")}), ASKED, ASKED).cost == Decimal(8)
    assert expected(bench(RUBRICS, {"main": model("unheard-of")}), ASKED).cost is None


def test_judges_that_ask_nobody_cost_nothing() -> None:
    assert expected(offline_bench(), ASKED) == Estimate(1, 0, Usage(), Decimal(0))


def test_it_reads_as_a_sentence() -> None:
    told = Estimate(3, 12, Usage(4567, 890), Decimal("0.012"))
    assert str(told) == "3 interactions, 12 calls, about 4,567 input and 890 output tokens, about 0.01 USD"
    assert "an unknown price" in str(replace(told, cost=None))

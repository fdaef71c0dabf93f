"""What the money bought, from tallies: intervals that hold what they say, and nothing said of too little."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.domain.cost import Spend
from include.domain.segment import Tally
from include.domain.value import AnswerTally, CacheTally, PromptTally, Stratum, ValueTallies, ValueWeek, Verdict
from include.ledger.cheaper import MARGIN, cheaper_models
from include.ledger.value import good_answers, grown_prompts, missed_caches, value_week, wilson
from tests.fakes.prices import PerToken

LAST = date(2026, 11, 15)
PRICES = PerToken({"big": ("10", "1", "40"), "small": ("1", "0.5", "4"), "flat": ("1", "1", "4")})
EASY, HARD = Stratum("en", 0, True, True), Stratum("en", 2, True, True)
TARGET = {"": 0.6}


def tally(values: Sequence[float]) -> Tally:
    n, total, squares = len(values), sum(values), sum(value**2 for value in values)
    return Tally(n, n, n, total, squares, None, None, total, squares)


def answers(model: str, stratum: Stratum, values: Sequence[float], usd: str = "0.01") -> AnswerTally:
    """As many answers as values, each for that much."""
    good = tally([float(value >= 0.6) for value in values])
    spend = Spend(len(values), 0, len(values) * Decimal(usd))
    return AnswerTally("bank", "production", model, stratum, spend, len(values), tally(values), good)


def around(mean: float, number: int) -> list[float]:
    return [mean + (place % 5 - 2) / 100 for place in range(number)]


@given(st.floats(0, 1), st.floats(0.5, 1e6))
def test_an_interval_of_a_share_holds_it_and_lies_between_0_and_1(share: float, n: float) -> None:
    told = wilson(share, n)
    assert told.low is not None
    assert told.high is not None
    assert 0 <= told.low <= told.value <= told.high <= 1


def test_an_interval_of_a_share_is_wilsons() -> None:
    told = wilson(0.8, 50)  # Wilson (1927); Brown, Cai and DasGupta (2001) give 0.670 to 0.888 for 40 of 50
    assert [round(float(bound), 3) for bound in (told.low or 0, told.high or 0)] == [0.67, 0.888]


def test_where_nothing_was_judged_or_priced_or_good_no_good_answer_has_a_cost() -> None:
    judged = answers("big", EASY, around(0.9, 40))
    for tallies in (
        replace(judged, good=Tally(), values=Tally()),
        replace(judged, spend=Spend(40, 40)),
        answers("big", EASY, around(0.3, 40)),
        replace(judged, good=replace(judged.good, heaviest=50.0)),  # only what rules always have judged
    ):
        (told,) = good_answers([tallies], TARGET)
        assert told.cost is None


def test_a_call_without_a_price_counts_as_one_of_mean_price() -> None:
    known, unknown = answers("big", EASY, [0.9] * 30), replace(answers("ours", EASY, [0.9] * 10), spend=Spend(10, 10))
    (told,) = good_answers([known, unknown], TARGET)
    assert told.cost is not None
    assert told.cost.value == Decimal("0.01")
    assert told.spend.unpriced == 10


def test_a_project_may_have_a_target_of_its_own() -> None:
    tallies = [answers(model, EASY, around(0.8, 40), usd) for model, usd in (("big", "0.01"), ("small", "0.001"))]
    assert [one.good_from for one in good_answers(tallies, {"": 0.6, "bank": 0.75})] == [0.75]
    assert [one.verdict for one in cheaper_models(tallies, {"": 0.6, "bank": 0.85})] == [Verdict.BELOW_TARGET]
    assert [one.verdict for one in cheaper_models(tallies, {"": 0.6, "other": 0.85})] == [Verdict.ENOUGH]


def test_a_model_that_was_asked_the_easy_questions_is_not_better_for_it() -> None:
    big = [answers("big", EASY, around(0.9, 50)), answers("big", HARD, around(0.7, 150))]
    small = [answers("small", EASY, around(0.9, 150), "0.002"), answers("small", HARD, around(0.7, 50), "0.004")]
    (told,) = cheaper_models([*big, *small], TARGET)
    assert told.difference == pytest.approx(0)
    assert told.expected == pytest.approx(0.75)
    assert told.saving == 2 - (50 * Decimal("0.002") + 150 * Decimal("0.004"))


def test_a_dearer_model_and_one_without_a_price_are_not_spoken_of() -> None:
    big = answers("big", EASY, around(0.9, 100))
    dearer = answers("huge", EASY, around(0.9, 40), "0.02")
    unpriced = replace(answers("ours", EASY, around(0.9, 40)), spend=Spend(40, 40))
    assert cheaper_models([big, dearer, unpriced], TARGET) == ()
    assert cheaper_models([unpriced], TARGET) == ()


def test_where_too_little_is_comparable_it_is_said_how_little() -> None:
    big = [answers("big", EASY, around(0.9, 40)), answers("big", HARD, around(0.9, 60))]
    (told,) = cheaper_models([*big, answers("small", EASY, around(0.9, 40), "0.001")], TARGET)
    assert (told.verdict, told.comparable, told.n) == (Verdict.TOO_FEW, 0.4, (100, 40))
    (few,) = cheaper_models([*big[:1], answers("small", EASY, around(0.9, 4), "0.001")], TARGET)
    assert few.verdict is Verdict.TOO_FEW


def test_ninety_five_in_a_hundred_intervals_hold_the_difference_and_a_loss_beyond_the_margin_is_seldom_missed() -> None:
    rng = random.Random(7)
    held = missed = 0
    for _ in range(400):
        big = [answers("big", stratum, [rng.gauss(mean, 0.1) for _ in range(60)]) for stratum, mean in MEANS]
        small = [
            answers("small", stratum, [rng.gauss(mean - MARGIN, 0.1) for _ in range(25)], "0.001")
            for stratum, mean in MEANS
        ]
        (told,) = cheaper_models([*big, *small], TARGET)
        assert told.low is not None
        assert told.high is not None
        held += told.low <= -MARGIN <= told.high
        missed += told.verdict is Verdict.ENOUGH
    assert held / 400 == pytest.approx(0.95, abs=0.025)
    assert missed / 400 < 0.05


MEANS = ((EASY, 0.85), (HARD, 0.75))


def cache(model: str, missed: int) -> CacheTally:
    return CacheTally("bank", "openai", model, "v1", 100, 90, 0, 200_000, 1_000, 50_000, 1536, missed)


def test_a_cache_is_worth_the_difference_of_its_prices() -> None:
    (told,) = missed_caches([cache("big", 100_000)], PRICES, LAST)
    assert (told.saving, told.cached, told.achievable) == (Decimal("0.9"), 0.25, 0.75)


@pytest.mark.parametrize(
    "tally", [cache("flat", 100_000), cache("unheard-of", 100_000), cache("big", 100), cache("big", 0)]
)
def test_a_cache_that_costs_the_same_or_nobody_knows_what_or_saves_no_cent_is_no_finding(tally: CacheTally) -> None:
    assert missed_caches([tally], PRICES, LAST) == ()


def prompt(version: str, now: tuple[int, int], before: tuple[int, int], model: str = "big") -> PromptTally:
    return PromptTally("bank", "openai", model, version, *now, *before)


def test_a_new_prompt_version_is_held_against_the_one_that_it_followed() -> None:
    old, new = prompt("v1", (10, 10_000), (400, 400_000)), prompt("v2", (300, 450_000), (0, 0))
    (told,) = grown_prompts([prompt("v0", (0, 0), (60, 6_000)), old, new], PRICES, LAST)
    assert (told.prompt_version, told.before_version, told.per_call_before) == ("v2", "v1", 1000)
    assert told.extra == Decimal("1.5")


@pytest.mark.parametrize(
    ("now", "before"),
    [
        ((49, 490_000), (400, 400_000)),
        ((400, 4_000_000), (49, 49_000)),
        ((400, 470_000), (400, 400_000)),
        ((60, 9), (0, 0)),
    ],
)
def test_few_calls_little_growth_and_no_past_are_no_findings(now: tuple[int, int], before: tuple[int, int]) -> None:
    assert grown_prompts([prompt("v1", now, before)], PRICES, LAST) == ()


def test_growth_whose_price_nobody_knows_is_told_without_one() -> None:
    (told,) = grown_prompts([prompt("v1", (60, 60_000), (60, 30_000), "unheard-of")], PRICES, LAST)
    assert told.extra is None


def test_of_nothing_nothing_is_told() -> None:
    assert value_week(ValueTallies(), PRICES, LAST, TARGET) == ValueWeek()

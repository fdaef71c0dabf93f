"""Contributions of factors add up to the change of spend, whatever the two periods hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.domain.factor_words import sentence
from include.domain.factors import Factor, Rates, Use, decompose

USD = Decimal


@st.composite
def uses(draw: st.DrawFn) -> Use:
    """A model's period: none of it, some or all without a price, tokens that nobody counted, answers that are free."""
    interactions = draw(st.integers(0, 10_000))
    priced = draw(st.integers(0, interactions))
    given = draw(st.integers(0, 10**7))
    cost = USD(draw(st.integers(0, 10**13))) / 10**10 if priced else USD(0)
    return Use(
        interactions,
        priced,
        cost,
        given,
        draw(st.integers(0, 10**6)),
        draw(st.integers(0, given) if given else st.just(0)),
    )


periods = st.dictionaries(st.sampled_from("abc"), uses(), max_size=3)
STEADY = {
    "a": Use(80, 80, USD("4.00"), input_tokens=80_000, output_tokens=16_000, cached_input_tokens=20_000),
    "b": Use(20, 20, USD("3.00"), input_tokens=20_000, output_tokens=5_000),
}
RATES = {"a": Rates(cached=Fraction(1, 10), output=8), "b": Rates(output=4)}


def contributions(before: Mapping[str, Use], now: Mapping[str, Use]) -> dict[Factor, Decimal]:
    return {one.factor: one.usd for one in decompose(before, now, RATES).contributions}


@settings(max_examples=40)
@given(periods, periods)
def test_contributions_add_up_to_the_change_exactly(before: Mapping[str, Use], now: Mapping[str, Use]) -> None:
    change = decompose(before, now, RATES)
    assert sum(one.usd for one in change.contributions) == change.now - change.before == change.usd
    assert change.now == sum(use.cost for use in now.values())
    assert sorted(one.factor for one in change.contributions) == sorted(Factor)


@settings(max_examples=40)
@given(periods, periods)
def test_periods_that_change_places_change_the_sign(before: Mapping[str, Use], now: Mapping[str, Use]) -> None:
    there, back = contributions(before, now), contributions(now, before)
    assert {factor: -usd for factor, usd in back.items()} == there


@settings(max_examples=40)
@given(periods, periods, st.permutations("abc"))
def test_the_order_of_models_plays_no_part(before: Mapping[str, Use], now: Mapping[str, Use], order: list[str]) -> None:
    was, is_ = ({model: period[model] for model in order if model in period} for period in (before, now))
    assert decompose(was, is_, RATES) == decompose(before, now, RATES)


@settings(max_examples=40)
@given(periods)
def test_what_did_not_change_contributes_nothing(period: Mapping[str, Use]) -> None:
    assert not any(contributions(period, period).values())


def test_more_of_the_same_is_traffic_alone() -> None:
    now = {
        "a": Use(240, 240, USD("12.00"), input_tokens=240_000, output_tokens=48_000, cached_input_tokens=60_000),
        "b": Use(60, 60, USD("9.00"), input_tokens=60_000, output_tokens=15_000),
    }
    moved = contributions(STEADY, now)
    assert {factor: usd for factor, usd in moved.items() if usd} == {Factor.TRAFFIC: USD(14)}


def price(model: str, use: Use) -> Decimal:
    """USD at a list price: 1 USD a thousand input tokens, output and cache at `RATES`."""
    rates = RATES[model]
    fresh = Fraction(use.input_tokens) - Fraction(use.cached_input_tokens) * (1 - Fraction(rates.cached))
    units = fresh + Fraction(use.output_tokens) * Fraction(rates.output)
    return USD(units.numerator) / USD(units.denominator) / 1000


@pytest.mark.parametrize(
    ("factor", "name"),
    [(Factor.INPUT, "input_tokens"), (Factor.OUTPUT, "output_tokens"), (Factor.CACHE, "cached_input_tokens")],
)
def test_tokens_that_alone_changed_explain_the_whole_change(factor: Factor, name: str) -> None:
    listed = {model: replace(use, cost=price(model, use)) for model, use in STEADY.items()}
    was = listed["a"]
    grown = {name: 2 * getattr(was, name)}
    if factor is Factor.INPUT:
        grown["cached_input_tokens"] = 2 * int(was.cached_input_tokens)  # as large a share of them as before
    longer = replace(was, **grown)
    moved = contributions(listed, {**listed, "a": replace(longer, cost=price("a", longer))})
    assert [one for one, usd in moved.items() if usd] == [factor]


def test_a_price_that_rose_is_the_price_alone() -> None:
    moved = contributions(STEADY, {**STEADY, "b": replace(STEADY["b"], cost=USD("7.50"))})
    assert {factor: usd for factor, usd in moved.items() if usd} == {Factor.PRICE: USD("4.50")}


def test_another_model_for_the_same_work_is_the_mix_alone() -> None:
    before, now = {"small": Use(10, 10, USD(1), 1000, 100)}, {"large": Use(10, 10, USD(7), 3000, 300)}
    change = decompose(before, now)
    assert {one.factor: one.usd for one in change.contributions if one.usd} == {Factor.MIX: USD(6)}
    assert sentence(change) == "100 % of interactions by large, none before: +6.00 USD"


def test_a_new_model_that_doubles_traffic_shares_the_change_between_both() -> None:
    before, now = {"small": Use(10, 10, USD(10), 1000, 100)}, {"large": Use(20, 20, USD(40), 2000, 200)}
    moved = contributions(before, now)
    assert (moved[Factor.TRAFFIC], moved[Factor.MIX]) == (USD(15), USD(15))


def test_a_price_that_nobody_knows_is_no_saving() -> None:
    change = decompose({"a": Use(10, 10, USD(5), 100, 10)}, {"a": Use(10, 0, USD(0), 100, 10)})
    assert {one.factor: one.usd for one in change.contributions if one.usd} == {Factor.UNPRICED: USD(-5)}
    assert sentence(change) == "100 % of interactions without a known price, none before: -5.00 USD"


def test_tokens_that_nobody_counted_are_no_tokens_saved() -> None:
    moved = contributions({"a": Use(10, 10, USD(5), 100, 10)}, {"a": Use(10, 10, USD(8))})
    assert {factor: usd for factor, usd in moved.items() if usd} == {Factor.PRICE: USD(3)}


@pytest.mark.parametrize(("before", "now"), [({}, {}), ({}, STEADY), (STEADY, {})])
def test_a_period_without_interactions_is_traffic(before: Mapping[str, Use], now: Mapping[str, Use]) -> None:
    moved = {factor: usd for factor, usd in contributions(before, now).items() if usd}
    assert moved.keys() <= {Factor.TRAFFIC}


def test_a_cost_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="no interaction with a price"):
        Use(3, 0, USD(1))


def test_what_moved_is_told_in_words_with_what_is_left() -> None:
    before = {"a": Use(10, 10, USD("10.00"), 10_000, 1000)}
    now = {"a": Use(42, 42, USD("126.00"), 90_000, 4500)}
    assert sentence(decompose(before, now)) == (
        "4.2 times as many interactions: +61.15 USD; 2.1 times as many input tokens each: +27.93 USD; "
        "a price per token 68 % higher: +26.05 USD; all else: +0.87 USD"
    )


def test_fewer_and_cheaper_are_told_as_such() -> None:
    before, now = {"a": Use(10, 10, USD(10), 10_000, 0)}, {"a": Use(6, 6, USD(3), 6_000, 0)}
    assert sentence(decompose(before, now)) == (
        "a price per token 50 % lower: -4.00 USD; 40 % fewer interactions: -3.00 USD"
    )


def test_nothing_moved_says_nothing() -> None:
    assert sentence(decompose(STEADY, STEADY)) == ""

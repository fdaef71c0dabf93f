"""What judging would have cost and what was saved: the sums close whatever happened, and who counts as strong."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.domain.cost import Spend
from include.domain.judging_cost import Asked, CallTally, JudgedTally, JudgingTallies, SampledTally, SparedTally
from include.domain.llm import CallMode
from include.domain.money import JudgingSaved
from include.domain.price import BillableCall, Price
from include.domain.score import Usage
from include.ledger.savings import judge_costs, judging_week, savings
from tests.fakes.prices import PerToken

DAY = date(2026, 11, 10)
PRICES = PerToken({"cheap": ("1", "0.5", "4"), "strong": ("10", "1", "40"), "embed": ("0.1", "0.1", "0")})
CHEAP, STRONG, EMBED = (Asked("openai", model) for model in ("cheap", "strong", "embed"))
NOTHING = Decimal(0)


def calls(
    asked: Asked, number: int, *, cached: int = 0, mode: CallMode = CallMode.LIVE, unpriced: int = 0, judge: str = "j"
) -> CallTally:
    """So many calls of 1,000 tokens in and 100 out each, at the price that they have; batches cost half."""
    usage = Usage(1000 * number, 100 * number, cached * number)
    price = PRICES.price(BillableCall(asked.provider, asked.model, usage, None))  # type: ignore[arg-type]
    cost = price.usd / (2 if mode is CallMode.BATCH else 1) if price else NOTHING
    spend = Spend(number + unpriced, unpriced if price else number + unpriced, cost)
    return CallTally(DAY, "bank", "tone", judge, asked, asked.model, mode, usage, spend)


def judged(
    number: int, *models: tuple[Asked, int], strong: Asked | None = None, stands_for: float = 0.0
) -> JudgedTally:
    return JudgedTally("bank", "tone", "j", number, models, strong, stands_for)


def told(
    *called: CallTally,
    heard: tuple[JudgedTally, ...] = (),
    spared: tuple[SparedTally, ...] = (),
    sampled: SampledTally | None = None,
) -> JudgingSaved:
    tallies = JudgingTallies(called, spared, heard, (sampled or SampledTally("bank", 0, 0.0, 10),))
    (saved,) = savings(tallies, PRICES)
    return saved


def by(saved: JudgingSaved) -> list[Decimal]:
    return [saved.by_sampling, saved.by_cascade, saved.by_cache, saved.by_batches]


def test_one_judge_that_judges_everything_live_saves_nothing() -> None:
    saved = told(calls(STRONG, 10), heard=(judged(10, (STRONG, 10)),))
    assert (saved.in_full, saved.spent) == (Decimal("0.14"), Decimal("0.14"))
    assert by(saved) == [NOTHING] * 4


def test_a_strong_judge_that_was_never_asked_is_priced_by_the_cheap_ones_tokens() -> None:
    saved = told(calls(CHEAP, 10), heard=(judged(10, (CHEAP, 10), (STRONG, 0), strong=STRONG),))
    assert (saved.in_full, saved.by_cascade) == (Decimal("0.14"), Decimal("0.126"))


def test_without_a_cascade_the_dearest_judge_is_the_strong_one() -> None:
    saved = told(calls(STRONG, 5), calls(CHEAP, 5), heard=(judged(5, (STRONG, 5)), judged(5, (CHEAP, 5))))
    assert (saved.in_full, saved.by_cascade) == (Decimal("0.14"), Decimal("0.063"))


def test_a_panel_costs_more_than_its_dearest_member_and_that_is_said() -> None:
    saved = told(calls(STRONG, 10), calls(CHEAP, 10), heard=(judged(10, (STRONG, 10), (CHEAP, 10)),))
    assert saved.by_cascade == Decimal("-0.014")


def test_what_embeddings_cost_is_saved_by_nothing_but_sampling() -> None:
    sampled = SampledTally("bank", 10, 10.0, 10)
    saved = told(
        calls(STRONG, 10), calls(EMBED, 40), heard=(judged(10, (STRONG, 10), stands_for=10.0),), sampled=sampled
    )
    assert (saved.by_sampling, saved.by_cascade) == (Decimal("0.144"), NOTHING)


def test_of_what_was_left_out_only_what_could_have_been_judged_would_have_cost() -> None:
    sampled = SampledTally("bank", left_out=80, stands_for=40.0, judged=10)
    saved = told(calls(STRONG, 10), heard=(judged(10, (STRONG, 10), stands_for=10.0),), sampled=sampled)
    assert saved.by_sampling == 20 * Decimal("0.014")


def test_calls_on_record_are_worth_what_they_had_cost() -> None:
    spared = SparedTally("bank", "tone", "j", "strong", Spend(4, 1, Decimal("0.042")))
    saved = told(calls(STRONG, 7), heard=(judged(10, (STRONG, 10)),), spared=(spared,))
    assert (saved.in_full, saved.by_cache, saved.unpriced) == (Decimal("0.14"), Decimal("0.042"), 1)
    assert saved.by_cascade == NOTHING


def test_where_the_strong_judges_price_is_unknown_nothing_is_said_to_be_saved() -> None:
    unheard = Asked("openai", "unheard-of")
    saved = told(calls(CHEAP, 10), heard=(judged(10, (CHEAP, 10), (unheard, 0), strong=unheard),))
    assert (saved.in_full, saved.spent, saved.untold) == (NOTHING, NOTHING, Decimal("0.014"))


def test_a_judge_that_is_paid_by_the_hour_has_a_price_though_its_tokens_have_none() -> None:
    ours = replace(calls(Asked("self", "ours"), 10), spend=Spend(10, 0, Decimal("0.5")))
    saved = told(ours, heard=(judged(10, (Asked("self", "ours"), 10)),))
    assert (saved.in_full, saved.spent, saved.untold) == (Decimal("0.5"), Decimal("0.5"), NOTHING)


def test_judgements_whose_calls_have_no_price_are_not_taken_as_free() -> None:
    alone = told(calls(STRONG, 5, unpriced=5), heard=(judged(10, (STRONG, 10)),))
    assert (alone.in_full, alone.by_cascade, alone.unpriced) == (Decimal("0.07"), NOTHING, 5)
    cheap = judged(10, (CHEAP, 10), (STRONG, 0), strong=STRONG)
    assert told(calls(CHEAP, 5, unpriced=5), heard=(cheap,)).in_full == Decimal("0.07")
    unheard = Asked("openai", "unheard-of")
    other = told(calls(STRONG, 5), calls(unheard, 5), heard=(judged(5, (STRONG, 5)), judged(5, (unheard, 5))))
    assert (other.in_full, other.untold) == (NOTHING, Decimal("0.07"))


def test_calls_that_led_to_no_judgement_are_spent_and_nothing_is_made_of_them() -> None:
    saved = told(calls(CHEAP, 10, mode=CallMode.BATCH))
    assert (saved.in_full, saved.spent, saved.by_batches) == (Decimal("0.014"), Decimal("0.007"), Decimal("0.007"))


def test_a_price_by_length_of_prompt_is_that_of_the_mean_call() -> None:
    class Tiered:
        def price(self, call: BillableCall) -> Price | None:
            assert call.usage is not None
            rate = Decimal(1 if call.usage.input_tokens <= 2000 else 100)
            return Price(rate * call.usage.input_tokens / 1_000_000, "list")

    many = replace(calls(CHEAP, 100, mode=CallMode.BATCH), spend=Spend(100, 0, Decimal("0.05")))
    (saved,) = savings(JudgingTallies((many,), (), (), ()), Tiered())
    assert saved.by_batches == Decimal("0.05")


counts = st.integers(0, 400)


@given(counts, counts, counts, counts, counts, st.integers(0, 1000), counts, st.floats(0.01, 1), st.integers(0, 50))
def test_the_sums_close_whatever_happened(
    live: int, batch: int, strong: int, spared: int, judgements: int, cached: int, left_out: int, rate: float, lost: int
) -> None:
    stands_for = judgements * (1 / rate - 1)
    called = [
        calls(CHEAP, live or 1, cached=cached, unpriced=lost),
        *([calls(CHEAP, batch, mode=CallMode.BATCH)] if batch else []),
        *([calls(STRONG, strong)] if strong else []),
    ]
    heard = judged(
        judgements, (CHEAP, judgements), (STRONG, min(strong, judgements)), strong=STRONG, stands_for=stands_for
    )
    saved = told(
        *called,
        heard=(heard,) if judgements else (),
        spared=(SparedTally("bank", "tone", "j", "cheap", Spend(spared, 0, spared * Decimal("0.0014"))),),
        sampled=SampledTally("bank", left_out, stands_for, judgements),
    )
    assert saved.in_full - sum(by(saved)) == saved.spent == sum(one.spend.known for one in called)
    assert saved.by_cache >= 0
    assert saved.by_batches >= 0
    assert saved.by_sampling >= 0
    assert saved.unpriced == lost


def test_projects_are_added_up_and_the_largest_saving_stands_first() -> None:
    def of(project: str, number: int) -> JudgingTallies:
        sampled = SampledTally(project, number, float(number), number)
        called = replace(calls(STRONG, number), project=project)
        heard = replace(judged(number, (STRONG, number), stands_for=float(number)), project=project)
        return JudgingTallies((called,), (), (heard,), (sampled,))

    one, two = of("one", 10), of("two", 20)
    both = JudgingTallies(*(a + b for a, b in zip(_fields(one), _fields(two), strict=True)))
    week = judging_week(both, PRICES)
    assert [saved.project for saved in week.saved] == ["two", "one"]
    assert week.whole is not None
    assert (week.whole.judged, week.whole.saved) == (30, 30 * Decimal("0.014"))


def _fields(tallies: JudgingTallies) -> tuple[tuple[object, ...], ...]:
    return tallies.calls, tallies.spared, tallies.judged, tallies.sampled


def test_a_judge_without_a_price_is_listed_without_a_cost_for_a_thousand() -> None:
    unpriced = calls(Asked("", "unheard-of"), 3)
    tallies = JudgingTallies((unpriced, calls(STRONG, 1, judge="other")), (), (judged(3, (CHEAP, 3)),), ())
    other, unknown = judge_costs(tallies)
    assert (other.judge, other.per_thousand) == ("other", None)
    assert (unknown.spend, unknown.judgements, unknown.per_thousand) == (Spend(3, 3), 3, None)


@pytest.mark.parametrize("tallies", [JudgingTallies((), (), (), ()), JudgingTallies((), (), (judged(3),), ())])
def test_judges_that_call_nobody_save_nothing(tallies: JudgingTallies) -> None:
    assert judging_week(tallies, PRICES).whole is None

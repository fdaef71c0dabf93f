"""The report's section on cost: bars, words, and what is said where something is not known."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.domain.cost import Spend
from include.domain.judging_cost import JudgingWeek
from include.domain.money import BudgetMonth, Forecast, JudgingSaved
from include.domain.report import WeekMoney
from include.domain.value import Range, ValueWeek, Verdict
from include.reports.charts import HEIGHT, WIDTH
from include.reports.money_charts import bullets, pairs, waterfall
from include.reports.money_words import between, difference, moved, outlook, percent, verdict
from include.reports.render import render
from tests.fakes.week_money import budgets, judging, money
from tests.fakes.weekly import costs, week

DAY = date(2026, 11, 9)
dollars = st.decimals(-1000, 1000, places=4)


def saved(**usd: Decimal) -> JudgingSaved:
    (usual,) = judging().saved
    return replace(usual, **usd)


@given(dollars, dollars, dollars, dollars, st.decimals(0, 1000, places=4))
def test_the_steps_lead_from_what_it_would_have_cost_to_what_was_spent(
    sampling: Decimal, cascade: Decimal, cache: Decimal, batches: Decimal, spent: Decimal
) -> None:
    by = {"by_sampling": sampling, "by_cascade": cascade, "by_cache": cache, "by_batches": batches}
    told = saved(**by, spent=spent, in_full=spent + sum(by.values()))
    first, *savings, last = waterfall(told)
    assert first.usd - sum(step.usd for step in savings) == last.usd == spent
    assert all(step.width >= 0 for step in savings)
    assert [step.kind for step in savings] == ["sampling", "cascade", "cache", "batches"]


def test_a_step_begins_where_the_one_before_it_ended() -> None:
    steps = waterfall(judging().saved[0])
    assert (steps[0].x, steps[0].width) == (0, 100)
    for before, after in pairwise(steps[1:-1]):
        assert before.x == pytest.approx(after.x + after.width, abs=0.02)


def test_bars_of_two_weeks_share_a_scale_and_a_week_without_spend_has_flat_ones() -> None:
    days = [(DAY, Decimal(1)), (DAY + timedelta(days=1), Decimal(2))]
    before = [(day - timedelta(days=7), usd * 2) for day, usd in days]
    assert [(one.height, one.height_before) for one in pairs(days, before)] == [(14, 28), (28, HEIGHT)]
    assert [one.usd_before for one in pairs(days, ())] == [None, None]
    assert pairs(days, ())[1].x + pairs(days, ())[1].width < WIDTH
    assert [one.height for one in pairs([(DAY, Decimal(0))], ())] == [0]
    assert pairs([], []) == ()


@pytest.mark.parametrize(
    ("spent", "forecast", "told"),
    [
        ("50", None, "within"),
        ("101", None, "over"),
        ("50", ("90", "80", "100"), "within"),
        ("50", ("90", "80", "101"), "near"),
        ("50", ("101", "90", "120"), "over"),
    ],
)
def test_a_budget_is_over_near_or_within(spent: str, forecast: tuple[str, str, str] | None, told: str) -> None:
    expected = Forecast(DAY, *map(Decimal, forecast)) if forecast else None
    budget = BudgetMonth("bank", "ana", DAY, Decimal(100), Spend(1, 0, Decimal(spent)), expected)
    assert outlook(budget) == told


def test_everything_of_a_budget_fits_its_bar() -> None:
    for one in bullets(budgets()):
        assert all(figure <= 96 for figure in (one.spent, one.limit, one.high or 0))
        assert (one.high is None) == (one.budget.forecast is None)


@pytest.mark.parametrize(
    ("now", "before", "told"),
    [
        ("12", "10", "+$2.00 (+20 %)"),
        ("9.5", "10", "−$0.500 (−5 %)"),
        ("10", "10", "no change"),
        ("10", "0", "+$10.00"),
    ],
)
def test_a_change_has_its_sign_and_its_share(now: str, before: str, told: str) -> None:
    assert moved(Decimal(now), Decimal(before)) == told


def test_amounts_and_shares_are_told_as_what_they_are() -> None:
    assert difference(Decimal("-0.0412")) == "−$0.0412"
    assert [percent(share) for share in (0, 0.0004, 0.004, 0.14, 1)] == ["0 %", "< 0.1 %", "0.4 %", "14 %", "100 %"]
    assert between(Range(Decimal(2), Decimal(1), Decimal(3))) == "$1.00 – $3.00"
    assert between(Range(Decimal(2), Decimal(1), None)) == "$1.00 or more"
    assert between(Range(Decimal(2), None, None)) == "interval unknown"


def section(told: WeekMoney) -> str:
    html = render(week(costs=replace(costs(), money=told)))
    return html[html.index('<section id="cost">') : html.index('<section id="method">')]


def test_all_that_is_known_is_told() -> None:
    told = section(money())
    for words in ("$18.72", "87 %", "would have done", "2 retry loops", "Prompts that grew", "may end over budget"):
        assert words in told


def test_what_is_not_known_is_left_out_or_said() -> None:
    told = section(WeekMoney())
    for words in ("saved on judging", "Budgets", "cheaper model", "retry loop", "conversations", "What each judge"):
        assert words not in told
    unknown = replace(saved(), spent=Decimal(0), in_full=Decimal(0), untold=Decimal("2.72"))
    assert "price of the strong judge is not known" in section(WeekMoney(judging=JudgingWeek(saved=(unknown,))))
    partly = replace(saved(), untold=Decimal("0.5"))
    assert "Not in it: $0.500" in section(WeekMoney(judging=JudgingWeek(saved=(partly,))))


def test_a_step_that_cost_more_is_shown_as_a_loss() -> None:
    dearer = saved(by_cascade=Decimal("-1"), in_full=Decimal("16.2374"))
    told = section(WeekMoney(judging=JudgingWeek(saved=(dearer,))))
    assert 'class="loss"' in told
    assert "+$1.00" in told


def test_a_week_of_value_without_findings_has_no_empty_tables() -> None:
    assert "<h3" not in section(WeekMoney(value=ValueWeek()))


@pytest.mark.parametrize(
    ("low", "high", "told"),
    [(-0.3, -0.17, "it answers worse"), (-0.07, 0.05, "a loss of more than 0.02 is not excluded")],
)
def test_a_model_that_answers_worse_is_told_apart_from_one_of_which_too_little_is_known(
    low: float, high: float, told: str
) -> None:
    known = next(one for one in money().value.cheaper if one.verdict is Verdict.MAY_LOSE)
    assert verdict(replace(known, low=low, high=high)) == told

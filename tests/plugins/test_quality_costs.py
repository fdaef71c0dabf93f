"""The page of costs: months against budgets, what moved, what has no price, and what judging saved."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from include.domain.cost import Spend
from include.domain.judging_cost import JudgingWeek
from include.domain.message import Chart
from include.domain.money import JudgingSaved
from include.reports.burn_down import burn_down
from include.reports.charts import HEIGHT, WIDTH
from plugins.quality.burndown import burndown
from plugins.quality.site import PREFIX
from tests.fakes.expenses import expenses, project_month
from tests.fakes.pages import DAY, Desk, overview, state


def page(**changes: object) -> str:
    return Desk(spent=expenses(**changes)).client().get("costs").text


def test_a_month_is_told_with_its_budget_and_how_it_will_end() -> None:
    found = page()
    for told in ("$3.04", "of $10.00", "30 % spent", "$9.60", "$7.20 – $12.00", "may end over budget", "% likely"):
        assert told in found, told
    assert "over budget</span>" in found
    assert "to go over: less than 1 % likely" in found
    assert "no forecast: none was made yet" in found
    assert 'aria-label="Spend of bank in November 2026: $3.04' in found


def test_all_projects_together_are_told_where_there_are_several_or_a_budget_for_all() -> None:
    pool = project_month("pool", "1", "5", "2")
    assert "All projects" in page()
    assert "All projects" not in page(months=(project_month("", "1", None), pool))
    assert "All projects" in page(months=(project_month("", "1", "9"), pool))


def test_spend_is_told_by_what_calls_have_in_common_and_unknown_prices_by_name() -> None:
    found = page()
    for told in ("By model", "By prompt version", "No user group was logged", "and 3 more that cost less", "in-house"):
        assert told in found, told
    assert "22 calls of unknown price" in found
    assert '<td class="num">12</td>' in found
    assert "+$0.500 (+25 %)" in found
    assert "By environment" not in found


def test_what_cannot_be_compared_is_not_compared() -> None:
    found = page(comparable=False, movers=())
    assert "there is nothing to compare with" in found
    assert "+25 %" not in found


def test_what_was_saved_on_judging_is_told_step_by_step() -> None:
    found = page()
    for told in ("Everything, live, by the strong judge", "−$1.20", "+$0.100", "41 calls were answered from replies"):
        assert told in found, told
    unknown = JudgingSaved("bank", 0, *[Decimal(0)] * 6, untold=Decimal(3))
    assert "the price of the strong judge is not known" in page(judging=JudgingWeek(saved=(unknown,)))


def test_an_empty_store_says_what_will_fill_the_page() -> None:
    nothing = {
        "months": (),
        "days": (),
        "days_before": (),
        "movers": (),
        "breakdowns": (),
        "unpriced": (),
        "judges": (),
    }
    spends = dict.fromkeys(("application", "application_before", "judge"), Spend())
    found = page(**nothing, **spends, judging=JudgingWeek())
    assert 'href="/dags/summarize_costs"' in found
    assert "No spend is on record for these days." in found


def test_the_address_says_which_days_are_told_and_leads_on_to_the_judges() -> None:
    desk = Desk()
    found = desk.client().get("costs?range=14d&until=2026-11-20T00:00Z").text
    ((window, environment),) = desk.asked  # type: ignore[misc]
    assert (window.length, environment) == (14 * DAY, "")
    assert f'href="{PREFIX}/judges?range=14d&amp;until=2026-11-20T00%3A00Z"' in found
    assert "make export-costs MONTH=2026-11" in found


def test_of_one_environment_the_page_says_what_is_of_all() -> None:
    desk = Desk(spent=expenses(environments=("production", "staging")))
    found = desk.client().get("costs?env=staging").text
    ((_, environment),) = desk.asked  # type: ignore[misc]
    assert environment == "staging"
    assert 'href="?env=production"' in found
    assert "Months and budgets, and what judging cost, are of all environments together" in found
    assert "are of all environments" not in desk.client().get("costs").text


def test_the_overview_tells_the_budget_beside_what_was_spent_and_leads_to_the_costs() -> None:
    projects = (replace(state(), limit=Decimal(20)), replace(state("shop"), limit=Decimal(10)), state("help"))
    found = Desk(over=overview(*projects)).client().get("?range=14d").text
    assert 'class="quiet nowrap">of $20.00<' in found
    assert 'class="worse nowrap">of $10.00<' in found
    assert found.count(">of $") == 2
    assert f'href="{PREFIX}/costs?range=14d"' in found


def test_a_burn_down_spans_its_month_and_draws_unknown_days_as_gaps() -> None:
    one = project_month("pool", "3", "5", "8")
    chart = burn_down(one.month, one.course, "pool")
    assert chart is not None
    drawn = burndown(chart)
    assert len(drawn.lines) == 2
    assert drawn.last == (pytest.approx(WIDTH * 20 / 30, abs=0.1), pytest.approx(HEIGHT * (1 - 2.85 / 8.32), abs=0.1))
    assert drawn.limit == pytest.approx(HEIGHT * (1 - 5 / 8.32), abs=0.1)
    assert f"{WIDTH:g}," in drawn.fan
    assert drawn.fan.count(",") == 3
    assert drawn.expected.count(",") == 2


def test_a_burn_down_of_nothing_spent_lies_on_its_axis() -> None:
    start = datetime(2026, 12, 1, tzinfo=UTC)
    drawn = burndown(Chart("t", ((start, 0.0), (start + DAY, 0.0)), "alt", unit="USD"))
    assert drawn.lines == (f"0,{HEIGHT:g} 9,{HEIGHT:g}",)
    assert (drawn.fan, drawn.expected, drawn.limit) == ("", "", None)

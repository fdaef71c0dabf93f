"""The daily cost summary: what is summed, what is named, what is not known."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.domain.cost import CostKind, DailyCost, Spend, total
from include.domain.message import Message
from include.domain.money import BudgetMonth, Forecast, JudgingSaved, Unforeseen
from include.notify.blocks import Look, render_blocks
from include.reports.cost_summary import (
    MonthKnown,
    by_project,
    cost_message,
    cost_messages,
    first_day_needed,
    summarize,
)

TODAY = date(2026, 11, 20)


def row(
    back: int = 0,
    usd: str = "1",
    *,
    project: str = "clinic",
    model: str = "m",
    kind: CostKind = CostKind.APPLICATION,
    calls: int = 10,
    unpriced: int = 0,
) -> DailyCost:
    return DailyCost(TODAY - timedelta(days=back), project, model, kind, Spend(calls, unpriced, Decimal(usd)))


def test_judges_are_counted_apart_from_applications() -> None:
    spend = summarize(TODAY, [row(usd="2.5"), row(usd="0.3", kind=CostKind.JUDGE), row(1, "4")])
    assert (spend.application.known, spend.judge.known) == (Decimal("2.5"), Decimal("0.3"))
    assert (spend.month.spent.known, spend.month_judge.known) == (Decimal("6.5"), Decimal("0.3"))


def test_the_month_begins_on_its_first_day() -> None:
    spend = summarize(TODAY, [row(usd="1"), row(19, "2"), row(20, "4")])
    assert spend.month.spent.known == 3


def test_rows_are_needed_from_the_month_and_from_the_week_before() -> None:
    assert first_day_needed(date(2026, 11, 20)) == date(2026, 11, 1)
    assert first_day_needed(date(2026, 11, 2)) == date(2026, 10, 26)


def test_the_mover_is_the_project_that_differs_most_in_money_from_its_usual_day() -> None:
    past = [row(back, "2", project="bank") for back in range(1, 8)] + [row(back, "0.1") for back in range(1, 8)]
    mover = summarize(TODAY, [*past, row(usd="0.9"), row(usd="3.5", project="bank")]).mover
    assert mover is not None
    assert (mover.project, mover.change) == ("bank", Decimal("1.5"))


def test_a_project_that_fell_silent_can_be_the_mover() -> None:
    message = cost_message(summarize(TODAY, [row(back, "2") for back in (1, 2, 3)]), "http://ui")
    facts = {fact.label: fact.value for fact in message.facts}
    assert facts["Biggest mover"] == "clinic: $2.00 less than usual (100 %), $0.00 against $2.00 a day"
    assert message.summary == "No application call is on record for Fri 20 Nov 2026."


def test_with_too_little_history_no_mover_is_named() -> None:
    assert summarize(TODAY, [row(2), row(1), row()]).mover is None


def test_a_model_without_a_price_is_named_and_its_calls_are_not_taken_as_free() -> None:
    spend = summarize(TODAY, [row(usd="3", calls=5), row(usd="0", model="in-house", calls=4, unpriced=4)])
    message = cost_message(spend, "http://ui")
    assert spend.unpriced_models == (("in-house", 4),)
    assert "in-house: 4 calls" in message.sections[-1].items
    assert message.summary == (
        "The applications spent $3.00 in 9 calls; 4 of them have no known price and are not in the sum."
    )


def test_where_no_call_has_a_price_the_spend_is_not_known_and_not_zero() -> None:
    message = cost_message(summarize(TODAY, [row(usd="0", calls=4, unpriced=4)]), "http://ui")
    assert message.summary == "What the applications spent is not known: none of 4 calls has a price."
    assert "$" not in message.sections[0].items[0]


def test_a_day_told_twice_is_one_message() -> None:
    first = cost_message(summarize(TODAY, [row()]), "http://ui")
    second = cost_message(summarize(TODAY, [row(), row(usd="2", model="late")]), "http://ui")
    assert first.key == second.key == "costs_2026-11-20"
    assert first.digest != second.digest


def test_a_long_list_is_cut_and_says_so() -> None:
    message = cost_message(summarize(TODAY, [row(project=f"p{number:02}") for number in range(15)]), "http://ui")
    assert len(message.sections[0].items) == 13
    assert message.sections[0].items[-1] == "and 3 more"


FIRST = TODAY.replace(day=1)
WHOLE = frozenset(FIRST + timedelta(days=day) for day in range(TODAY.day))


def forecast(usd: str) -> Forecast:
    return Forecast(TODAY, Decimal(usd), Decimal(usd) * Decimal("0.9"), Decimal(usd) * Decimal("1.2"))


def budget(project: str, owner: str, usd: str, spent: Spend = Spend(9, 0, Decimal(9))) -> BudgetMonth:  # noqa: B008
    return BudgetMonth(project, owner, FIRST, Decimal(usd), spent, None)


MONTH = (
    [row(back, "2", project="bank") for back in range(20)] + [row(back, "1") for back in range(1, 20)] + [row(usd="9")]
)
KNOWN = MonthKnown(
    whole=WHOLE,
    outlooks={"": forecast("95"), "bank": forecast("61"), "clinic": forecast("38")},
    budgets={
        "": budget("", "finance", "100"),
        "bank": budget("bank", "banking", "70"),
        "clinic": budget("clinic", "health", "25"),
    },
    moved_by=lambda mover: f"4.2 times as many interactions: +{mover.change:.2f} USD",
    saved={
        "clinic": JudgingSaved("clinic", 10, *(Decimal(usd) for usd in ("0.5", "2", "0.8", "0.4", "0.2", "0.1"))),
    },
)


def facts(message: Message) -> dict[str, str]:
    return {fact.label: fact.value for fact in message.facts}


def everybody(project: str) -> None:
    return None


def test_the_month_is_told_with_what_is_expected_of_its_end_and_of_its_budget() -> None:
    message = cost_message(summarize(TODAY, [*MONTH, row(usd="0.5", kind=CostKind.JUDGE)], KNOWN), "http://ui")
    assert facts(message) == {
        "Month to date": "$68.00 in 20 of 30 days",
        "Month's end": "$95.00 expected, 80 % interval $85.50 to $114.00",
        "Budget": "$100.00; 68 % spent, 67 % of the month gone; 95 % expected, 37 % likely to go over",
        "Biggest mover": "clinic: $8.00 more than usual (9.0 times as much), $9.00 against $1.00 a day. "
        "4.2 times as many interactions: +8.00 USD",
        "Judging": "$0.500, which is $1.50 (75 %) less than judging all live with the strong judge; $0.500 this month",
    }
    assert message.sections[0].items == (
        "clinic: $9.00; $28.00 of $25.00 this month (112 %), $38.00 expected",
        "bank: $2.00; $40.00 of $70.00 this month (57 %), $61.00 expected",
    )


def test_the_chart_adds_up_the_days_and_ends_with_the_interval_at_the_months_end() -> None:
    chart = cost_message(summarize(TODAY, MONTH, KNOWN), "http://ui").chart
    assert chart is not None
    assert [value for _, value in chart.points][:3] == [0, 3, 6]
    assert (chart.points[-1][1], chart.reference, chart.held_to) == (68, 100, "budget")
    assert [(at.isoformat(), *values) for at, *values in chart.outlook] == [
        ("2026-12-01T00:00:00+00:00", 85.5, 95.0, 114.0)
    ]
    assert chart.alt == (
        "Spend of all projects in November 2026: $68.00 until 20 Nov; $95.00 expected, 80 % interval $85.50 to "
        "$114.00; budget $100.00"
    )


def test_every_owner_hears_of_the_projects_that_are_theirs() -> None:
    told = cost_messages(TODAY, MONTH, KNOWN, everybody, "http://ui")
    assert [(message.key, message.owner) for _, message in told] == [
        ("costs_2026-11-20", "finance"),
        ("costs_2026-11-20 banking", "banking"),
        ("costs_2026-11-20 health", "health"),
    ]
    clinic = told[2][1]
    assert clinic.title == "Spend on Fri 20 Nov 2026, clinic"
    assert facts(clinic)["Budget"] == "$25.00; 112 % spent, 67 % of the month gone"
    assert facts(clinic)["Month's end"].startswith("$38.00 expected")
    assert clinic.sections == ()


def test_of_several_projects_an_owner_hears_the_sum() -> None:
    budgets = {name: replace(one, owner="ops") for name, one in KNOWN.budgets.items() if name}
    known = replace(KNOWN, budgets=budgets)
    told = cost_messages(TODAY, [*MONTH, row(project="other")], known, everybody, "http://ui")
    assert [message.key for _, message in told] == ["costs_2026-11-20", "costs_2026-11-20 ops"]
    assert facts(told[1][1])["Month's end"] == "$99.00 expected, 80 % interval $89.10 to $118.80"
    assert facts(told[1][1])["Budget"].startswith("$95.00; 72 % spent")


def test_an_owner_of_many_projects_has_them_counted_in_the_title() -> None:
    budgets = {name: budget(name, "ops", "5") for name in "abcd"}
    told = cost_messages(TODAY, MONTH, replace(KNOWN, budgets=budgets), everybody, "http://ui")
    assert told[1][1].title == "Spend on Fri 20 Nov 2026, 4 projects"


def test_who_owns_all_projects_reads_the_overall_summary_and_none_beside() -> None:
    budgets = {name: replace(one, owner="ops") for name, one in KNOWN.budgets.items() if name}
    told = cost_messages(TODAY, MONTH, replace(KNOWN, budgets=budgets), everybody, "http://ui")
    assert [message.key for _, message in told] == ["costs_2026-11-20"]


def test_an_owners_message_goes_where_the_projects_route_leads() -> None:
    def route(project: str) -> str | None:
        return "#clinic" if project == "clinic" else None

    told = cost_messages(TODAY, MONTH, KNOWN, route, "http://ui")
    assert [(channel, message.key) for channel, message in told] == [
        (None, "costs_2026-11-20"),
        (None, "costs_2026-11-20 banking"),
        ("#clinic", "costs_2026-11-20 health #clinic"),
    ]


def test_without_budgets_there_is_one_message_and_no_owner_is_called() -> None:
    ((channel, message),) = cost_messages(TODAY, MONTH, replace(KNOWN, budgets={}), everybody, "http://ui")
    assert (channel, message.owner) == (None, "")
    assert "Budget" not in facts(message)


def test_a_project_with_a_budget_that_spent_nothing_is_listed() -> None:
    known = replace(KNOWN, budgets={**KNOWN.budgets, "idle": budget("idle", "x", "5")})
    message = cost_message(summarize(TODAY, MONTH, known), "http://ui")
    assert "idle: $0.00; $0.00 of $5.00 this month (0 %)" in message.sections[0].items


def test_where_nothing_can_be_foretold_the_reason_is_told() -> None:
    known = replace(KNOWN, outlooks={"": Unforeseen("3 days known, 4 are needed")})
    message = cost_message(summarize(TODAY, MONTH, known), "http://ui")
    assert facts(message)["Month's end"] == "no forecast: 3 days known, 4 are needed"
    assert facts(message)["Budget"] == "$100.00; 68 % spent, 67 % of the month gone"
    assert message.chart is not None
    assert message.chart.outlook == ()


def test_a_day_that_is_not_settled_whole_is_no_zero_and_says_so() -> None:
    known = replace(KNOWN, whole=WHOLE - {TODAY, FIRST})
    message = cost_message(summarize(TODAY, MONTH, known), "http://ui")
    assert facts(message)["Month to date"] == "$68.00 in 20 of 30 days, 2 of them not known whole"
    assert "not settled yet" in facts(message)["Not whole"]
    assert message.chart is not None
    assert [value for _, value in message.chart.points][:3] == [None, None, 3]


def test_where_nothing_moved_no_mover_is_named() -> None:
    message = cost_message(summarize(TODAY, [row(back, "2") for back in range(9)]), "http://ui")
    assert "Biggest mover" not in facts(message)


def test_rows_of_later_days_change_nothing() -> None:
    assert summarize(TODAY, [*MONTH, row(-1, "50")], KNOWN) == summarize(TODAY, MONTH, KNOWN)


@pytest.mark.parametrize("name", ["spend_of_all", "spend_of_an_owner"])
def test_the_messages_are_as_they_were_looked_at(name: str) -> None:
    messages = cost_messages(TODAY, [*MONTH, row(usd="0.5", kind=CostKind.JUDGE)], KNOWN, everybody, "http://ui")
    message = messages[0 if name == "spend_of_all" else 2][1]
    image = {"slack_file": {"id": "F0123456789"}}
    made = json.dumps(render_blocks(message, image, Look({"health": "S0123ABCD"})), indent=1, ensure_ascii=False) + "\n"
    path = Path(__file__).parents[2] / "golden/slack" / f"{name}.json"
    if os.environ.get("ASSAY_WRITE_GOLDENS"):
        path.write_text(made, encoding="utf-8")
    assert made == path.read_text(encoding="utf-8")


money = st.decimals(min_value=0, max_value=10**6, places=10, allow_nan=False)
rows = st.lists(
    st.builds(
        lambda project, usd, calls: row(usd=str(usd), project=project, calls=calls),
        st.sampled_from("abc"),
        money,
        st.integers(1, 9),
    ),
    max_size=30,
)


@given(rows)
def test_projects_add_up_to_the_whole_exactly(given_rows: list[DailyCost]) -> None:
    spend = summarize(TODAY, given_rows)
    assert sum((one.known for _, one in by_project(given_rows)), Decimal(0)) == spend.application.known
    assert spend.application == total(given_rows)

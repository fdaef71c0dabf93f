"""The daily cost summary: what is summed, what is named, what is not known."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from include.domain.cost import CostKind, DailyCost, Spend, total
from include.reports.cost_summary import by_project, cost_message, first_day_needed, summarize

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
    assert (spend.month_application.known, spend.month_judge.known) == (Decimal("6.5"), Decimal("0.3"))


def test_the_month_begins_on_its_first_day() -> None:
    spend = summarize(TODAY, [row(usd="1"), row(19, "2"), row(20, "4")])
    assert spend.month_application.known == 3


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

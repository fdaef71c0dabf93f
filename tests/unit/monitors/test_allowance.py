"""Rules of monthly budgets: when they speak up, that they do once a month, and that a month ends what it left."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from include.domain.alert import Alert
from include.domain.cost import Spend
from include.domain.interaction import Window
from include.domain.money import Allowances, BudgetMonth, Forecast, Raised
from include.domain.rule import RuleOutcome
from include.monitors.allowance import judge
from include.monitors.result import result
from include.monitors.rules import MonthlyBudgetRule
from include.notify.lifecycle import Step, advance

HOUR = timedelta(hours=1)
OK, BREACHED, NO_DATA = RuleOutcome.OK, RuleOutcome.BREACHED, RuleOutcome.NO_DATA
NOVEMBER = date(2026, 11, 1)
NOON = Window(datetime(2026, 11, 20, 11, tzinfo=UTC), datetime(2026, 11, 20, 12, tzinfo=UTC))


def rule(of: str = "spent", at: float = 1.0) -> MonthlyBudgetRule:
    words = {"description": "d", "owner": "somebody", "runbook": "r", "category": "cost"}
    return MonthlyBudgetRule.model_validate({"name": "budget", "test": "monthly_budget", "of": of, "at": at, **words})


def month(
    spent: str = "0", forecast: str | None = None, *, first: date = NOVEMBER, unpriced: int = 0, project: str = "clinic"
) -> BudgetMonth:
    usd = Decimal(forecast or 0)
    foretold = Forecast(first + timedelta(days=18), usd, usd - 10, usd + 10) if forecast else None
    return BudgetMonth(project, "health", first, Decimal(100), Spend(40, unpriced, Decimal(spent)), foretold)


def outcome(which: MonthlyBudgetRule, one: BudgetMonth, raised: Raised | None = None) -> tuple[RuleOutcome, str]:
    known = {("budget", one.project): raised} if raised else {}
    (found,) = judge(which, Allowances((one,), known), NOON)
    return found.outcome, found.sentence


TODAY, LAST_MONTH = date(2026, 11, 20), date(2026, 10, 31)


@pytest.mark.parametrize(
    ("of", "at", "one", "raised", "expected"),
    [
        ("spent", 0.8, month("79.99"), None, OK),
        ("spent", 0.8, month("80"), None, BREACHED),
        ("spent", 1.0, month("99.99"), None, OK),
        ("spent", 1.0, month("100"), None, BREACHED),
        ("spent", 1.0, month("100"), Raised(TODAY, True, True), BREACHED),
        ("spent", 1.0, month("96"), Raised(TODAY, True, True), BREACHED),
        ("spent", 1.0, month("94.9"), Raised(TODAY, True, True), OK),
        ("spent", 1.0, month("120"), Raised(TODAY, False, True), OK),
        ("spent", 1.0, month("120"), Raised(TODAY, False, False), BREACHED),
        ("spent", 1.0, month("120"), Raised(LAST_MONTH, True, False), OK),
        ("spent", 1.0, month("120"), Raised(LAST_MONTH, False, False), BREACHED),
        ("spent", 1.0, month("0", unpriced=40), None, NO_DATA),
        ("forecast", 1.0, month("60", "99"), None, OK),
        ("forecast", 1.0, month("60", "101"), None, BREACHED),
        ("forecast", 1.0, month("60", "96"), Raised(TODAY, True, True), BREACHED),
        ("forecast", 1.0, month("60", "90"), Raised(TODAY, True, True), OK),
        ("forecast", 1.0, month("60", "101"), Raised(TODAY, False, True), OK),
        ("forecast", 1.0, month("60"), None, NO_DATA),
        ("forecast", 1.0, month("60"), Raised(LAST_MONTH, True, False), OK),
    ],
)
def test_a_rule_speaks_up_once_a_month(
    of: str, at: float, one: BudgetMonth, raised: Raised | None, expected: RuleOutcome
) -> None:
    assert outcome(rule(of, at), one, raised)[0] is expected


def test_what_is_said_stands_on_figures() -> None:
    assert outcome(rule(at=0.8), month("85"))[1] == (
        "85% of the month's 100.00 USD is spent (85.00 USD), with 10 days to go"
    )
    assert outcome(rule("forecast"), month("60", "105"))[1] == (
        "the month is expected to cost 105.00 USD (80% interval 95.00 to 115.00), of a budget of 100.00 USD; it costs "
        "more than that with a probability of 74%"
    )
    assert "; 4 of 40 calls have no known price" in outcome(rule(), month("100", unpriced=4))[1]
    assert outcome(rule(), month(unpriced=40))[1] == "none of 40 calls of this month has a known price"


def test_an_alert_names_the_projects_budget_and_calls_its_owner() -> None:
    (found,) = judge(rule(), Allowances((month("100"),)), NOON)
    alert = result(rule(), NOON, found)
    assert (alert.labels["project"], alert.annotations["owner"], alert.annotations["unit"]) == (
        "clinic",
        "health",
        "USD",
    )
    assert (alert.evidence.value, alert.evidence.reference) == (100, 100)


def test_the_owner_hears_that_it_is_over() -> None:
    raised = {("budget", "clinic"): Raised(LAST_MONTH, True, False)}
    (found,) = judge(rule(), Allowances((month("1"),), raised), NOON)
    assert (found.outcome, found.owner) == (OK, "health")


def test_the_budget_of_all_projects_has_no_project() -> None:
    (found,) = judge(rule(), Allowances((month("100", project=""),)), NOON)
    assert "project" not in result(rule(), NOON, found).labels


def test_a_budget_that_is_gone_ends_its_alert() -> None:
    raised = {("budget", "clinic"): Raised(TODAY, True, True), ("other", "bank"): Raised(TODAY, True, True)}
    (found,) = judge(rule(), Allowances((), raised), NOON)
    assert (found.segment, found.outcome) == (("clinic",), OK)


NOTHING, FIRED, HELD, RESOLVED = Step.NOTHING, Step.FIRED, Step.HELD, Step.RESOLVED


@pytest.mark.parametrize(
    ("november", "december", "expected"),
    [
        (("90", "101", "102"), ("20", "150", "151"), [NOTHING, FIRED, HELD, RESOLVED, FIRED, HELD]),
        (("101", "102", "103"), ("150", "151", "152"), [FIRED, HELD, HELD, RESOLVED, FIRED, HELD]),
        (("101", "94", "120"), ("1", "2", "100"), [FIRED, RESOLVED, NOTHING, NOTHING, NOTHING, FIRED]),
        (("101", "97", "94", "120"), ("150",), [FIRED, HELD, RESOLVED, NOTHING, FIRED]),
    ],
    ids=["a month passes its budget", "a month that is over it at once", "late rows lowered it", "and a new month"],
)
def test_each_month_is_told_once(november: tuple[str, ...], december: tuple[str, ...], expected: list[Step]) -> None:
    steps: list[Step] = []
    alert: Alert | None = None
    raised: Raised | None = None
    windows = [("2026-11-28", usd) for usd in november] + [("2026-12-01", usd) for usd in december]
    for hour, (day, usd) in enumerate(windows):
        start = datetime.fromisoformat(day).replace(tzinfo=UTC) + hour * HOUR
        first, window = start.date().replace(day=1), Window(start, start + HOUR)
        this_month = bool(raised and raised.this_month and raised.on >= first)
        known = {("budget", "clinic"): Raised(raised.on, raised.breached, this_month)} if raised else {}
        (found,) = judge(rule(), Allowances((month(usd, first=first),), known), window)
        transition = advance(alert, result(rule(), window, found), live=True)
        steps, alert = [*steps, transition.step], transition.alert
        raised = Raised(start.date(), found.outcome is BREACHED, this_month or found.outcome is BREACHED)
    assert steps == expected

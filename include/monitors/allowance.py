"""Budgets of a month with what was spent and is forecast go in; whether money will not last comes out, by project.

Each rule speaks up once a month. What was breached stays so until it is `RECOVERED`; what recovered is not breached
again in the same month; and the first window of a new month ends what the last one left.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal

from include.domain.interaction import Window
from include.domain.money import Allowances, BudgetMonth, Forecast, Raised
from include.domain.rule import Evidence, RuleOutcome
from include.monitors.result import Finding, no_data
from include.monitors.rules import MonthlyBudgetRule

RECOVERED = Decimal("0.95")
"""A breach ends below this share of what made it one, so that it does not come and go with every late row."""
INTERVAL = 0.8


def judge(rule: MonthlyBudgetRule, allowances: Allowances, window: Window) -> list[Finding]:
    """One finding for each budget, and for each that was breached and is gone."""
    today = (window.end - timedelta(microseconds=1)).date()
    found = [
        _finding(rule, month, allowances.raised.get((rule.name, month.project)), today) for month in allowances.months
    ]
    return [*found, *_gone(rule, allowances)]


def _gone(rule: MonthlyBudgetRule, allowances: Allowances) -> Iterable[Finding]:
    known = {month.project for month in allowances.months}
    for (name, project), raised in sorted(allowances.raised.items()):
        if name == rule.name and raised.breached and project not in known:
            yield Finding(_segment(project), RuleOutcome.OK, Evidence(), "it has no budget any more")


def _finding(rule: MonthlyBudgetRule, month: BudgetMonth, raised: Raised | None, today: date) -> Finding:
    segment = _segment(month.project)
    if raised and raised.breached and raised.on < month.month:
        began = "a new month has begun, with a budget of its own"
        return Finding(segment, RuleOutcome.OK, Evidence(), began, owner=month.owner)
    if month.spent.cost is None:
        return no_data(segment, f"none of {month.spent.calls:,} calls of this month has a known price")
    if rule.of == "spent":
        evidence, told, value = _spent(month), _spent_told(month, today), month.spent.known
    elif month.forecast:
        evidence, told, value = _forecast(month, month.forecast), _told(month, month.forecast), month.forecast.expected
    else:
        return no_data(segment, "there is no forecast of this month yet", n=month.spent.calls)
    outcome, why = _outcome(value / (month.limit * Decimal(str(rule.at))), raised)
    return Finding(segment, outcome, evidence, f"{told}{_unpriced(month)}{why}", owner=month.owner)


def _segment(project: str) -> tuple[str, ...]:
    """Nothing of the budget of all projects together."""
    return (project,) if project else ()


def _outcome(used: Decimal, raised: Raised | None) -> tuple[RuleOutcome, str]:
    """`used` is 1 where the rule begins to be breached."""
    if raised and raised.breached:
        return (RuleOutcome.BREACHED if used >= RECOVERED else RuleOutcome.OK), ""
    if used < 1:
        return RuleOutcome.OK, ""
    if raised and raised.this_month:
        return RuleOutcome.OK, "; this was told before in this month"
    return RuleOutcome.BREACHED, ""


def _spent(month: BudgetMonth) -> Evidence:
    return Evidence(value=float(month.spent.known), reference=float(month.limit), n=month.spent.calls)


def _spent_told(month: BudgetMonth, today: date) -> str:
    left = monthrange(today.year, today.month)[1] - today.day
    to_go = "on the last day of the month" if not left else f"with {left} day{'s' * (left > 1)} to go"
    return (
        f"{month.spent.known / month.limit:.0%} of the month's {month.limit:,.2f} USD is spent "
        f"({month.spent.known:,.2f} USD), {to_go}"
    )


def _forecast(month: BudgetMonth, forecast: Forecast) -> Evidence:
    return Evidence(
        value=float(forecast.expected),
        reference=float(month.limit),
        low=float(forecast.low),
        high=float(forecast.high),
        confidence=INTERVAL,
        n=month.spent.calls,
        details={"probability": forecast.over(month.limit), "made_on": forecast.made_on.isoformat()},
    )


def _told(month: BudgetMonth, forecast: Forecast) -> str:
    return (
        f"the month is expected to cost {forecast.expected:,.2f} USD ({INTERVAL:.0%} interval {forecast.low:,.2f} to "
        f"{forecast.high:,.2f}), of a budget of {month.limit:,.2f} USD; it costs more than that with a probability of "
        f"{forecast.over(month.limit):.0%}"
    )


def _unpriced(month: BudgetMonth) -> str:
    if not month.spent.unpriced:
        return ""
    return f"; {month.spent.unpriced:,} of {month.spent.calls:,} calls have no known price and are not in it"

"""What the weekly report tells of money beyond its sums, put together: budgets, judging and what it saved, value."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import psycopg

from include.adapters.postgres.budget_months import BudgetMonths
from include.adapters.postgres.costs import Costs
from include.adapters.postgres.judging_cost import JudgingCosts
from include.adapters.postgres.value import ValueOfStore
from include.adapters.yaml_file import load
from include.assembly import price_book
from include.domain.interaction import Window
from include.domain.money import BudgetMonth
from include.domain.report import WeekMoney
from include.domain.run import COMPOSITE
from include.ledger.budgets import Budgets, month_to_date
from include.ledger.savings import judging_week
from include.ledger.value import value_week
from include.monitors.level_rule import LevelRule
from include.monitors.rules import Rules
from include.reports.spending import days_of
from include.settings import Settings

GOOD_FROM = 0.6
"""The composite from which on an answer is good where no rule has a target for it."""


def money_of(week: Window, store: psycopg.Connection, settings: Settings) -> WeekMoney:
    """Of the week and the whole days (UTC) that it touches."""
    prices, targets = price_book(settings.contracts), good_from(load(settings.rules, Rules))
    first, last = days_of(week)
    return WeekMoney(
        budgets=budgets_of(last, store, settings),
        judging=judging_week(JudgingCosts(store).between(first, last), prices),
        value=value_week(ValueOfStore(store).of(week, first, last, targets), prices, last, targets),
    )


def budgets_of(day: date, store: psycopg.Connection, settings: Settings) -> tuple[BudgetMonth, ...]:
    """The month that holds the day, as it was known at the day's end."""
    first = day.replace(day=1)
    spent = month_to_date(Costs(store).between(first, day), day)
    forecasts = {project: made for project, (_, made) in BudgetMonths(store).forecasts_of(day).items()}
    return load(settings.budgets, Budgets).in_month(first, spent, forecasts)


def good_from(rules: Rules) -> Mapping[str, float]:
    """From which composite on an answer is good, by project ("" for all others): the targets of rules of level."""
    targets = {
        one.where.get("project", ""): one.target
        for one in reversed(rules.rules)  # the first of several counts
        if isinstance(one, LevelRule)
        and (one.measure, one.below) == (COMPOSITE, None)
        and one.target is not None
        and one.where.keys() <= {"project", "environment"}
    }
    return {"": GOOD_FROM} | targets

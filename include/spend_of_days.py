"""A store and a day go in; what the day's month will cost is stored, and the day's summaries of spend come out."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import psycopg

from include.adapters.postgres.budget_months import BudgetMonths
from include.adapters.postgres.costs import Costs
from include.adapters.postgres.judging_cost import JudgingCosts
from include.adapters.yaml_file import load
from include.assembly import price_book
from include.domain.factor_words import sentence
from include.domain.factors import Use, decompose
from include.domain.message import Message
from include.domain.money import Forecast, Mover, Unforeseen
from include.ledger.budgets import Budgets, month_to_date
from include.ledger.forecast import HISTORY, days_known, forecast, unforeseen
from include.ledger.savings import savings
from include.reports.cost_summary import TRAILING_DAYS, MonthKnown, cost_messages
from include.settings import Settings
from include.telling import channels_of_costs

DAY = timedelta(days=1)


def foretell(store: psycopg.Connection, day: date, *, only_again: bool = False) -> int:
    """Store what every project's month is expected to cost by the end of `day`; returns how many forecasts stand.

    What was forecast before stays where the month has cost the same until then. With `only_again` a day of which
    nothing was forecast is left alone.
    """
    months = BudgetMonths(store)
    before = months.forecasts_of(day)
    if only_again and not before:
        return 0
    rows = Costs(store).between(day - HISTORY, day)
    known = days_known(rows, months.whole_days(day - HISTORY, day))
    made: dict[str, tuple[Decimal, Forecast]] = {}
    for project, spent in month_to_date(rows, day).items():
        if project in before and before[project][0] == spent.known:
            made[project] = before[project]
        elif isinstance(found := forecast(known.get(project, {}), day), Forecast):
            made[project] = (spent.known, found.at_least(spent.known))  # hours of days that are not whole count
    months.keep(day, made)
    return len(made)


def summaries(settings: Settings, store: psycopg.Connection, day: date) -> list[tuple[str | None, Message]]:
    """What is told of the day's spend, to everybody and to each owner of a budget, with the channels."""
    months, budgets, prices = BudgetMonths(store), load(settings.budgets, Budgets), price_book(settings.contracts)
    rows = Costs(store).between(day - HISTORY, day)
    whole = months.whole_days(day - HISTORY, day)
    made = {project: one for project, (_, one) in months.forecasts_of(day).items()}
    outlooks: dict[str, Forecast | Unforeseen] = dict(made)
    for project, days in days_known(rows, whole).items():
        if project not in made and (nothing := unforeseen(days, day)) is not None:
            outlooks[project] = nothing
    known = budgets.in_month(day.replace(day=1), month_to_date(rows, day), made)
    month = MonthKnown(
        whole=whole,
        outlooks=outlooks,
        budgets={budget.project: budget for budget in known},
        moved_by=lambda mover: _moved_by(months, mover, day),
        saved={one.project: one for one in savings(JudgingCosts(store).between(day, day), prices)},
    )
    return cost_messages(day, rows, month, channels_of_costs(settings), settings.ui_url)


def _moved_by(months: BudgetMonths, mover: Mover, day: date) -> str:
    """The factors that moved a project's spend from its mean day to this one, in words."""
    days = months.uses(mover.project, day - TRAILING_DAYS * DAY, day)
    now, usual = days.pop(day, {}), _mean(list(days.values()), mover.days)
    return sentence(decompose(usual, now))


def _mean(days: list[dict[str, Use]], count: int) -> dict[str, Use]:
    """By model what it was used for on one of `count` days."""
    found: dict[str, Use] = {}
    for model in {model for day in days for model in day}:
        uses = [day[model] for day in days if model in day]
        interactions, priced, given, written, cached = (
            sum((Fraction(getattr(use, name)) for use in uses), Fraction(0)) / count
            for name in ("interactions", "priced", "input_tokens", "output_tokens", "cached_input_tokens")
        )
        cost = sum((use.cost for use in uses), Decimal(0)) / count
        found[model] = Use(interactions, priced, cost, given, written, cached)
    return found

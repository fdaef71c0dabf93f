"""The end of a stretch of time goes in; how its month stands comes out, project by project, with budgets."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import psycopg

from include.adapters.postgres.budget_months import BudgetMonths
from include.adapters.postgres.costs import Costs
from include.adapters.yaml_file import load
from include.domain.cost import CostKind, DailyCost, Spend
from include.domain.money import BudgetMonth, Forecast, MonthSoFar, Unforeseen
from include.ledger.budgets import OVERALL, Budgets
from include.reports.burn_down import Course
from include.reports.money_words import outlook
from include.settings import Settings

DAY = timedelta(days=1)
NOT_YET = Unforeseen("none was made yet")
RANKS = {"over": 0, "near": 1}


@dataclass(frozen=True, slots=True)
class ProjectMonth:
    """A project's month to date, that of all together under the name ""; `course` is by day, as burn-downs take it."""

    month: MonthSoFar
    course: Course
    budget: BudgetMonth | None = None

    @property
    def standing(self) -> str:
        """`over`, `near` or `within` its budget, "" where it has none."""
        return outlook(self.budget) if self.budget else ""


def month_of(end: datetime) -> tuple[date, date]:
    """The first day of the month that goes on before `end`, and the day that does (UTC)."""
    today = (end - timedelta(microseconds=1)).astimezone(UTC).date()
    return today.replace(day=1), today


def project_months(end: datetime, store: psycopg.Connection, settings: Settings) -> tuple[ProjectMonth, ...]:
    """All together first, then those over their budgets or near to, then by what they spent until `end`."""
    (first, today), stored = month_of(end), BudgetMonths(store)
    spent = stored.spent(first, end)
    forecasts = {
        project: one.at_least(spent[project].known)
        for project, one in stored.forecasts(first, today + DAY).items()
        if project in spent
    }
    budgets = {one.project: one for one in load(settings.budgets, Budgets).in_month(first, spent, forecasts)}
    courses = _courses(Costs(store).between(first, today), stored.whole_days(first, today), today)
    found = [
        _month(project, spent.get(project, Spend()), forecasts.get(project), budgets.get(project), courses)
        for project in {**spent, **budgets}
    ]
    return tuple(
        sorted(found, key=lambda one: (one.month.project != "", RANKS.get(one.standing, 2), -one.month.spent.known))
    )


def _month(
    project: str,
    spent: Spend,
    forecast: Forecast | None,
    budget: BudgetMonth | None,
    courses: Mapping[str, Course],
) -> ProjectMonth:
    so_far = MonthSoFar(project, spent, forecast or NOT_YET, budget.limit if budget else None)
    return ProjectMonth(so_far, courses.get(project, ()), budget)


def _courses(rows: Sequence[DailyCost], whole: Collection[date], today: date) -> dict[str, Course]:
    """By project what each day until today cost, None where not all of it is settled or nothing of it has a price."""
    spent: dict[str, dict[date, Spend]] = defaultdict(dict)
    for row in rows:
        if row.kind is CostKind.APPLICATION:
            for project in (row.project, OVERALL):
                spent[project][row.day] = spent[project].get(row.day, Spend()) + row.spend
    days = [today.replace(day=1) + number * DAY for number in range(today.day)]
    return {
        project: tuple((day, own.get(day, Spend()).cost if day in whole else None) for day in days)
        for project, own in spent.items()
    }

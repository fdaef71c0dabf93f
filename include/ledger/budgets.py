"""`budgets.yaml` as a typed model, and what a month's spend and forecasts make of it, project by project."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from include.domain.cost import CostKind, DailyCost, Spend
from include.domain.money import BudgetMonth, Forecast

OVERALL = ""
"""The project's name in the budget of all projects together."""


class Budget(BaseModel):
    """What may be spent in a calendar month (UTC), and who answers for it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    usd_per_month: Annotated[Decimal, Field(gt=0, max_digits=20, decimal_places=10)]
    owner: Annotated[str, Field(min_length=1, max_length=100)]
    """As `owners` in routes.yaml names whom Slack calls."""


class Budgets(BaseModel):
    """The whole file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    overall: Budget | None = None
    """Of all projects together, those without a budget included."""
    projects: dict[Annotated[str, Field(min_length=1)], Budget] = {}

    @property
    def by_project(self) -> dict[str, Budget]:
        """Every budget, that of all projects first."""
        return {**({OVERALL: self.overall} if self.overall else {}), **self.projects}

    def in_month(
        self, month: date, spent: Mapping[str, Spend], forecasts: Mapping[str, Forecast]
    ) -> tuple[BudgetMonth, ...]:
        """Each budget in the month that begins on `month`; `spent` and `forecasts` by project, `OVERALL` among them."""
        return tuple(
            BudgetMonth(
                project,
                budget.owner,
                month,
                budget.usd_per_month,
                spent.get(project, Spend()),
                forecasts.get(project),
            )
            for project, budget in self.by_project.items()
        )


def month_to_date(rows: Iterable[DailyCost], day: date) -> dict[str, Spend]:
    """What applications spent in the month of `day` until its end, by project; `OVERALL` is all together."""
    spent: dict[str, Spend] = {}
    for row in rows:
        if row.kind is CostKind.APPLICATION and day.replace(day=1) <= row.day <= day:
            for project in (row.project, OVERALL):
                spent[project] = spent.get(project, Spend()) + row.spend
    return spent

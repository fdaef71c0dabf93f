"""Settings, rules and a store go in; what rules of monthly budgets must know of a window comes out when they ask."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, timedelta

import psycopg

from include.adapters.postgres.budget_months import BudgetMonths
from include.adapters.yaml_file import load
from include.domain.interaction import Window
from include.domain.money import Allowances
from include.ledger.budgets import Budgets
from include.monitors.rules import MonthlyBudgetRule, Rules
from include.settings import Settings


def allowances(settings: Settings, rules: Rules, store: psycopg.Connection) -> Callable[[Window], Allowances]:
    """Budgets, spend and forecasts as they stood at the end of a window, and what these rules said before it."""
    named = [rule.name for rule in rules.rules if isinstance(rule, MonthlyBudgetRule)]
    budgets = load(settings.budgets, Budgets)
    months = BudgetMonths(store)

    def at(window: Window) -> Allowances:
        today = (window.end.astimezone(UTC) - timedelta(microseconds=1)).date()
        first = today.replace(day=1)
        raised = months.raised(named, first, window.end)
        if not budgets.by_project:
            return Allowances((), raised)
        known = budgets.in_month(first, months.spent(first, window.end), months.forecasts(first, today))
        return Allowances(known, raised)

    return at

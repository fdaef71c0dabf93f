"""A stretch of time goes in; what was spent in it and in its month comes out, with budgets and what moved it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial, reduce
from operator import add

import psycopg

from include import settings as configuration
from include.adapters.postgres.budget_months import BudgetMonths
from include.adapters.postgres.costs import Costs
from include.adapters.postgres.judging_cost import JudgingCosts
from include.adapters.postgres.spend_groups import SpendGroups
from include.assembly import price_book
from include.domain.cost import CostKind, DailyCost, Spend, total
from include.domain.factor_words import sentence
from include.domain.factors import Use, decompose
from include.domain.interaction import Window
from include.domain.judging_cost import JudgingWeek
from include.domain.ports import PriceBook
from include.domain.spending import Breakdown, Unpriced
from include.ledger.savings import judging_week
from include.pages.months import ProjectMonth, month_of, project_months
from include.pages.reading import reading
from include.reports.cost_summary import by_project
from include.token_rates import rates_of

DAY, WEEK = timedelta(days=1), timedelta(days=7)
CHARTED = 14
"""So many days are drawn at least."""
MOVERS = 3
WORTH_TELLING = Decimal("0.01")
"""A project that moved by a smaller share of what it cost before has not moved."""
JUDGING_PATIENCE_MS = 2_000
Rows = Sequence[DailyCost]
Uses = Callable[[str, date, date], Mapping[date, Mapping[str, Use]]]
"""By day and model, of a project between two days, both included."""


@dataclass(frozen=True, slots=True)
class Moved:
    """A project whose spend differs from that of the days before, and by which factors, in words."""

    project: str
    now: Spend
    before: Spend
    by: str


@dataclass(frozen=True, slots=True)
class Expenses:
    """What was spent on the days `first` to `last` (UTC, both included), and in the `month` so far.

    Spends are of applications where `judge` is not said. They are compared with the days that lie `shift` earlier,
    whole weeks, where all of these are on record (`comparable`). `days` and `days_before` are those of the chart;
    `judges` is what judging each project cost. Of one environment are, where one was chosen, the spends of applications
    but for those of the month: budgets, and what judging cost, are of all together. `judging` is None where there was
    too much of it to add up while somebody waits.
    """

    first: date
    last: date
    shift: timedelta
    months: tuple[ProjectMonth, ...]
    month: date
    application: Spend
    application_before: Spend
    judge: Spend
    comparable: bool
    days: tuple[tuple[date, Decimal], ...]
    days_before: tuple[tuple[date, Decimal], ...]
    movers: tuple[Moved, ...]
    breakdowns: tuple[Breakdown, ...]
    unpriced: tuple[Unpriced, ...]
    judges: tuple[tuple[str, Spend], ...]
    judging: JudgingWeek | None
    environments: tuple[str, ...] = ()


def costs(window: Window, environment: str = "") -> Expenses:
    """Of as many whole days as the window has, the last that is over at its end, and of the month that goes on then."""
    settings, last = configuration.for_the_store(), window.end.astimezone(UTC).date() - DAY
    count = -(-window.length // DAY)
    first, shift = last - (count - 1) * DAY, -(-count // 7) * WEEK
    prices = price_book(settings.contracts)
    with reading(settings) as store:
        since = min(first - shift, last - CHARTED * DAY - WEEK)
        rows = Costs(store).between(since, last, environment)
        at, then = _between(rows, first, last), _between(rows, first - shift, last - shift)
        comparable = len({row.day for row in then}) == count
        groups, uses = SpendGroups(store, environment), partial(BudgetMonths(store).uses, environment=environment)
        chart = min(first, last - (CHARTED - 1) * DAY)
        return Expenses(
            first,
            last,
            shift,
            months=project_months(window.end, store, settings),
            month=month_of(window.end)[0],
            application=total(_of(at, CostKind.APPLICATION)),
            application_before=total(_of(then, CostKind.APPLICATION)),
            judge=total(_of(at, CostKind.JUDGE)),
            comparable=comparable,
            days=_by_day(rows, chart, last),
            days_before=_by_day(rows, chart - WEEK, last - WEEK),
            movers=tuple(
                Moved(project, spend, before, _factors(project, first, last, shift, uses, prices))
                for project, spend, before in (_movers(at, then) if comparable else ())
            ),
            breakdowns=groups.breakdowns(first, last, shift.days),
            unpriced=groups.unpriced(first, last),
            judges=by_project(_of(at, CostKind.JUDGE)),
            judging=_judging(store, first, last, prices),
            environments=groups.environments(first, last),
        )


def _judging(store: psycopg.Connection, first: date, last: date, prices: PriceBook) -> JudgingWeek | None:
    """It is counted by the interaction, and so takes as long as there are many."""
    try:
        with store.transaction():
            store.execute(f"SET LOCAL statement_timeout = {JUDGING_PATIENCE_MS}".encode())
            return judging_week(JudgingCosts(store).between(first, last), prices)
    except psycopg.errors.QueryCanceled:
        return None


def _movers(at: Rows, then: Rows) -> list[tuple[str, Spend, Spend]]:
    """The projects whose spend moved most, in USD, up or down: what it is, and what it was."""
    current, past = (dict(by_project(_of(rows, CostKind.APPLICATION))) for rows in (at, then))
    moved = [(name, current.get(name, Spend()), past.get(name, Spend())) for name in {**current, **past}]
    told = [one for one in moved if abs(one[1].known - one[2].known) > WORTH_TELLING * one[2].known]
    return sorted(told, key=lambda one: (-abs(one[1].known - one[2].known), one[0]))[:MOVERS]


def _factors(project: str, first: date, last: date, shift: timedelta, uses: Uses, prices: PriceBook) -> str:
    """What moved the project's spend of these days from that of the days `shift` before, in words."""
    used, was = (_pooled(uses(project, first - back, last - back).values()) for back in (timedelta(), shift))
    rates = rates_of(prices, datetime(last.year, last.month, last.day, tzinfo=UTC))
    return sentence(decompose(was, used, {model: rates(model) for model in {*was, *used}}))


def _pooled(days: Collection[Mapping[str, Use]]) -> dict[str, Use]:
    """By model, all days together."""
    by_model: dict[str, list[Use]] = {}
    for day in days:
        for model, use in day.items():
            by_model.setdefault(model, []).append(use)
    return {
        model: Use(
            sum(int(use.interactions) for use in uses),
            sum(int(use.priced) for use in uses),
            reduce(add, (use.cost for use in uses)),
            sum(int(use.input_tokens) for use in uses),
            sum(int(use.output_tokens) for use in uses),
            sum(int(use.cached_input_tokens) for use in uses),
        )
        for model, uses in by_model.items()
    }


def _of(rows: Rows, kind: CostKind) -> list[DailyCost]:
    return [row for row in rows if row.kind is kind]


def _between(rows: Rows, first: date, last: date) -> list[DailyCost]:
    return [row for row in rows if first <= row.day <= last]


def _by_day(rows: Rows, first: date, last: date) -> tuple[tuple[date, Decimal], ...]:
    """What applications spent on each day; nothing of days before the first that is on record."""
    spent: defaultdict[date, Decimal] = defaultdict(Decimal)
    for row in _of(rows, CostKind.APPLICATION):
        spent[row.day] += row.spend.known
    days = (first + number * DAY for number in range((last - first).days + 1))
    return tuple((day, spent.get(day, Decimal(0))) for day in days if spent and day >= min(spent))

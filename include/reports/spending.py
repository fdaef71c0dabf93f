"""Daily cost rows go in, the week's spend of every project beside that of the week before comes out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal

from include.domain.cost import CostKind, DailyCost, total
from include.domain.interaction import Window
from include.domain.report import CostWeek, ProjectSpend, WeekMoney
from include.reports.cost_summary import unpriced_models

WEEK = timedelta(days=7)


def days_of(week: Window) -> tuple[date, date]:
    """The first and the last UTC day that the window touches; money is counted in whole days."""
    return week.start.date(), (week.end - timedelta(microseconds=1)).date()


def spending_of(rows: Sequence[DailyCost], week: Window, money: WeekMoney | None = None) -> CostWeek:
    """Spend of the days that `week` touches; `rows` cover them and the seven days before the first."""
    first, last = days_of(week)
    now = [row for row in rows if first <= row.day <= last]
    before = [row for row in rows if first - WEEK <= row.day < first]
    of, of_before = _by_project(now), _by_project(before)
    projects = [_spend_of(name, of[name], of_before[name]) for name in sorted({*of, *of_before})]
    return CostWeek(
        first=first,
        last=last,
        projects=tuple(sorted(projects, key=lambda one: (-one.application.known, one.project))),
        days=_by_day(now, first, last),
        unpriced_models=unpriced_models(now),
        comparable=last - first + timedelta(days=1) == WEEK and len({row.day for row in before}) == WEEK.days,
        days_before=_by_day(before, first - WEEK, first - timedelta(days=1)),
        money=money or WeekMoney(),
    )


def _spend_of(project: str, now: Sequence[DailyCost], before: Sequence[DailyCost]) -> ProjectSpend:
    return ProjectSpend(
        project,
        application=total(_of(now, CostKind.APPLICATION)),
        application_before=total(_of(before, CostKind.APPLICATION)),
        judge=total(_of(now, CostKind.JUDGE)),
    )


def _by_project(rows: Iterable[DailyCost]) -> defaultdict[str, list[DailyCost]]:
    found: defaultdict[str, list[DailyCost]] = defaultdict(list)
    for row in rows:
        found[row.project].append(row)
    return found


def _of(rows: Iterable[DailyCost], kind: CostKind, *, day: date | None = None) -> list[DailyCost]:
    return [row for row in rows if row.kind is kind and day in (None, row.day)]


def _by_day(rows: Sequence[DailyCost], first: date, last: date) -> tuple[tuple[date, Decimal], ...]:
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    return tuple((day, total(_of(rows, CostKind.APPLICATION, day=day)).known) for day in days)

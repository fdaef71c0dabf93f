"""How a month of spend stands goes in; its budget in words and its course as a chart come out."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from include.domain.message import Chart, Fact
from include.domain.money import Forecast, MonthSoFar
from include.reports.formats import money, spent

DAY = timedelta(days=1)
MIN_DAYS = 2
"""A line of fewer days shows nothing."""

Course = Sequence[tuple[date, Decimal | None]]
"""What each day of a month cost, from its first on; None where it is not known whole."""


def month_facts(month: MonthSoFar, course: Course) -> list[Fact]:
    """What was spent, what is expected, and what both are of the budget."""
    facts = [Fact("Month to date", _so_far(month, course)), Fact("Month's end", _expected(month))]
    if month.limit is not None:
        facts.append(Fact("Budget", _budget(month, month.limit, course[-1][0])))
    return facts


def of_budget(month: MonthSoFar) -> str:
    """The month in a few words, for a list of projects: `$2.30 of $2.00 this month (115 %), $2.78 expected`."""
    told = f"{spent(month.spent)} this month"
    if month.limit is not None and month.spent.cost is not None:
        used = _share(month.spent.known / month.limit)
        told = f"{money(month.spent.known)} of {money(month.limit)} this month ({used})"
    return f"{told}, {money(month.outlook.expected)} expected" if isinstance(month.outlook, Forecast) else told


def burn_down(month: MonthSoFar, course: Course, name: str) -> Chart | None:
    """The spend of the month added up day by day, what is expected at its end, and the budget."""
    known = [usd for _, usd in course if usd is not None]
    if len(known) < MIN_DAYS:
        return None
    first = course[0][0]
    points: list[tuple[datetime, float | None]] = [(_midnight(first), None if course[0][1] is None else 0.0)]
    added = Decimal(0)
    for day, usd in course:
        added += usd or Decimal(0)
        points.append((_midnight(day + DAY), None if usd is None else float(added)))
    end = _midnight(first.replace(day=_length(first)) + DAY)
    outlook: tuple[tuple[datetime, float, float, float], ...] = ()
    if isinstance(month.outlook, Forecast) and end > points[-1][0]:
        outlook = ((end, float(month.outlook.low), float(month.outlook.expected), float(month.outlook.high)),)
    return Chart(
        title=f"Spend of {first:%B %Y}, {name}, added up",
        points=tuple(points),
        alt=_in_words(month, course, name),
        reference=None if month.limit is None else float(month.limit),
        unit="USD",
        held_to="budget",
        outlook=outlook,
    )


def _so_far(month: MonthSoFar, course: Course) -> str:
    last, unknown = course[-1][0], sum(usd is None for _, usd in course)
    days = f" in {last.day} of {_length(last)} days"
    missing = f", {unknown} of them not known whole" if unknown else ""
    return f"{spent(month.spent)}{days}{missing}"


def _expected(month: MonthSoFar) -> str:
    if not isinstance(month.outlook, Forecast):
        return f"no forecast: {month.outlook.why}"
    low, high = money(month.outlook.low), money(month.outlook.high)
    return f"{money(month.outlook.expected)} expected, 80 % interval {low} to {high}"


def _budget(month: MonthSoFar, limit: Decimal, day: date) -> str:
    gone = f"{_share(Decimal(day.day) / _length(day))} of the month gone"
    if month.spent.cost is None:
        return f"{money(limit)}; {gone}, what is spent is not known"
    told = f"{money(limit)}; {_share(month.spent.known / limit)} spent, {gone}"
    if month.spent.known >= limit or not isinstance(month.outlook, Forecast):
        return told
    return f"{told}; {_share(month.outlook.expected / limit)} expected, {likely(month.outlook.over(limit))} to go over"


def likely(probability: float) -> str:
    """A probability in words that claim no more than is known: `34 % likely`, `less than 1 % likely`."""
    if probability < 0.01:
        return "less than 1 % likely"
    return "more than 99 % likely" if probability > 0.99 else f"{probability * 100:.0f} % likely"


def _share(part: Decimal | float) -> str:
    return f"{100 * float(part):.0f} %"


def _in_words(month: MonthSoFar, course: Course, name: str) -> str:
    last = course[-1][0]
    told = f"Spend of {name} in {last:%B %Y}: {spent(month.spent)} until {last.day} {last:%b}; {_expected(month)}"
    return told if month.limit is None else f"{told}; budget {money(month.limit)}"


def _length(day: date) -> int:
    return monthrange(day.year, day.month)[1]


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)

"""A day's cost rows and those before it go in, the daily cost summary comes out as a message."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from include.domain.cost import CostKind, DailyCost, DayOfSpend, Mover, Spend, total
from include.domain.message import Fact, Link, Message, Section, Severity
from include.reports.formats import calls, day, model_name, money, spent

TRAILING_DAYS = 7
MIN_TRAILING_DAYS = 3
"""With fewer days of history nothing is usual yet, and no mover is named."""
LISTED = 12


def first_day_needed(day: date) -> date:
    """The earliest day whose rows the summary of `day` reads: of its month, or of the days before it."""
    return min(day.replace(day=1), day - timedelta(days=TRAILING_DAYS))


def summarize(day: date, rows: Sequence[DailyCost]) -> DayOfSpend:
    """What was spent on `day`; `rows` cover `first_day_needed(day)` to `day` (UTC days), others are ignored."""
    today = [row for row in rows if row.day == day]
    month = [row for row in rows if day.replace(day=1) <= row.day <= day]
    return DayOfSpend(
        day=day,
        projects=by_project(_of(today, CostKind.APPLICATION)),
        application=total(_of(today, CostKind.APPLICATION)),
        judge=total(_of(today, CostKind.JUDGE)),
        month_application=total(_of(month, CostKind.APPLICATION)),
        month_judge=total(_of(month, CostKind.JUDGE)),
        mover=_biggest_mover(day, _of(rows, CostKind.APPLICATION)),
        unpriced_models=unpriced_models(today),
    )


def cost_message(spend: DayOfSpend, ui_url: str) -> Message:
    """The day's spend in one message; telling it again after late rows edits the first."""
    facts = [
        Fact("Judging", spent(spend.judge)),
        Fact("Month to date", f"{spent(spend.month_application)}; judging {spent(spend.month_judge)}"),
    ]
    if spend.mover:
        facts.append(Fact("Biggest mover", _moved(spend.mover)))
    sections = (
        Section("By project", _listed([f"{name}: {spent(one)}" for name, one in spend.projects])),
        Section("Price unknown, not in the sums", _listed(_unpriced(spend.unpriced_models))),
    )
    return Message(
        key=f"costs_{spend.day:%Y-%m-%d}",
        title=f"Spend on {day(spend.day)}",
        severity=Severity.INFO,
        summary=_summary(spend),
        facts=tuple(facts),
        sections=tuple(section for section in sections if section.items),
        links=(Link("Cost runs", f"{ui_url.rstrip('/')}/dags/summarize_costs/runs"),),
        footer="Days are UTC, money is USD. Late rows correct the day they belong to.",
    )


def by_project(rows: Iterable[DailyCost]) -> tuple[tuple[str, Spend], ...]:
    """Each project with its spend, largest first."""
    sums: dict[str, Spend] = defaultdict(Spend)
    for row in rows:
        sums[row.project] += row.spend
    return tuple(sorted(sums.items(), key=lambda item: (-item[1].known, item[0])))


def unpriced_models(rows: Iterable[DailyCost]) -> tuple[tuple[str, int], ...]:
    """Each model that made calls without a known price, with how many, most first."""
    counts: dict[str, int] = defaultdict(int)
    for row in rows:
        if row.spend.unpriced:
            counts[row.model] += row.spend.unpriced
    return tuple(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _of(rows: Iterable[DailyCost], kind: CostKind) -> list[DailyCost]:
    return [row for row in rows if row.kind is kind]


def _biggest_mover(day: date, rows: Sequence[DailyCost]) -> Mover | None:
    """The project whose known spend differs most, in USD, from its mean over the days before that have any rows."""
    before = [row for row in rows if day - timedelta(days=TRAILING_DAYS) <= row.day < day]
    known_days = len({row.day for row in before})
    if known_days < MIN_TRAILING_DAYS:
        return None
    today, usual = dict(by_project(row for row in rows if row.day == day)), dict(by_project(before))
    movers = [
        Mover(name, today.get(name, Spend()).known, usual.get(name, Spend()).known / known_days)
        for name in sorted(today.keys() | usual.keys())
    ]
    return max(movers, key=lambda mover: abs(mover.change), default=None)


def _moved(mover: Mover) -> str:
    direction = "more" if mover.change > 0 else "less"
    share = f" ({abs(mover.change) / mover.usual * 100:.0f} %)" if mover.usual else ""
    return (
        f"{mover.project}: {money(abs(mover.change))} {direction} than usual{share}, "
        f"{money(mover.spent)} against {money(mover.usual)} a day"
    )


def _summary(spend: DayOfSpend) -> str:
    if not spend.application.calls:
        return f"No application call is on record for {day(spend.day)}."
    if spend.application.cost is None:
        return f"What the applications spent is not known: none of {calls(spend.application.calls)} has a price."
    told = f"The applications spent {money(spend.application.cost)} in {calls(spend.application.calls)}"
    missing = f"; {spend.application.unpriced:,} of them have no known price and are not in the sum"
    return f"{told}{missing if spend.application.unpriced else ''}."


def _unpriced(models: Iterable[tuple[str, int]]) -> list[str]:
    return [f"{model_name(model)}: {calls(count)}" for model, count in models]


def _listed(lines: Sequence[str]) -> tuple[str, ...]:
    more = len(lines) - LISTED
    return (*lines[:LISTED], f"and {more} more") if more > 0 else tuple(lines)

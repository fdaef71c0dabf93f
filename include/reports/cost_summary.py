"""Days of cost rows, forecasts and budgets go in; a day's summary of spend comes out, for all and for each owner."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from functools import reduce
from operator import add

from include.domain.cost import CostKind, DailyCost, Spend, total
from include.domain.message import Fact, Link, Message, Section, Severity
from include.domain.money import (
    BudgetMonth,
    DayOfSpend,
    Forecast,
    JudgingSaved,
    MonthSoFar,
    Mover,
    Unforeseen,
)
from include.reports.burn_down import burn_down, month_facts, of_budget
from include.reports.formats import calls, day, model_name, money, spent

TRAILING_DAYS = 7
MIN_TRAILING_DAYS = 3
"""With fewer days of history nothing is usual yet, and no mover is named; nor is one that moved by less than 1 %."""
LISTED = 12
NAMED = 3
"""So many projects fit into a title."""
NOT_MADE = Unforeseen("none was made")

Channel = str | None
"""Where a message goes; None is the default."""


@dataclass(frozen=True, slots=True)
class MonthKnown:
    """What is known of a month beside its rows, as of the day that is told.

    `whole` are the days of which everything was logged is settled; `outlooks` and `budgets` are by project, "" for all
    together. `moved_by` says in words what moved a project's spend, `saved` what judging it on that day would
    have cost otherwise.
    """

    whole: Collection[date] = ()
    outlooks: Mapping[str, Forecast | Unforeseen] = field(default_factory=dict)
    budgets: Mapping[str, BudgetMonth] = field(default_factory=dict)
    moved_by: Callable[[Mover], str] = lambda mover: ""
    saved: Mapping[str, JudgingSaved] = field(default_factory=dict)


NOTHING_MORE = MonthKnown()


def first_day_needed(day: date) -> date:
    """The earliest day whose rows the summary of `day` reads: of its month, or of the days before it."""
    return min(day.replace(day=1), day - timedelta(days=TRAILING_DAYS))


def cost_messages(
    at: date,
    rows: Sequence[DailyCost],
    known: MonthKnown,
    channel_of: Callable[[str], Channel],
    ui_url: str,
) -> list[tuple[Channel, Message]]:
    """The summary of the day `at` for everybody, and one for each owner of budgets; each with its channel.

    An owner whose projects go to several channels has a message in each; one who has all there is where everybody
    reads it has none beside.
    """
    overall = known.budgets.get("")
    messages = [(channel_of(""), cost_message(summarize(at, rows, known), ui_url, overall.owner if overall else ""))]
    everything = {row.project for row in rows}
    crowds: dict[tuple[str, Channel], list[str]] = defaultdict(list)
    for project, budget in known.budgets.items():
        if project:
            crowds[budget.owner, channel_of(project)].append(project)
    for (owner, channel), projects in sorted(crowds.items(), key=lambda crowd: (crowd[0][0], crowd[0][1] or "")):
        if channel == messages[0][0] and everything <= set(projects):
            continue
        of = ", ".join(sorted(projects)) if len(projects) <= NAMED else f"{len(projects)} projects"
        message = cost_message(summarize(at, rows, known, projects), ui_url, owner, of)
        key = " ".join(filter(None, (message.key, owner, channel)))
        messages.append((channel, replace(message, key=key)))
    return messages


def summarize(
    at: date, rows: Sequence[DailyCost], known: MonthKnown = NOTHING_MORE, projects: Collection[str] | None = None
) -> DayOfSpend:
    """What was spent on the day `at`; `rows` cover `first_day_needed(at)` to `at` (UTC days), others are ignored.

    Of all projects, or of some.
    """
    rows = [row for row in rows if row.day <= at and (projects is None or row.project in projects)]
    today = [row for row in rows if row.day == at]
    month = [row for row in rows if at.replace(day=1) <= row.day]
    parts = _parts(_of(month, CostKind.APPLICATION), known, projects)
    mover = _biggest_mover(at, _of(rows, CostKind.APPLICATION))
    listed = dict(by_project(_of(today, CostKind.APPLICATION)))
    saved = [one for project, one in known.saved.items() if projects is None or project in projects]
    return DayOfSpend(
        day=at,
        projects=(*listed.items(), *((part.project, Spend()) for part in parts if part.project not in listed)),
        application=total(_of(today, CostKind.APPLICATION)),
        judge=total(_of(today, CostKind.JUDGE)),
        month=_whole(_of(month, CostKind.APPLICATION), parts, known, projects),
        month_judge=total(_of(month, CostKind.JUDGE)),
        course=_course(at, _of(month, CostKind.APPLICATION), known.whole),
        parts=parts,
        mover=mover and replace(mover, by=known.moved_by(mover)),
        unpriced_models=unpriced_models(today),
        saved=reduce(add, saved) if saved else None,
    )


def _parts(month: Sequence[DailyCost], known: MonthKnown, projects: Collection[str] | None) -> tuple[MonthSoFar, ...]:
    """Each project of the month, and each with a budget, the largest spend first."""
    sums = dict(by_project(month))
    owned = [name for name in known.budgets if name and (projects is None or name in projects)]
    return tuple(
        MonthSoFar(
            name,
            sums.get(name, Spend()),
            known.outlooks.get(name, NOT_MADE),
            known.budgets[name].limit if name in known.budgets else None,
        )
        for name in (*sums, *(name for name in owned if name not in sums))
    )


def _whole(
    month: Sequence[DailyCost],
    parts: Sequence[MonthSoFar],
    known: MonthKnown,
    projects: Collection[str] | None,
) -> MonthSoFar:
    """The projects together; of some of them what is expected is added up."""
    if projects is None:
        budget = known.budgets.get("")
        return MonthSoFar("", total(month), known.outlooks.get("", NOT_MADE), budget.limit if budget else None)
    foreseen = [part.outlook for part in parts if isinstance(part.outlook, Forecast)]
    unforeseen = [part.outlook for part in parts if isinstance(part.outlook, Unforeseen)]
    outlook = unforeseen[0] if unforeseen or not foreseen else reduce(add, foreseen)
    limits = [part.limit for part in parts if part.limit is not None]
    return MonthSoFar("", total(month), outlook, sum(limits[1:], limits[0]) if limits else None)


def _course(at: date, month: Sequence[DailyCost], whole: Collection[date]) -> tuple[tuple[date, Decimal | None], ...]:
    """What each day of the month cost, None where not all of it is settled or none of its calls has a price."""
    sums: dict[date, Spend] = defaultdict(Spend)
    for row in month:
        sums[row.day] += row.spend
    days = [at.replace(day=number) for number in range(1, at.day + 1)]
    return tuple((one, sums[one].cost if one in whole else None) for one in days)


def cost_message(spend: DayOfSpend, ui_url: str, owner: str = "", of: str = "") -> Message:
    """The day's spend in one message, to `owner`, `of` these projects; telling it after late rows edits the first."""
    facts = [*month_facts(spend.month, spend.course)]
    if spend.mover and abs(spend.mover.change) * 100 >= spend.mover.usual:
        facts.append(Fact("Biggest mover", _moved(spend.mover)))
    facts.append(Fact("Judging", _judging(spend)))
    if spend.course[-1][1] is None and spend.application.cost is not None:
        facts.append(Fact("Not whole", "hours of this day are not settled yet; the message is edited when they are"))
    sections = (
        Section("By project", _listed(_projects(spend)) if len(spend.projects) > 1 or not of else ()),
        Section("Price unknown, not in the sums", _listed(_unpriced(spend.unpriced_models))),
    )
    return Message(
        key=f"costs_{spend.day:%Y-%m-%d}",
        title=f"Spend on {day(spend.day)}" + (f", {of}" if of else ""),
        severity=Severity.INFO,
        summary=_summary(spend),
        facts=tuple(facts),
        sections=tuple(section for section in sections if section.items),
        links=(Link("Cost runs", f"{ui_url.rstrip('/')}/dags/summarize_costs/runs"),),
        footer="Days are UTC, money is USD. Late rows correct the day they belong to.",
        owner=owner,
        chart=burn_down(spend.month, spend.course, of or "all projects"),
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
        Mover(name, today.get(name, Spend()).known, usual.get(name, Spend()).known / known_days, known_days)
        for name in sorted(today.keys() | usual.keys())
    ]
    return max(movers, key=lambda mover: abs(mover.change), default=None)


def _moved(mover: Mover) -> str:
    direction = "more" if mover.change > 0 else "less"
    share = f" ({_times(mover)})" if mover.usual else ""
    return (
        f"{mover.project}: {money(abs(mover.change))} {direction} than usual{share}, "
        f"{money(mover.spent)} against {money(mover.usual)} a day" + (f". {mover.by}" if mover.by else "")
    )


def _times(mover: Mover) -> str:
    times = mover.spent / mover.usual
    return f"{times:.1f} times as much" if times >= 2 else f"{abs(mover.change) / mover.usual * 100:.0f} %"


def _projects(spend: DayOfSpend) -> list[str]:
    months = {part.project: part for part in spend.parts}
    return [
        f"{name}: {spent(one)}" + (f"; {of_budget(months[name])}" if name in months else "")
        for name, one in spend.projects
    ]


def _judging(spend: DayOfSpend) -> str:
    told, month = spent(spend.judge), f"{spent(spend.month_judge)} this month"
    if spend.saved is None or spend.saved.in_full <= 0:
        return f"{told}; {month}"
    share = 100 * float(spend.saved.saved / spend.saved.in_full)
    saved = f"{money(spend.saved.saved)} ({share:.0f} %) less than judging all live with the strong judge"
    return f"{told}, which is {saved}; {month}"


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

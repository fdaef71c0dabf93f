"""A stretch of time goes in; how every project stands comes out, whoever needs help first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

import psycopg

from include import settings as configuration
from include.adapters.postgres.alerts import Alerts
from include.adapters.postgres.budget_months import BudgetMonths
from include.adapters.postgres.runs import Runs
from include.adapters.postgres.stretches import Stretches, midnight
from include.adapters.yaml_file import load
from include.assembly import now
from include.domain.alert import Alert, Incident
from include.domain.cost import Spend
from include.domain.interaction import Window
from include.domain.message import Severity
from include.domain.report import Estimate, MeasureWeek, ProjectWeek, Trend
from include.domain.segment import SegmentRow, Tally, merged
from include.ledger.budgets import Budgets
from include.pages.months import month_of
from include.pages.reading import reading
from include.reports.estimate import estimate
from include.reports.quality import BEFORE, COMPOSITE, chart_of, projects_of

DAY = timedelta(days=1)
LOOKED_BACK = timedelta(days=400)
"""How far back the last settled window is looked for."""
CHARTED = 14 * DAY


@dataclass(frozen=True, slots=True)
class Covered:
    """What became of a project's interactions: `scored + failed <= logged`, the rest was left out by sampling.

    `quarantined` rows are no interactions yet and are not in `logged`.
    """

    logged: int = 0
    scored: int = 0
    failed: int = 0
    quarantined: int = 0


@dataclass(frozen=True, slots=True)
class ProjectState:
    """One project in one environment; `spent` is of the project's month to date, in all environments.

    `limit` is the project's budget of a month, in USD.
    """

    scores: ProjectWeek
    covered: Covered
    incidents: tuple[Incident, ...]
    spent: Spend
    limit: Decimal | None = None

    @property
    def project(self) -> str:
        """Its name."""
        return self.scores.project

    @property
    def environment(self) -> str:
        """Where it runs."""
        return self.scores.environment

    @property
    def composite(self) -> MeasureWeek | None:
        """The weighted score, where anything was scored."""
        return self.scores.composite

    @property
    def rank(self) -> tuple[int, bool, str, str]:
        """Sorts those in trouble first: by their loudest open incident, then those that got worse."""
        loudest = min((one.severity.rank for one in self.incidents), default=len(Severity))
        is_worse = self.composite is not None and self.composite.trend is Trend.WORSE
        return loudest, not is_worse, self.project, self.environment


@dataclass(frozen=True, slots=True)
class Overview:
    """Every project, those in trouble first, and incidents that are of no project alone.

    `settled_until` is the end of the last settled window, None before the first.
    """

    window: Window
    projects: tuple[ProjectState, ...]
    everywhere: tuple[Incident, ...]
    environments: tuple[str, ...]
    settled_until: datetime | None


def overview(window: Window, environment: str = "") -> Overview:
    """The state of all projects over `window` (full hours), or of those in one environment."""
    settings = configuration.for_the_store()
    budgets = load(settings.budgets, Budgets).projects
    with reading(settings) as store:
        scores = _scores(store, window)
        covered, spent = _covered(store, window), BudgetMonths(store).spent(month_of(window.end)[0], window.end)
        by_place, everywhere = _open_incidents(store)
        last = Runs(store).last_settled(Window(now() - LOOKED_BACK, now()))
    states = [
        ProjectState(
            week,
            covered.get((week.project, week.environment), Covered()),
            _loudest_first(
                by_place[week.project, week.environment] + by_place[week.project, ""]  # budgets are of all environments
            ),
            spent.get(week.project, Spend()),
            budgets[week.project].usd_per_month if week.project in budgets else None,
        )
        for week in scores
        if environment in ("", week.environment)
    ]
    return Overview(
        window,
        tuple(sorted(states, key=lambda state: state.rank)),
        tuple(everywhere),
        tuple(sorted({week.environment for week in scores})),
        last.run.window.end if last else None,
    )


def _loudest_first(incidents: Sequence[Incident]) -> tuple[Incident, ...]:
    return tuple(sorted(incidents, key=lambda one: (one.severity.rank, one.starts_at)))


def charted(window: Window) -> Window:
    """What the charts show: the window, or the 14 days before its end if it is shorter."""
    return Window(window.end - max(CHARTED, window.length), window.end)


def _scores(store: psycopg.Connection, window: Window) -> list[ProjectWeek]:
    """Each project's scores beside those of the 7 days before; only composites come with days."""
    sums, before = Stretches(store), window.before(BEFORE)
    drawn = min(charted(window).start, before.start)
    known = sums.read([COMPOSITE], [Window(chart_of(window).start, drawn)])
    between = [Window(drawn, before.start)] if drawn < before.start else []
    composites = known + sums.read([COMPOSITE], [*between, before, window], by_day=True)
    dimensions = sums.read(sums.dimensions(), [before, window])
    by_epoch: dict[tuple[str, ...], list[SegmentRow]] = defaultdict(list)
    for row in composites:
        by_epoch[(*row.segment[:2], row.epoch)].append(row)
    return [
        replace(one, composite=replace(whole, days=_days(by_epoch[one.project, one.environment, whole.epoch], window)))
        if (whole := one.composite)
        else one
        for one in projects_of([*composites, *dimensions], window)
    ]


def _days(rows: Iterable[SegmentRow], window: Window) -> tuple[tuple[datetime, Estimate | None], ...]:
    """The days (UTC) of the chart by their start; the last is told with the one before while it is not half over."""
    chart, tallies = charted(window), defaultdict[datetime, list[Tally]](list)
    last = midnight(window.end - DAY / 2)
    for row in rows:
        tallies[min(midnight(row.starts_at), last)].append(row.tally)
    first = midnight(chart.start + DAY / 2)
    days = (first + number * DAY for number in range((last - first) // DAY + 1))
    return tuple((day, estimate(merged(tallies.get(day, ())))) for day in days)


def _covered(store: psycopg.Connection, window: Window) -> dict[tuple[str, ...], Covered]:
    counts: dict[tuple[str, ...], dict[str, tuple[int, int]]] = defaultdict(dict)
    for row in Stretches(store).read(("volume", "failure", "quarantine"), [window]):
        counts[row.segment[:2]][row.segment[2]] = row.tally.n, round(row.tally.total)
    found = {}
    for place, by_measure in counts.items():
        judged, failed = by_measure.get("failure", (0, 0))
        logged, quarantined = by_measure.get("volume", (0, 0))[0], by_measure.get("quarantine", (0, 0))[1]
        found[place] = Covered(logged, judged - failed, failed, quarantined)
    return found


def _open_incidents(store: psycopg.Connection) -> tuple[dict[tuple[str, str], list[Incident]], list[Incident]]:
    """By project and environment, and those whose alerts name no project."""
    alerts: dict[str, list[Alert]] = defaultdict(list)
    for alert in Alerts(store).firing():
        if alert.live and alert.incident_id is not None:
            alerts[alert.incident_id].append(alert)
    by_place: dict[tuple[str, str], list[Incident]] = defaultdict(list)
    everywhere = []
    for incident_id, members in alerts.items():
        incident = Incident(incident_id, tuple(members))
        places = {(alert.labels.get("project", ""), alert.labels.get("environment", "")) for alert in incident.own}
        if not any(project for project, _ in places):
            everywhere.append(incident)
        for place in places:
            by_place[place].append(incident)
    return by_place, everywhere

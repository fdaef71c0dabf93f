"""A week of the store goes in, the typed report of it comes out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from include.domain.interaction import Window
from include.domain.ports import WeekRecord
from include.domain.report import Attachment, DataQuality, ProjectWeek, WeeklyReport, WeekMoney
from include.reports.changes import changes_of
from include.reports.coverage import coverage_of
from include.reports.examples import Hide, instructive
from include.reports.incidents import incidents_of
from include.reports.leanings import leanings_of
from include.reports.quality import BEFORE, chart_of, held_to, projects_of
from include.reports.spending import WEEK, days_of, spending_of

CANDIDATES = 30
"""Worst interactions read of each project; those that say the same as a worse one are not shown."""


def collect(
    week: Window,
    record: WeekRecord,
    hide: Hide,
    attachments: Sequence[Attachment] = (),
    money: WeekMoney | None = None,
    targets: Mapping[str, float] | None = None,
) -> WeeklyReport:
    """The report of `week`, a window that begins on a full hour; it may be shorter than a week, or still under way.

    Everything is read from rollups but the worst examples, which are shown as `hide` leaves them. `money` is what is
    told beyond sums; `targets` are the composites to reach, by project ("" for all others). The same store gives the
    same report.
    """
    chart = chart_of(week)
    projects = held_to(projects_of(record.daily_scores(chart), week), targets or {})
    runs = record.runs(week)
    first, last = days_of(week)
    return WeeklyReport(
        window=week,
        as_of=max((window.end for window, ledger in runs if ledger is not None), default=None),
        projects=projects,
        incidents=incidents_of(record.incidents(chart)),
        precision=tuple(record.precision(chart)),
        changes=changes_of(record.segments(week), record.segments(week.before(BEFORE)), projects),
        examples=instructive(record.worst(week, _epochs(projects), CANDIDATES), hide),
        experts=record.experts(week),
        costs=spending_of(record.costs(first - WEEK, last), week, money),
        coverage=coverage_of(runs, record.failures(week), week),
        data_quality=DataQuality(tuple(record.refusals(week)), tuple(record.warnings(week))),
        judges=tuple(record.judges(week)),
        leanings=leanings_of(record.shifts(week)),
        attachments=tuple(attachments),
    )


def _epochs(projects: Sequence[ProjectWeek]) -> list[str]:
    """The judges whose means the report shows."""
    measures = [measure for project in projects for measure in (project.composite, *project.dimensions) if measure]
    return sorted({measure.epoch for measure in measures})

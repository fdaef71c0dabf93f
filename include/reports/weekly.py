"""A week of the store goes in, the typed report of it comes out."""

from __future__ import annotations

from collections.abc import Sequence

from include.domain.interaction import Window
from include.domain.ports import WeekRecord
from include.domain.report import Attachment, DataQuality, ProjectWeek, WeeklyReport, WeekMoney
from include.reports.coverage import coverage_of
from include.reports.examples import worst_distinct
from include.reports.incidents import incidents_of
from include.reports.quality import chart_of, projects_of
from include.reports.spending import WEEK, days_of, spending_of

CANDIDATES = 30
"""Worst interactions read of each project; those that say the same as a worse one are not shown."""


def collect(
    week: Window, record: WeekRecord, attachments: Sequence[Attachment] = (), money: WeekMoney | None = None
) -> WeeklyReport:
    """The report of `week`, a window that begins on a full hour; it may be shorter than a week, or still under way.

    Everything is read from rollups but the worst examples. `money` is what is told beyond sums. The same store gives
    the same report.
    """
    projects = projects_of(record.daily_scores(chart_of(week)), week)
    runs = record.runs(week)
    first, last = days_of(week)
    return WeeklyReport(
        window=week,
        as_of=max((window.end for window, ledger in runs if ledger is not None), default=None),
        projects=projects,
        incidents=incidents_of(record.incidents(chart_of(week))),
        precision=tuple(record.precision(chart_of(week))),
        examples=worst_distinct(record.worst(week, _epochs(projects), CANDIDATES)),
        costs=spending_of(record.costs(first - WEEK, last), week, money),
        coverage=coverage_of(runs, record.failures(week), week),
        data_quality=DataQuality(tuple(record.refusals(week)), tuple(record.warnings(week))),
        judges=tuple(record.judges(week)),
        attachments=tuple(attachments),
    )


def _epochs(projects: Sequence[ProjectWeek]) -> list[str]:
    """The judges whose means the report shows."""
    measures = [measure for project in projects for measure in (project.composite, *project.dimensions) if measure]
    return sorted({measure.epoch for measure in measures})

"""The report's figures go in, the week in three sentences comes out: quality, incidents, coverage and money."""

from __future__ import annotations

from collections.abc import Sequence

from include.domain.report import MeasureWeek, ProjectWeek, Reached, Trend, WeeklyReport
from include.reports.formats import counted, duration, money, share, short


def headline(report: WeeklyReport) -> tuple[str, str, str]:
    """Three sentences that hold for any week, also an empty one; plain text that may name what was logged."""
    return _quality(report), _incidents(report), _coverage_and_money(report)


def _quality(report: WeeklyReport) -> str:
    scored = [(p, p.composite) for p in report.projects if p.composite and p.composite.now]
    if not scored:
        return "No interaction was scored in this week."
    moved = {
        verb: [(p, week) for p, week in scored if week.trend is trend]
        for verb, trend in (("fell", Trend.WORSE), ("rose", Trend.BETTER))
    }
    told = [f"{verb} in {_moved(those)}" for verb, those in moved.items() if those]
    missed = _missed([project for project, _ in scored])
    if told:
        return f"Quality {' and '.join(told)}{_rest(len(scored) - sum(map(len, moved.values())))}{missed}."
    project, lowest = min(scored, key=lambda item: item[1].now.mean if item[1].now else 1.0)
    low = f"the lowest is {short(project.project)} at {lowest.now.mean:.2f}" if lowest.now else ""
    if all(week.difference is None for _, week in scored):
        found = counted(len(scored), "project")
        return f"{found} scored, with no earlier week of the same judges to compare; {low}{missed}."
    return f"Quality held steady in {_all(len(scored))}; {low}{missed}."


def _missed(projects: Sequence[ProjectWeek]) -> str:
    missed = [one for one in projects if one.reached is Reached.NO]
    if len(missed) == 1:
        return f"; {short(missed[0].project)} missed its target of {missed[0].target:.2f}"
    return f"; {counted(len(missed), 'project')} missed their targets" if missed else ""


def _all(number: int) -> str:
    return "the one project" if number == 1 else f"all {number} projects"


def _rest(steady: int) -> str:
    return f"; {counted(steady, 'other project')} did not move beyond noise" if steady else ""


def _moved(moved: Sequence[tuple[ProjectWeek, MeasureWeek]]) -> str:
    """The project that moved most with its figures, and how many more there are."""
    project, week = max(moved, key=lambda item: abs(item[1].difference or 0.0))
    assert week.now is not None
    assert week.before is not None
    more = f" and {counted(len(moved) - 1, 'more project')}" if len(moved) > 1 else ""
    return f"{short(project.project)} (from {week.before.mean:.2f} to {week.now.mean:.2f}){more}"


def _incidents(report: WeeklyReport) -> str:
    incidents = report.incidents_of_week
    if not incidents:
        return "No incident was open in it."
    still_open = sum(incident.ends_at is None for incident in incidents)
    state = {0: "all over", len(incidents): "still open"}.get(still_open, f"{still_open} still open")
    gravest = min(incidents, key=lambda one: (one.severity.rank, -one.duration, one.starts_at))
    place = (
        " and ".join(map(short, gravest.projects))
        if len(gravest.projects) < 3
        else counted(len(gravest.projects), "project")
    )
    lasted = f"{'over after' if gravest.ends_at else 'open for'} {duration(gravest.duration)}"
    gravest_told = f"{short(gravest.title)} in {place or 'all projects'}, {lasted}"
    if len(incidents) == 1:
        return f"One incident: {gravest_told}."
    return f"{len(incidents):,} incidents, {state}: the gravest is {gravest_told}."


def _coverage_and_money(report: WeeklyReport) -> str:
    ledger = report.coverage.ledger
    if not ledger.logged:
        covered = "Nothing was logged"
    else:
        covered = f"{share(ledger.scored, ledger.logged)} of {counted(ledger.logged, 'logged interaction')} were scored"
        covered += "" if ledger.closes else f" while {counted(abs(ledger.gap), 'interaction')} are not accounted for"
    return f"{covered}, and {_money(report)}."


def _money(report: WeeklyReport) -> str:
    spend, before = report.costs.application, report.costs.application_before
    if not spend.calls:
        return "no spend is on record"
    if spend.cost is None:
        return f"what the applications spent is not known, since none of {spend.calls:,} calls has a price"
    told = f"the applications spent {money(spend.cost)}"
    if report.costs.comparable and before.known:
        ratio = (spend.cost - before.known) / before.known
        told += f", {abs(ratio) * 100:.0f} % {'more' if ratio > 0 else 'less'} than the week before"
    if spend.unpriced:
        told += f", and {counted(spend.unpriced, 'call')} whose price is not known came on top"
    return told

"""Three sentences that are true of any week."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from include.domain.cost import Spend
from include.domain.report import ProjectSpend, Trend, WeeklyReport
from include.domain.run import CoverageLedger
from include.reports.headline import headline
from tests.fakes.weekly import DAY, MONDAY, costs, empty_week, incident, project, week

WORSE, BETTER, STEADY = (
    project("clinic", 0.71, 0.84, Trend.WORSE),
    project("docs", 0.82, 0.80, Trend.BETTER),
    project("bank", 0.9, 0.9, Trend.STEADY),
)


@pytest.mark.parametrize(
    ("report", "sentence"),
    [
        (empty_week(), "No interaction was scored in this week."),
        (week(projects=(WORSE,)), "Quality fell in clinic (from 0.84 to 0.71); clinic missed its target of 0.75."),
        (
            week(projects=(WORSE, BETTER, STEADY)),
            "Quality fell in clinic (from 0.84 to 0.71) and rose in docs (from 0.80 to 0.82); "
            "1 other project did not move beyond noise; clinic missed its target of 0.75.",
        ),
        (
            week(projects=(WORSE, project("city", 0.7, 0.75, Trend.WORSE))),
            "Quality fell in clinic (from 0.84 to 0.71) and 1 more project; 2 projects missed their targets.",
        ),
        (week(projects=(STEADY,)), "Quality held steady in the one project; the lowest is bank at 0.90."),
        (
            week(projects=(project("docs", 0.8, 0.8, Trend.OTHER_JUDGE), project("bank", 0.9, 0.9, Trend.NO_DATA))),
            "2 projects scored, with no earlier week of the same judges to compare; the lowest is docs at 0.80.",
        ),
    ],
)
def test_the_first_is_of_quality(report: WeeklyReport, sentence: str) -> None:
    assert headline(report)[0] == sentence


OVER = incident("spend spike", ends_at=MONDAY + 3 * DAY, projects=("a", "b", "c"))


@pytest.mark.parametrize(
    ("incidents", "sentence"),
    [
        ((), "No incident was open in it."),
        ((incident(),), "One incident: faithfulness low in clinic, open for 5 days."),
        ((OVER,), "One incident: spend spike in 3 projects, over after 1 day."),
        (
            (incident(), OVER),
            "2 incidents, 1 still open: the gravest is faithfulness low in clinic, open for 5 days.",
        ),
        ((OVER, OVER), "2 incidents, all over: the gravest is spend spike in 3 projects, over after 1 day."),
        ((incident(starts_at=MONDAY - 2 * DAY, ends_at=MONDAY - DAY),), "No incident was open in it."),
    ],
)
def test_the_second_is_of_incidents(incidents: tuple[object, ...], sentence: str) -> None:
    assert headline(week(incidents=incidents))[1] == sentence


def spent(now: Spend, before: Spend = Spend(), *, comparable: bool = True) -> WeeklyReport:  # noqa: B008
    projects = (ProjectSpend("clinic", now, before, Spend()),)
    return week(costs=replace(costs(), projects=projects, comparable=comparable))


@pytest.mark.parametrize(
    ("report", "sentence"),
    [
        (empty_week(), "Nothing was logged, and no spend is on record."),
        (
            spent(Spend(10, 0, Decimal("12"))),
            "90.9 % of 220 logged interactions were scored, and the applications spent $12.00.",
        ),
        (
            spent(Spend(10, 2, Decimal("12")), Spend(9, 0, Decimal("16"))),
            "90.9 % of 220 logged interactions were scored, and the applications spent $12.00, 25 % less than the week "
            "before, and 2 calls whose price is not known came on top.",
        ),
        (
            spent(Spend(10, 0, Decimal("12")), Spend(9, 0, Decimal("16")), comparable=False),
            "90.9 % of 220 logged interactions were scored, and the applications spent $12.00.",
        ),
        (
            spent(Spend(10, 10)),
            "90.9 % of 220 logged interactions were scored, and what the applications spent is not known, "
            "since none of 10 calls has a price.",
        ),
    ],
)
def test_the_third_is_of_coverage_and_money(report: WeeklyReport, sentence: str) -> None:
    assert headline(report)[2] == sentence


def test_a_ledger_that_does_not_close_is_told() -> None:
    report = week()
    open_ledger = replace(report.coverage, ledger=CoverageLedger(220, 4, 10, 190, 6))
    assert "while 10 interactions are not accounted for" in headline(replace(report, coverage=open_ledger))[2]

"""A project's week beside the one before: whose scores, which days, and when an arrow stands."""

from __future__ import annotations

from datetime import timedelta

import pytest

from include.domain.interaction import Window
from include.domain.report import ProjectWeek, Trend
from include.domain.segment import SegmentRow, Tally
from include.reports.quality import chart_of, projects_of
from tests.fakes.weekly import DAY, MONDAY, WEEK


def row(
    day: int, mean: float, n: int = 200, *, epoch: str = "A", project: str = "clinic", measure: str = "composite"
) -> SegmentRow:
    """A day of n scores with a standard deviation of 0.1."""
    total, total_sq = n * mean, n * (mean**2 + 0.01)
    tally = Tally(n, n, n, total, total_sq, mean, mean, total_w2=total, total_sq_w2=total_sq)
    return SegmentRow(MONDAY + day * DAY, (project, "production", measure), epoch, tally)


def only(rows: list[SegmentRow], week: Window = WEEK) -> ProjectWeek:
    (found,) = projects_of(rows, week)
    return found


@pytest.mark.parametrize(
    ("before", "now", "n", "trend"),
    [
        pytest.param(0.80, 0.70, 200, Trend.WORSE, id="worse"),
        pytest.param(0.70, 0.80, 200, Trend.BETTER, id="better"),
        pytest.param(0.80, 0.78, 20, Trend.STEADY, id="within noise"),
        pytest.param(0.80, 0.791, 100_000, Trend.STEADY, id="no noise, but too small to matter"),
        pytest.param(0.80, 0.10, 1, Trend.STEADY, id="one answer shows nothing"),
    ],
)
def test_an_arrow_stands_only_where_a_difference_is_real_and_matters(
    before: float, now: float, n: int, trend: Trend
) -> None:
    week = only([row(-3, before, n), row(2, now, n)]).composite
    assert week is not None
    assert week.difference == pytest.approx(now - before)
    assert week.trend is trend


def test_values_of_two_judges_are_never_pooled() -> None:
    week = only([row(0, 0.5, 30, epoch="A"), row(1, 0.9, 100, epoch="B"), row(-1, 0.5, 500, epoch="A")]).composite
    assert week is not None
    assert week.now is not None
    assert (week.epoch, week.now.mean, week.now.n, week.other_judges) == ("B", 0.9, 100, 30)
    assert (week.before, week.difference, week.trend) == (None, None, Trend.OTHER_JUDGE)


def test_a_first_week_has_nothing_to_be_compared_with() -> None:
    week = only([row(0, 0.5)]).composite
    assert week is not None
    assert (week.before, week.trend) == (None, Trend.NO_DATA)


def test_a_project_that_fell_silent_stands_there_without_a_mean() -> None:
    week = only([row(-2, 0.5)]).composite
    assert week is not None
    assert week.now is None
    assert week.before is not None


def test_only_the_seven_days_before_are_compared() -> None:
    week = only([row(-8, 0.1), row(-7, 0.5), row(0, 0.5)]).composite
    assert week is not None
    assert week.before is not None
    assert week.before.mean == 0.5


def test_days_count_from_the_weeks_start_and_a_day_without_scores_is_none() -> None:
    start = MONDAY + timedelta(hours=10)
    week = Window(start, start + timedelta(days=2, hours=3))
    moved = [SegmentRow(start + number * DAY, *_rest(row(0, 0.5))) for number in (-1, 1, 2)]
    days = only(moved, week).composite
    assert days is not None
    assert chart_of(week).start == days.days[0][0]
    assert [(at - start) // DAY for at, one in days.days if one] == [-1, 1, 2]
    assert days.now is not None
    assert days.now.n == 400


def _rest(of: SegmentRow) -> tuple[tuple[str, ...], str, Tally]:
    return of.segment, of.epoch, of.tally


def test_projects_that_got_worse_stand_first_and_dimensions_apart_from_the_composite() -> None:
    rows = [
        *(row(day, 0.8, project="bank") for day in (-1, 1)),
        *(row(-1, 0.8, measure=name) for name in ("composite", "tone")),
        *(row(1, 0.5, measure=name) for name in ("composite", "tone")),
    ]
    worse, steady = projects_of(rows, WEEK)
    assert (worse.project, steady.project) == ("clinic", "bank")
    assert [week.measure for week in worse.dimensions] == ["tone"]
    assert steady.dimensions == ()


def test_without_any_score_there_is_no_project() -> None:
    assert projects_of([], WEEK) == ()

"""What the page of a project reads of a real store: courses, what was new, incidents, segments and distributions."""

from __future__ import annotations

from datetime import datetime, timedelta

import psycopg
import pytest
from psycopg.types.json import Jsonb

from include.adapters.postgres import connect
from include.adapters.postgres.alerts import Alerts
from include.domain.interaction import Window
from include.domain.report import Trend
from include.errors import PageMissing
from include.notify.alerts import update_alerts
from include.pages.project import project
from tests.fakes.installation import DAY, HOUR, NINE, WRONG, Installation, rows
from tests.fakes.notify import ROUTES, result

MINUTE = timedelta(minutes=1)
MORNING = Window(NINE + HOUR - DAY, NINE + HOUR)
WEEK = Window(NINE + HOUR - 7 * DAY, NINE + HOUR)


def tell(store: str, at: datetime, measure: str, epoch: str, mean: float, **of: str) -> None:
    """An hour of 40 scores of project `pool`, all of one value."""
    row: dict[str, object] = {
        "hour": at,
        "project": "pool",
        "environment": "production",
        "model": "gpt",
        "prompt_version": "v1",
    } | of
    row |= {"measure": measure, "epoch": epoch, "n": 40, "weight": 40, "weight_sq": 40, "low": mean, "high": mean}
    row |= {"total": 40 * mean, "total_sq": 40 * mean**2, "total_w2": 40 * mean, "total_sq_w2": 40 * mean**2}
    row |= {"bins": [40.0 if number == int(mean * 20 + 1e-9) else 0.0 for number in range(20)], "heaviest": 1}
    names, marks = ", ".join(row), ", ".join(["%s"] * len(row))
    with psycopg.connect(store) as connection:
        connection.execute(f"INSERT INTO assay.segments_hourly ({names}) VALUES ({marks})", list(row.values()))


def judge(store: str, epoch: str, at: datetime) -> None:
    """A judge of tone that was first seen then."""
    with psycopg.connect(store) as connection:
        connection.execute(
            "INSERT INTO assay.judge_epochs VALUES (%s, 'tone', 'LLM_JUDGE', 'strict', %s, %s)",
            (epoch, Jsonb({"model": "m"}), at),
        )


def test_a_day_is_shown_by_the_hour_with_what_happened_in_it(assay: Installation) -> None:
    assay.log(*rows(8, NINE - HOUR), *rows(8, NINE, answers=WRONG, prompt_version="v2"))
    assay.log(*rows(3, NINE + MINUTE, environment="staging"), *rows(3, NINE + 2 * MINUTE, project="sauna"))
    assay.run(NINE - HOUR, NINE + HOUR)
    with connect(assay.store) as store:
        told = [result("Breached", 9, project=name, severity="warning") for name in ("pool", "sauna")]
        update_alerts(told, Alerts(store), ROUTES, live=True)
    found = project("pool", MORNING, "production")
    composite, *dimensions = found.courses
    assert (found.step, found.chart.length) == (HOUR, 2 * DAY)
    assert {one.week.measure for one in dimensions} == {"correctness", "faithfulness", "professionalism"}
    assert all(one.judge is not None for one in dimensions)
    means = {at: one.mean for at, one in composite.week.days if one}
    assert means.keys() == {NINE - HOUR, NINE}
    assert means[NINE] < means[NINE - HOUR] - 0.2
    assert composite.week.now is not None
    assert composite.week.now.n == 16
    assert len(found.incidents) == 1
    assert "pool" in found.incidents[0].message.title
    assert found.environments == ("production", "staging")
    assert found.distribution is not None
    assert sum(found.distribution.now) == pytest.approx(1)
    everywhere = project("pool", MORNING).courses[0].week.now
    assert everywhere is not None
    assert everywhere.n == 19


def test_a_week_is_compared_with_the_one_before_segment_by_segment(assay: Installation) -> None:
    for at, mean in ((WEEK.start - DAY, 0.8), (WEEK.end - DAY, 0.6)):
        tell(assay.store, at, "composite", "set", mean)
        tell(assay.store, at, "composite", "set", 0.8, prompt_version="v2")
    found = project("pool", WEEK)
    [composite] = found.courses
    assert composite.week.difference == pytest.approx(-0.1)
    assert composite.week.trend is Trend.WORSE
    assert [(one.segment, round(one.value, 6)) for one in found.segments] == [
        (("gpt", "v1"), -0.1),
        (("gpt", "v2"), 0.0),
    ]
    assert found.distribution is not None
    assert (found.distribution.now[12], found.distribution.before[16]) == (0.5, 1.0)
    assert len(composite.week.days) == 14


def test_judges_are_kept_apart_and_their_change_is_marked(assay: Installation) -> None:
    judge(assay.store, "old", WEEK.start - 100 * DAY)
    judge(assay.store, "new", WEEK.end - 2 * DAY)  # for another project
    tell(assay.store, WEEK.end - 3 * DAY, "tone", "old", 0.9)
    for hours in (1, 2, 3):
        tell(assay.store, WEEK.end - hours * HOUR, "tone", "new", 0.5)
    found = project("pool", WEEK)
    [tone] = found.courses
    assert tone.week.now is not None
    assert (tone.week.epoch, tone.week.other_judges) == ("new", 40)
    assert tone.week.now.mean == pytest.approx(0.5)
    [other] = tone.others
    assert [one.mean for _, one in other if one] == [pytest.approx(0.9)]
    assert [(one.what, one.value, one.at) for one in found.arrivals] == [
        ("judge of tone", "strict", WEEK.end - DAY)  # the day of its first score here
    ]


def test_what_a_project_began_with_is_not_new_and_what_came_later_is(assay: Installation) -> None:
    with psycopg.connect(assay.store) as store:
        for what, value, at in (
            ("model", "first", WEEK.start),
            ("prompt_version", "v1", WEEK.start + HOUR),
            ("model", "second", WEEK.start + 2 * DAY),
        ):
            store.execute("INSERT INTO assay.first_seen VALUES ('native', 'pool', %s, %s, %s)", (what, value, at))
    tell(assay.store, NINE, "composite", "set", 0.8)
    assert [one.value for one in project("pool", WEEK).arrivals] == ["second"]


def test_a_project_without_scores_is_shown_and_one_that_nobody_knows_is_missing(assay: Installation) -> None:
    assay.log(*rows(2, NINE))
    assay.admit()
    assert project("pool", WEEK).courses == ()
    for name in ("unknown", "po\0ol"):
        with pytest.raises(PageMissing):
            project(name, WEEK)

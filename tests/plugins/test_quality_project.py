"""The page of a project: what it tells of its scores, how it draws them, and what its address says."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from include.domain.interaction import Window
from include.domain.report import Estimate
from include.pages.project import Course
from plugins.quality.course import BARS, LARGE, SMALL, Drawn, bars, draw
from plugins.quality.project import SHOWN
from plugins.quality.site import PREFIX
from tests.fakes.pages import Desk, overview, state
from tests.fakes.project_page import CHART, DAY, END, WINDOW, course, project_page, segment

HOUR = timedelta(hours=1)


def drawn(*days: float) -> Drawn:
    """The fake's course with something that happened so many days into the chart."""
    happened = [CHART.start + day * DAY for day in days]
    return draw(course(), CHART, WINDOW, DAY, happened, [(CHART.start, CHART.start + DAY)], LARGE)


def test_a_project_is_told_with_its_scores_judges_and_what_was_new() -> None:
    page = Desk().client().get("projects/bank").text
    for told in ("0.600", "0.550 – 0.650", "▼ −0.210", "strict", "9 by other judges", "new model <bdi>gpt-9</bdi>"):
        assert told in page, told
    assert "another judge of tone <bdi>strict</bdi>" in page
    assert f'href="{PREFIX}/incidents/i1"' in page
    assert 'aria-label="composite by day: 8 Nov 19:00 0.800, ' in page


def test_segments_stand_with_what_they_brought_and_the_rest_is_added_up() -> None:
    page = Desk().client().get("projects/bank").text
    for told in ("−0.200", "+0.010", "50.0 %", "40.0 %", "(model not logged)", ">new<", ">gone<"):
        assert told in page, told
    many = tuple(segment(f"m{number}", value=-0.01) for number in range(SHOWN + 3))
    page = Desk(scored=project_page(segments=many)).client().get("projects/bank").text
    assert f"<bdi>m{SHOWN - 1}</bdi>" in page
    assert f"<bdi>m{SHOWN}</bdi>" not in page
    assert "3 more segments" in page
    assert "−0.030" in page


def test_segments_lead_to_their_worst_interactions_of_the_same_time() -> None:
    page = Desk().client().get("projects/bank?range=24h").text
    where = f"{PREFIX}/interactions?range=24h&amp;project=bank&amp;"
    assert f'href="{where}model=gpt&amp;prompt_version=v2&amp;sort=worst"' in page
    assert f'href="{where}sort=worst"' in page


def test_a_time_without_scores_says_so() -> None:
    nothing = project_page(courses=(), segments=(), distribution=None)
    page = Desk(scored=nothing).client().get("projects/bank").text
    assert "No score is on record in this time" in page
    assert "<table" not in page


def test_without_a_past_nothing_is_said_to_have_moved() -> None:
    page = Desk(scored=project_page(segments=())).client().get("projects/bank").text
    assert "There is nothing to compare with" in page
    assert "Share before" not in page


def test_a_project_that_nobody_knows_is_missing() -> None:
    answer = Desk().client().get("projects/unknown")
    assert answer.status_code == 404
    assert "no interaction of a project unknown is on record" in answer.text


@pytest.mark.parametrize("name", ["a/b c", "ü?x=1#y", "50%", "a&b"])
def test_the_overview_leads_to_a_project_of_whatever_name_and_keeps_the_view(name: str) -> None:
    desk = Desk(over=overview(state(name), state("help", "staging")))
    client = desk.client()
    link = re.search(r'href="([^"]+/projects/[^"]+production[^"]*)"', client.get("?range=14d").text)
    assert link is not None
    assert client.get(link[1].removeprefix(f"{PREFIX}/").replace("&amp;", "&")).status_code == 200
    assert desk.asked[-1] == (name, Window(END - 14 * DAY, END), "production")


def test_the_view_stands_in_the_address_and_is_kept() -> None:
    desk = Desk()
    page = desk.client().get("projects/bank?range=24h&env=staging&until=2026-11-01T00:00Z").text
    end = END.replace(day=1, hour=0)
    assert desk.asked == [("bank", Window(end - DAY, end), "staging")]
    assert 'href="?env=staging&amp;until=2026-11-01T00%3A00Z"' in page
    assert f'href="{PREFIX}/?range=24h&amp;env=staging&amp;until=2026-11-01T00%3A00Z"' in page
    assert desk.client().get("projects/bank?range=1y").status_code == 400


def test_lines_break_where_nothing_was_scored_and_other_judges_have_their_own() -> None:
    found = drawn()
    assert [line.count(",") for line in found.lines] == [2, 4, 4]
    assert [band.count(",") for band in found.bands] == [4, 8, 8]
    assert len(found.others) == 1
    assert found.dots == ()
    assert [label for _, label in found.levels] == ["0.90", "0.80", "0.70", "0.60", "0.50"]
    assert found.now == (LARGE[0] / 2, LARGE[0] / 2)
    assert found.incidents == ((0.0, round(LARGE[0] / 14, 1)),)


def test_a_step_alone_is_a_dot_with_its_interval_and_a_single_score_has_none() -> None:
    days = (
        (CHART.start, Estimate(0.5, 0.4, 0.6, 9)),
        (CHART.start + DAY, None),
        (CHART.start + 2 * DAY, Estimate(0.5, None, None, 1)),
    )
    alone = Course(replace(course().week, days=days))
    found = draw(alone, CHART, WINDOW, DAY, [], [], LARGE)
    (_, mean, upper, lower), (_, single, *none) = found.dots
    assert upper < mean < lower
    assert none == [single, single]
    assert (found.lines, found.bands) == ((), ())


def test_a_score_of_which_nothing_is_known_has_an_empty_chart() -> None:
    found = draw(Course(replace(course().week, days=())), CHART, WINDOW, DAY, [], [], SMALL)
    assert (found.lines, found.dots, next(label for _, label in found.levels)) == ((), (), "1.00")


def test_marks_that_stand_close_are_numbered_together() -> None:
    assert [text for _, text in drawn(1, 3, 3.1, 3.2, 9).marks] == ["1", "2–4", "", "", "5"]


@pytest.mark.parametrize("size", [LARGE, SMALL])
def test_nothing_is_drawn_outside_its_frame(size: tuple[float, float]) -> None:
    found = draw(
        course(),
        CHART,
        WINDOW,
        DAY,
        [CHART.end + DAY],
        [(CHART.start - DAY, CHART.end + DAY), (CHART.end, CHART.end)],
        size,
    )
    places = [tuple(map(float, point.split(","))) for line in (*found.lines, *found.bands) for point in line.split()]
    assert all(0 <= x <= size[0] and 0 <= y <= size[1] for x, y in places)
    assert all(x >= 0 and x + width <= size[0] for x, width in found.incidents)
    assert [x for x, _ in found.marks] == [size[0]]


def test_bars_are_to_one_scale_with_those_of_before() -> None:
    page = project_page()
    assert page.distribution is not None
    found = bars(page.distribution)
    assert len(found.bars) == 20
    assert [height for *_, height in found.bars[-2:]] == [BARS[1]] * 2
    assert found.outline.startswith("0,0 ")

"""The picture of a week's headline: the same for the same week, and within its edges whatever was logged."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO

import pytest
from PIL import Image

from include.domain.message import Picture
from include.domain.report import Trend, WeeklyReport
from include.reports.card import MARGIN, ROWS, WIDTH, description, draw_card
from include.reports.headline import headline
from include.reports.summary import summary
from tests.fakes.report_shelf import published
from tests.fakes.weekly import empty_week, incident, project, week

STRANGE = ("x" * 500, "word " * 200, "客服", "دعم العملاء", "🙂", "\u202etxt.exe", "<b>&amp;</b>")


def picture(png: bytes) -> Image.Image:
    return Image.open(BytesIO(png)).convert("RGB")


def named(*names: str) -> WeeklyReport:
    projects = tuple(
        replace(project(name, 0.7, 0.8, Trend.WORSE, f"env{number % 2}"), target=0.75)
        for number, name in enumerate(names)
    )
    return week(projects=projects, incidents=tuple(incident(projects=(name,)) for name in names[:1]))


def test_the_same_week_gives_the_same_bytes() -> None:
    assert draw_card(week()) == draw_card(week())
    assert draw_card(week()) != draw_card(empty_week())


def test_what_it_shows_stands_in_words_beside_it() -> None:
    told = description(draw_card(named("clinic", "客服")))
    assert all(sentence in told for sentence in headline(named("clinic", "客服")))
    assert "clinic, env0: 0.700, last week 0.800, target 0.75." in told
    assert "客服, env1: 0.700" in told


@pytest.mark.parametrize("name", STRANGE)
def test_no_name_leaves_the_paper_or_runs_into_the_figures(name: str) -> None:
    plain, strange = picture(draw_card(named("a", "b"))), picture(draw_card(named(name, name)))
    assert strange.width == WIDTH
    for edge in ((0, 0, MARGIN - 4, strange.height), (WIDTH - MARGIN + 4, 0, WIDTH, strange.height)):
        assert strange.crop(edge).getextrema() == ((255, 255),) * 3
    figures = [one.crop((355, one.height - 160, WIDTH, one.height)) for one in (plain, strange)]
    assert figures[0].tobytes() == figures[1].tobytes()


def test_of_many_projects_the_worst_are_drawn_and_the_others_counted() -> None:
    few, many = (named(*(f"p{number}" for number in range(count))) for count in (ROWS, 200))
    assert picture(draw_card(many)).height == picture(draw_card(few)).height
    assert len(description(draw_card(many))) <= 2000


@pytest.mark.parametrize("report", [empty_week(), week(projects=())], ids=["nothing", "no scores"])
def test_a_week_without_scores_has_its_sentences(report: WeeklyReport) -> None:
    png = draw_card(report)
    assert picture(png).height < 400
    assert "No interaction was scored" in description(png)


def test_the_summary_tells_the_headline_with_the_picture_and_the_way_to_the_report() -> None:
    message = summary(published(), draw_card(week()), "http://airflow/r")
    assert message.key == published().report_id
    assert message.summary == published().headline
    assert [link.url for link in message.links] == ["http://airflow/r"]
    assert isinstance(message.chart, Picture)
    assert message.chart.alt == description(message.chart.png)
    assert message.digest == summary(published(), draw_card(week()), "http://airflow/r").digest
    assert message.digest != summary(published(), draw_card(empty_week()), "http://airflow/r").digest

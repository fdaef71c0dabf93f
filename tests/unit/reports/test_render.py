"""The report as a file: what it says, that it says the same again, and that no text escapes from it."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import replace
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.domain.alert import Precision
from include.domain.cost import Spend
from include.domain.llm import CallMode
from include.domain.report import Attachment, JudgedDimension, JudgeWeek, Trend, WeeklyReport, WeekMoney
from include.domain.score import ScoreSource
from include.reports.render import render
from tests.fakes.week_money import money
from tests.fakes.weekly import MONDAY, empty_week, example, incident, project, week

GOLDEN = Path(__file__).parents[2] / "golden/report"
LOADING = {"script", "link", "iframe", "img", "object", "embed", "base", "form", "audio", "video", "source", "image"}


class Parsed(HTMLParser):
    """The tags and attributes of a file, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.attributes: Counter[str] = Counter()
        self.links: list[str] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes.update(name for name, _ in attrs)
        self.links += [value or "" for name, value in attrs if name in ("href", "src", "action", "xlink:href")]

    def handle_data(self, data: str) -> None:
        self.text += data


def hostile(text: str) -> WeeklyReport:
    """A week that holds the text wherever an application, a judge or a rule can put it."""
    said = JudgedDimension("correctness", 0.1, text, ScoreSource.CODE)
    marked = replace(project("p", 0.5, 0.5, Trend.STEADY), project=text, environment=text)
    report = week()
    return week(
        projects=(marked, project("other", 0.5, 0.5, Trend.STEADY)),
        incidents=(incident(text, projects=(text,), environment=text, sentence=text, alerts=(text, "x")),),
        examples=(
            example(text, project=text, environment=text, model=text, user_input=text, response=text, scores=(said,)),
        ),
        costs=replace(report.costs, unpriced_models=((text, 2),), money=hostile_money(text)),
        coverage=replace(report.coverage, failures=(("correctness", text, 3),)),
        data_quality=replace(report.data_quality, warnings=((text, 1),)),
        judges=(JudgeWeek("e", "correctness", text, ScoreSource.LLM_JUDGE, text, MONDAY, 3),),
        attachments=(Attachment(text, "drift.html"),),
        precision=(Precision(text, 3, 1),),
    )


def hostile_money(text: str) -> WeekMoney:
    """The same with every name that is told of money."""
    usual = money()
    value = usual.value
    assert value is not None
    names = {"project": text, "model": text}
    prompt = names | {"prompt_version": text}
    spend = ((text, CallMode.LIVE, Spend(1, 0, Decimal(1))),)
    judge = replace(usual.judging.judges[0], project=text, dimension=text, judge=text, by_model=spend)
    loop = replace(value.loops.dearest[0], project=text, conversation_id=text, interaction_id=text)
    return WeekMoney(
        budgets=(replace(usual.budgets[1], project=text, owner=text),),
        judging=replace(usual.judging, judges=(judge,)),
        value=replace(
            value,
            good=(replace(value.good[0], project=text, environment=text),),
            cheaper=(replace(value.cheaper[0], environment=text, cheaper=text, **names),),
            caches=(replace(value.caches[0], **prompt),),
            conversations=(replace(value.conversations[0], project=text, conversation_id=text),),
            loops=replace(value.loops, dearest=(loop,)),
            grown=(replace(value.grown[0], before_version=text + "!", **prompt),),
        ),
    )


@pytest.mark.parametrize(("name", "report"), [("weekly", week()), ("empty", empty_week())])
def test_the_file_is_the_one_that_was_looked_at(name: str, report: WeeklyReport) -> None:
    golden = GOLDEN / f"{name}.html"
    if os.environ.get("ASSAY_WRITE_GOLDENS"):
        golden.write_text(render(report))
    assert render(report) == golden.read_text()


def test_it_loads_nothing_runs_nothing_and_links_only_within_itself_and_to_its_attachments() -> None:
    parsed = Parsed(render(week()))
    assert not LOADING & parsed.tags.keys()
    assert {link for link in parsed.links if not link.startswith("#")} == {"weekly_2026-11-09_2026-11-16.drift.html"}
    assert "url(" not in render(week())
    assert "@import" not in render(week())


HARMLESS = Parsed(render(hostile("harmless")))
texts = st.text(st.sampled_from("<>&\"'/=`{}%;:() \n\0\u202eab") | st.characters(), max_size=40).filter(str.strip)


@settings(max_examples=60)
@given(texts)
def test_whatever_text_was_logged_adds_no_tag_and_no_attribute(text: str) -> None:
    parsed = Parsed(render(hostile(text)))
    assert parsed.tags == HARMLESS.tags
    assert parsed.attributes == HARMLESS.attributes


def test_text_is_shown_as_it_was_logged() -> None:
    parsed = Parsed(render(week(examples=(example(response="<b>5 > 3</b> & {{ 7 * 7 }}"),))))
    assert "<b>5 > 3</b> & {{ 7 * 7 }}" in parsed.text


def test_marks_that_reorder_or_hide_text_are_made_visible() -> None:
    html = render(week(examples=(example(response="safe\u202etxt.exe\x07, emoji \U0001f469\u200d\U0001f52c stays"),)))
    assert "safe\ufffdtxt.exe\ufffd, emoji \U0001f469\u200d\U0001f52c stays" in html


def test_an_offline_judge_is_called_what_it_is_and_an_llm_is_not() -> None:
    llm = JudgeWeek("e", "correctness", "rubric", ScoreSource.LLM_JUDGE, "gpt-4.1", MONDAY, 3)
    assert "offline stand-in, not an LLM" in render(week())
    assert "offline stand-in" not in render(week(judges=(llm,)))


def test_how_much_of_its_prompts_a_provider_had_cached_is_told_where_it_is_known() -> None:
    llm = JudgeWeek("e", "correctness", "rubric", ScoreSource.LLM_JUDGE, "gpt-4.1", MONDAY, 3, 0.714)
    assert "71 % of the prompt tokens from the provider’s cache" in render(week(judges=(llm,)))
    assert "provider’s cache" not in render(week())


def test_a_week_under_way_says_so() -> None:
    assert "The week is not complete" in render(week(as_of=MONDAY))
    assert "The week is not complete" not in render(week())


def test_environments_are_named_where_there_are_several() -> None:
    both = (project("p", 0.5, 0.5, Trend.STEADY), project("p", 0.5, 0.5, Trend.STEADY, "staging"))
    assert "staging" in render(week(projects=both))
    assert "production" not in render(week())


def test_a_large_installation_stays_under_a_megabyte() -> None:
    long = "word " * 300
    report = week(
        projects=tuple(project(f"project {number}", 0.5, 0.6, Trend.WORSE) for number in range(60)),
        examples=tuple(example(str(number), response=long, user_input=long) for number in range(6)),
        incidents=tuple(incident(f"incident {number}") for number in range(200)),
    )
    assert len(render(report).encode()) < 1_000_000

"""The report as a file: what it says, that it says the same again, and that no text escapes from it."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.domain.alert import Precision
from include.domain.cost import Spend
from include.domain.feedback import ExpertsOnJudge, ExpertsWeek, Judged
from include.domain.llm import CallMode
from include.domain.report import (
    Attachment,
    JudgedDimension,
    JudgeWeek,
    Leaning,
    Refusal,
    Trend,
    WeeklyReport,
    WeekMoney,
)
from include.domain.score import ScoreSource
from include.reports.examples import instructive
from include.reports.render import render
from tests.fakes.week_money import money
from tests.fakes.weekly import MONDAY, change, costs, empty_week, example, experts, incident, project, week

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
        incidents=(incident(text, projects=(text,), environment=text, sentence=text, cause=text, alerts=(text, "x")),),
        changes=(change(0.4, 0.9, -0.1, project=text, environment=text, parts=((f"attributes.{text}", text),)),),
        leanings=(Leaning(text, text, text, 3, 0.1, 0.05, 0.15, is_fault=True),),
        experts=hostile_experts(text),
        paragraph=text,
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


def hostile_experts(text: str) -> ExpertsWeek:
    return ExpertsWeek((ExpertsOnJudge(text, text, text, 1, 1, 1, 0.1),), 1, (Judged(text, 1, 0.1, 0.2),), ((text, 1),))


def hostile_money(text: str) -> WeekMoney:
    """The same with every name that is told of money."""
    usual = money()
    value = usual.value
    assert value is not None
    names = {"project": text, "model": text}
    prompt = names | {"prompt_version": text}
    spend = ((text, CallMode.LIVE, Spend(1, 0, Decimal(1))),)
    judge = replace(usual.judging.judges[0], project=text, dimension=text, judge=text, by_model=spend)
    loop = replace(value.loops.dearest[0], project=text, caller=text, interaction_id=text)
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


def test_what_a_model_wrote_is_called_so_and_is_absent_unless_asked_for() -> None:
    assert "Written by a model from the figures of this report" in render(week())
    assert "Written by a model" not in render(week(paragraph=None))


def test_a_judge_that_came_in_the_week_is_called_new() -> None:
    new = JudgeWeek("e", "tone", "rubric", ScoreSource.LLM_JUDGE, "m", MONDAY, 3)
    assert "new in this week" in render(week(judges=(new,)))
    assert "new in this week" not in render(week())


def test_a_week_in_which_experts_did_nothing_says_so() -> None:
    assert "No expert corrected" in render(empty_week())
    assert "went from 0.310 to" in render(week())


def test_a_project_without_a_rule_has_no_target() -> None:
    report = week(projects=(replace(project("p", 0.5, 0.5, Trend.STEADY), target=None),))
    assert ">missed<" not in render(report)
    assert ">missed<" in render(week())


def nasty() -> WeeklyReport:
    """200 projects, 500 incidents, answers of 2 MB, and of everything that has a name a long one, and too many."""
    long, name = "<word> " * 300_000, "n&me " * 400
    names = [f"{number} {name}" for number in range(200)]
    of_all = tuple(replace(project(one, 0.5, 0.6, Trend.WORSE), environment=one) for one in names)
    said = tuple(JudgedDimension(f"{one} {name}", 0.1, long, ScoreSource.CODE) for one in range(9))
    spent = costs()
    usual = money()
    value = usual.value
    assert value is not None
    return week(
        projects=of_all,
        incidents=tuple(
            incident(
                f"{number} {name}",
                projects=tuple(names),
                starts_at=MONDAY + (number % 40) * timedelta(hours=3),
                ends_at=MONDAY.replace(day=15),
                sentence=long,
                cause=long,
                alerts=tuple(names),
            )
            for number in range(500)
        ),
        changes=tuple(
            change(0.1, 0.2, sign * 0.1, project=one, parts=((one, one),)) for one in names for sign in (1, -1)
        ),
        examples=tuple(
            instructive(
                [
                    example(one, project=one, user_input=long, response=f"{one[:3]} {long}", scores=said, model=name)
                    for one in names
                ],
                lambda one: one,
            )
        ),
        experts=ExpertsWeek(
            experts().judges * 200,
            6,
            tuple(Judged(one, 1, 0.1, 0.2) for one in names),
            tuple((one, 1) for one in names),
        ),
        leanings=tuple(Leaning(one, one, one, 9, 0.1, 0.05, 0.2, is_fault=True) for one in names),
        judges=tuple(JudgeWeek(one, one, one, ScoreSource.LLM_JUDGE, one, MONDAY, 3) for one in names),
        costs=replace(
            spent,
            projects=tuple(replace(spent.projects[0], project=one) for one in names),
            unpriced_models=tuple((one, 2) for one in names),
            money=replace(
                usual,
                budgets=tuple(replace(usual.budgets[1], project=one, owner=one) for one in names),
                value=replace(
                    value,
                    good=tuple(replace(value.good[0], project=one) for one in names),
                    caches=tuple(replace(value.caches[0], project=one) for one in names),
                    grown=tuple(replace(value.grown[0], project=one) for one in names),
                ),
            ),
        ),
        coverage=replace(week().coverage, failures=tuple((one, one, 2) for one in names)),
        data_quality=replace(
            week().data_quality,
            refusals=tuple(Refusal(one, 1, 0) for one in names),
            warnings=tuple((one, 1) for one in names),
        ),
        precision=tuple(Precision(one, 2, 1) for one in names),
        attachments=tuple(Attachment(one, "drift.html") for one in names),
        paragraph=long,
    )


def test_the_nastiest_week_stays_under_a_megabyte_and_counts_what_it_leaves_out() -> None:
    html = render(nasty())
    assert len(html.encode()) < 1_000_000
    for told in (
        "and 150 more projects",
        "and 475 more incidents",
        "and 192 more segments",
        "and 176 more judges",
        "and 176 more budgets",
        "and 180 more files",
    ):
        assert told in html

"""The report's smaller parts: incidents, examples, coverage, spending, charts, figures in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from include.domain.alert import Alert, AlertState, Incident
from include.domain.cost import CostKind, DailyCost, Spend
from include.domain.interaction import Window
from include.domain.report import Example, JudgedDimension, Trend
from include.domain.rule import Evidence
from include.domain.run import CoverageLedger
from include.domain.score import ScoreSource
from include.reports import formats
from include.reports.charts import HEIGHT, WIDTH, common_range, sparkline
from include.reports.coverage import coverage_of
from include.reports.examples import ANSWER_CHARS, instructive
from include.reports.incidents import incidents_of
from include.reports.quality import chart_of
from include.reports.spending import days_of, spending_of
from tests.fakes.weekly import DAY, MONDAY, WEEK, example, incident, measure

HOUR = timedelta(hours=1)


def alert(name: str, *, severity: str = "warning", inhibited: bool = False, ends: bool = False, **labels: str) -> Alert:
    return Alert(
        fingerprint=name,
        starts_at=MONDAY,
        state=AlertState.RESOLVED if ends else AlertState.FIRING,
        labels={"alertname": name, "project": "clinic", "severity": severity, "category": "quality"} | labels,
        sentence=f"{name}, last seen",
        evidence=Evidence(value=0.5, reference=0.8),
        live=True,
        breached_at=MONDAY + HOUR,
        updated_at=MONDAY + 5 * HOUR,
        ends_at=MONDAY + 4 * HOUR if ends else None,
        incident_id="I",
        explained_at=MONDAY if inhibited else None,
    )


def test_an_incident_is_told_by_its_gravest_alert_at_its_worst() -> None:
    minor, grave = alert("volume-low"), alert("faithfulness-low", severity="critical", dimension="faithfulness")
    consequence = alert("spend-high", severity="critical", inhibited=True, project="bank")
    whole = Incident("I", (minor, grave, consequence))
    (told,) = incidents_of([(whole, {grave.episode: "faithfulness 0.2 at its worst"})])
    assert (told.title, told.sentence) == ("faithfulness low", "faithfulness 0.2 at its worst")
    assert told.projects == ("bank", "clinic")
    assert told.alerts == ("volume low", "faithfulness low", "spend high")
    assert (told.ends_at, told.duration) == (None, 5 * HOUR)


def test_an_incident_whose_alerts_are_over_is_over_and_without_a_finding_it_has_its_last_sentence() -> None:
    (told,) = incidents_of([(Incident("I", (alert("level", ends=True, dimension="tone"),)), {})])
    assert (told.ends_at, told.duration) == (MONDAY + 4 * HOUR, 4 * HOUR)
    assert (told.title, told.sentence) == ("level (tone)", "level, last seen")


def as_logged(one: Example) -> Example:
    return one


def test_an_incident_says_where_it_came_from_if_any_of_its_alerts_knows() -> None:
    knows = replace(alert("spend-high"), evidence=Evidence(details={"cause": {"sentence": "v7 carries it."}}))
    (told,) = incidents_of([(Incident("I", (alert("faithfulness-low", severity="critical"), knows)), {})])
    assert (told.title, told.cause) == ("faithfulness low", "v7 carries it.")
    (silent,) = incidents_of([(Incident("I", (alert("faithfulness-low"),)), {})])
    assert silent.cause == ""


def test_of_answers_that_say_the_same_only_the_worst_is_shown() -> None:
    same = [
        example(f"i-{number}", composite=number / 10, user_input=f"May I eat before the blood test number {number}?")
        for number in range(4)
    ]
    (shown,) = instructive(same, as_logged)
    assert (shown.interaction_id, shown.similar) == ("i-0", 3)


def failure(name: str, dimension: str = "correctness", *, project: str = "clinic", composite: float = 0.1) -> Example:
    said = JudgedDimension(dimension, 0.1, "why", ScoreSource.CODE)
    return example(name, project=project, composite=composite, user_input=name * 5, response=name * 3, scores=(said,))


def chosen(candidates: Sequence[Example], shown: int = 5) -> list[str]:
    return [one.interaction_id for one in instructive(candidates, as_logged, shown)]


def test_projects_take_turns_before_the_next_worst_of_one() -> None:
    bad = [failure(f"bad-{n}") for n in range(9)]
    assert chosen([*bad, failure("other", project="bank", composite=0.6)], 3) == ["bad-0", "other", "bad-1"]


def test_dimensions_take_turns_within_a_project() -> None:
    bad = [failure("a"), failure("b"), failure("c", "tone", composite=0.3)]
    assert chosen(bad, 2) == ["a", "c"]


def test_of_answers_about_as_bad_the_one_that_stands_for_more_teaches_more() -> None:
    often = [failure("often", composite=0.14), replace(failure("again", composite=0.19), response="often" * 3)]
    assert chosen([failure("once", composite=0.11), *often], 1) == ["often"]


def test_what_another_project_shows_already_comes_last_in_its_own() -> None:
    blocked = replace(failure("b", project="bank"), response="a" * 3)
    assert chosen([failure("a"), blocked, failure("c", project="bank", composite=0.5)], 2) == ["a", "c"]


def test_the_same_words_in_two_projects_are_two_examples() -> None:
    assert chosen([example("a"), example("b", project="bank")]) == ["a", "b"]


def test_what_must_be_hidden_is_hidden_before_a_text_is_cut() -> None:
    seen: list[int] = []

    def hide(one: Example) -> Example:
        seen.append(len(one.response))
        return replace(one, response=one.response.replace("x", ""))

    (shown,) = instructive([example(response="x" * 3000 + "y" * 3000)], hide)
    assert seen == [6000]
    assert shown.response == "y" * ANSWER_CHARS + " …"


def test_answers_without_any_word_are_not_taken_for_the_same() -> None:
    assert chosen([example("a", user_input="?", response=""), example("b", user_input="!", response="")]) == ["a", "b"]


LEDGER = CoverageLedger(logged=10, quarantined=1, excluded=2, scored=6, failed=1)


def window(first: float, last: float) -> Window:
    return Window(MONDAY + first * HOUR, MONDAY + last * HOUR)


def test_ledgers_add_up_by_day_and_over_the_week() -> None:
    runs = [(window(0, 12), LEDGER), (window(12, 24), LEDGER), (window(24, 25), LEDGER)]
    coverage = coverage_of(runs, [], window(0, 25))
    assert coverage.ledger == CoverageLedger(30, 3, 6, 18, 3)
    assert [(day.day, ledger.logged) for day, ledger in coverage.days] == [(9, 20), (10, 10)]
    assert coverage.uncovered == ()


def test_time_that_no_settled_run_covers_is_named() -> None:
    runs = [(window(1, 2), LEDGER), (window(2, 3), None), (window(3, 9), LEDGER), (window(4, 5), LEDGER)]
    coverage = coverage_of(runs, [], window(0, 10))
    assert coverage.uncovered == (window(0, 1), window(2, 3), window(9, 10))
    assert coverage.unfinished == 1


def test_a_week_without_runs_is_not_covered_at_all() -> None:
    coverage = coverage_of([], [], WEEK)
    assert (coverage.ledger.logged, coverage.days, coverage.uncovered) == (0, (), (WEEK,))


def cost(day: int, usd: str, *, project: str = "clinic", kind: CostKind = CostKind.APPLICATION) -> DailyCost:
    return DailyCost(date(2026, 11, 9) + timedelta(days=day), project, "m", kind, Spend(1, 0, Decimal(usd)))


def test_the_weeks_spend_stands_beside_that_of_the_week_before() -> None:
    rows = [*(cost(day, "1") for day in range(-7, 7)), cost(3, "5", project="bank"), cost(3, "2", kind=CostKind.JUDGE)]
    costs = spending_of(rows, WEEK)
    assert [one.project for one in costs.projects] == ["clinic", "bank"]
    assert (costs.application.known, costs.application_before.known, costs.judge.known) == (12, 7, 2)
    assert costs.days[3] == (date(2026, 11, 12), Decimal(6))
    assert costs.comparable


def test_a_week_before_that_lacks_days_is_not_comparable() -> None:
    assert not spending_of([cost(day, "1") for day in (-1, 0)], WEEK).comparable


def test_money_is_counted_in_whole_days_whatever_the_window() -> None:
    assert days_of(WEEK) == (date(2026, 11, 9), date(2026, 11, 15))
    assert days_of(window(10, 25)) == (date(2026, 11, 9), date(2026, 11, 10))


def test_a_line_breaks_where_a_day_has_no_score() -> None:
    week = measure("composite", 0.5, 0.9, Trend.WORSE)
    line = sparkline(week, [incident()], chart_of(WEEK), WEEK, common_range([week]))
    assert len(line.lines) == len(line.bands) == 2
    assert line.last == (WIDTH - WIDTH / 56, pytest.approx(HEIGHT * (1 - 0.02 / 0.44), abs=0.01))
    assert [(span.x, span.width) for span in line.incidents] == [(230.0, 50.0)]
    assert (line.week.x, line.week.width) == (210.0, 70.0)


def test_incidents_that_overlap_are_drawn_as_one_span() -> None:
    many = [incident(starts_at=MONDAY + number * HOUR, ends_at=MONDAY + (number + 9) * HOUR) for number in range(100)]
    line = sparkline(measure("composite", 0.5, 0.9, Trend.WORSE), many, chart_of(WEEK), WEEK, (0.0, 1.0))
    assert [(span.x, round(span.width)) for span in line.incidents] == [(210.0, 45)]


def test_noise_is_not_drawn_as_a_mountain_range() -> None:
    low, high = common_range([measure("composite", 0.8, 0.801, Trend.STEADY)])
    assert high - low == pytest.approx(0.1)
    assert common_range([]) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("usd", "told"),
    [
        ("0", "$0.00"),
        ("1234.565", "$1,234.56"),
        ("1234.575", "$1,234.58"),
        ("-3", "$−3.00"),
        ("0.5", "$0.500"),
        ("0.00412", "$0.00412"),
        ("0.0000000001", "$0.000000000100"),
    ],
)
def test_money_keeps_what_a_cent_would_hide(usd: str, told: str) -> None:
    assert formats.money(Decimal(usd)) == told


@pytest.mark.parametrize(
    ("part", "whole", "told"),
    [
        (0, 0, "–"),
        (0, 9, "0 %"),
        (9, 9, "100 %"),
        (1, 3, "33.3 %"),
        (1, 10**6, "< 0.1 %"),
        (10**6 - 1, 10**6, "> 99.9 %"),
    ],
)
def test_a_share_is_none_or_all_only_where_it_is(part: int, whole: int, told: str) -> None:
    assert formats.share(part, whole) == told


@pytest.mark.parametrize(
    ("start", "end", "told"),
    [
        ((11, 9), (11, 16), "9 to 15 November 2026"),
        ((10, 28), (11, 4), "28 October 2026 to 3 November 2026"),
        ((11, 9), (11, 10), "9 November 2026"),
        ((11, 9, 10), (11, 10), "9 Nov 2026, 10:00 to 10 Nov 2026, 00:00 UTC"),
    ],
)
def test_a_window_in_words(start: tuple[int, ...], end: tuple[int, ...], told: str) -> None:
    span = Window(datetime(2026, *start, tzinfo=UTC), datetime(2026, *end, tzinfo=UTC))  # type: ignore[arg-type]
    assert formats.window(span) == told


@pytest.mark.parametrize(
    ("length", "told"),
    [
        (timedelta(0), "0 min"),
        (DAY, "1 day"),
        (2 * DAY + 3 * HOUR + timedelta(minutes=9), "2 days 3 h"),
        (90 * HOUR / 60, "1 h 30 min"),
    ],
)
def test_a_duration_in_its_two_largest_units(length: timedelta, told: str) -> None:
    assert formats.duration(length) == told

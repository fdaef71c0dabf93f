"""What pages show where there is more than a person reads: the first of it, how much there is, and the way to all."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from include.domain.cost import Spend
from include.domain.judge_record import Given
from include.domain.listing import Listing
from plugins.quality.judges import SHOWN as JUDGED
from plugins.quality.overview import SHOWN
from tests.fakes.expenses import expenses
from tests.fakes.interactions import AT, listed
from tests.fakes.judge_bench import bench
from tests.fakes.pages import Desk, overview, state


def test_of_many_projects_those_in_trouble_are_drawn_and_all_can_be_asked_for() -> None:
    desk = Desk(over=overview(*(state(f"project-{number:03}") for number in range(SHOWN + 3))))
    page = desk.client().get("?range=14d").text
    assert page.count('<svg class="spark"') == SHOWN
    assert f"These are {SHOWN} of {SHOWN + 3}, those in trouble first." in page
    assert 'href="?range=14d&amp;all=1"' in page
    assert desk.client().get("?range=14d&all=1").text.count('<svg class="spark"') == SHOWN + 3


def test_of_many_judges_the_first_projects_are_listed_and_all_can_be_asked_for() -> None:
    first = bench().epochs[0]
    many = tuple(replace(first, project=f"project-{number:03}") for number in range(JUDGED + 1))
    desk = Desk(judged=bench(epochs=many))
    page = desk.client().get("judges").text
    assert f"project-{JUDGED - 1:03}" in page
    assert f"project-{JUDGED:03}" not in page
    assert 'href="?all=1"' in page
    assert f"project-{JUDGED:03}" in desk.client().get("judges?all=1").text


def test_a_cost_that_is_reckoned_says_so() -> None:
    first = replace(bench().epochs[0], given=Given("bank", "e2", Spend(10, 0, Decimal("0.02")), counted=1000))
    page = Desk(judged=bench(epochs=(first,))).client().get("judges").text
    assert "about $2.00" in page
    assert "reckoned from that of the newest" in page
    assert "1,000</td>" in page


def test_more_incidents_than_are_listed_are_told() -> None:
    assert "choose a shorter one" in Desk(has_more=True).client().get("incidents").text
    assert "choose a shorter one" not in Desk().client().get("incidents").text


def test_savings_that_nobody_could_wait_for_are_not_told_as_none() -> None:
    page = Desk(spent=expenses(judging=None)).client().get("costs").text
    assert "to add up so many judgements takes too long" in page


def test_the_worst_of_frequent_words_say_of_which_time_they_are() -> None:
    page = Desk(listing=Listing((listed(),), since=AT)).client().get("interactions?q=card&sort=worst&project=bank").text
    assert "These are the worst of what was logged since" in page
    assert "q=card" in page.split("Look at the time before")[0].rsplit("href", 1)[1]

"""The list of interactions and each in full: what the address asks for, what is shown, where its links lead."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from html import unescape
from re import findall

import pytest

from include.domain.listing import Listing, Place, Search, Sort
from include.domain.record import Excerpt
from include.pages.interaction import story
from plugins.quality.site import PREFIX
from tests.fakes.interactions import AT, listed, logged, record
from tests.fakes.pages import DAY, Desk


def asked(query: str) -> Search:
    desk = Desk()
    assert desk.client().get(f"interactions?{query}").status_code == 200
    (search,) = desk.asked
    assert isinstance(search, Search)
    return search


def test_the_address_says_what_is_looked_for() -> None:
    search = asked(
        "range=28d&env=staging&project=bank&model=m&prompt_version=v&language=de&q=lost+card&failed=1&min=0.2&max=0.5"
    )
    assert search.window.length == 28 * DAY
    assert search == Search(
        search.window, "bank", "staging", "m", "v", "de", "lost card", failed=True, low=0.2, high=0.5
    )
    assert asked("project=&q=&min=&max=&sort=") == Search(asked("").window)


@pytest.mark.parametrize("sort", Sort)
def test_the_next_page_goes_on_behind_the_last_row(sort: Sort) -> None:
    last = listed(number=1, interaction_id="a~b&c=%d")
    desk = Desk(listing=Listing((listed(), last), last.place))
    page = desk.client().get(f"interactions?sort={sort}&project=bank&range=14d").text
    (link,) = findall('rel="next" href="([^"]+)"', page)
    search = asked(unescape(link).removeprefix("?"))
    assert search.after == replace(last.place, value=last.value if sort is Sort.WORST else None)
    assert (search.sort, search.project, search.window.length) == (sort, "bank", 14 * DAY)


@pytest.mark.parametrize(
    "query",
    [
        *("sort=best", "min=2", "max=nan", "min=x", "after=x", "after=yesterday~x", "after=9999-12-31T23:59-05:00~x"),
        *("sort=worst&after=2026-11-20T00:00Z~x", "sort=worst&after=x~2026-11-20T00:00Z~x", f"q={'x' * 301}"),
    ],
)
def test_an_address_that_means_nothing_is_refused_on_a_page(query: str) -> None:
    answer = Desk().client().get(f"interactions?{query}")
    assert answer.status_code == 400
    assert "This cannot be shown" in answer.text


def test_filters_stay_when_time_and_environment_change_and_the_form_keeps_both() -> None:
    page = Desk().client().get("interactions?project=old&q=a+%22b%22&range=14d&env=staging").text
    assert 'href="?range=28d&amp;env=staging&amp;project=old&amp;q=a+%22b%22"' in page
    assert '<input type="hidden" name="range" value="14d">' in page
    assert '<input type="hidden" name="env" value="staging">' in page
    assert "<option selected>old</option>" in page  # although it was not logged in this time
    assert 'value="a &#34;b&#34;"' in page
    assert f'href="{PREFIX}/incidents?range=14d&amp;env=staging"' in page


def test_a_row_tells_what_became_of_the_interaction() -> None:
    one = listed(error_type=None, by_dimension={}, failures={}, value=None, cost=None)
    rows = (listed(), one, replace(one, sampled=False))
    page = Desk(listing=Listing(rows)).client().get("interactions").text
    for told in ("0.410", "correctness", "judge timeout", "1,234 ms", "$0.00420", "not known", "not drawn"):
        assert told in page, told
    assert f'href="{PREFIX}/interactions/x0?at=2026-11-20T17%3A05%3A00.123456%2B00%3A00"' in page
    assert 'rel="next"' not in page


def test_a_search_that_stopped_says_so_and_can_be_gone_on_with() -> None:
    page = Desk(listing=Listing((), Place(AT, "x9"), is_partial=True)).client().get("interactions?model=rare").text
    assert "Nothing was found so far" in page
    assert 'href="?model=rare&amp;after=2026-11-20T17%3A05%3A00.123456%2B00%3A00~x9"' in page
    assert "took too long" in Desk(listing=Listing(gave_up=True)).client().get("interactions?q=a").text
    assert "No interaction of this time" in Desk(listing=Listing()).client().get("interactions").text


def test_an_interaction_is_told_with_its_judges_passages_and_costs() -> None:
    page = Desk().client().get("interactions/x0").text
    for told in (
        *("When does the pool open?", "At nine.", "Good day.", "Composite 0.410", "The lowest of 2 composites"),
        *("✗ not borne out", "✓ borne out", "It costs 6.", "no sentence of a passage shares its words"),
        *("2 opinions, 0.400 apart", "reply 2", "could not be scored: judge timeout", "2 attempts"),
        *("gpt-2026", "contract", "0.0046", "negative", "nested", "c1", "r1", "rate 0.25"),
    ):
        assert told in page, told
    assert '<mark class="for">The pool opens at 9:00 from Tuesday to Sunday. <sup>✓3</sup></mark>' in page
    assert '<mark class="against">A ticket costs 6 euros. <sup>✗1</sup></mark>' in page
    assert f'href="{PREFIX}/interactions/x1?at=' in page
    assert f'href="{PREFIX}/projects/bank"' in page


def test_the_moment_tells_interactions_of_one_id_apart() -> None:
    desk = Desk()
    assert desk.client().get("interactions/x0?at=2026-11-20T17:05:00.123456Z").status_code == 200
    assert desk.client().get("interactions/x0").status_code == 200
    assert desk.asked == [("x0", AT), ("x0", None)]
    assert desk.client().get("interactions/a/b").status_code == 404
    assert desk.asked[-1] == ("a/b", None)
    assert desk.client().get("interactions/x0?at=soon").status_code == 400


def test_a_text_that_is_too_long_to_show_says_how_long_it_is() -> None:
    long = replace(logged(), question=Excerpt("x" * 20_000, 2_000_000))
    page = Desk(told=story(record(logged=long))).client().get("interactions/x0").text
    assert "The first 20,000 of 2,000,000 characters." in page


def test_what_was_never_judged_says_why() -> None:
    bare = record(logged=logged(sampled=False, contexts=()), scores=(), failures=(), composites=(), conversation=())
    page = Desk(told=story(bare)).client().get("interactions/x0").text
    assert "Not drawn for scoring" in page
    assert "one in 4 of its kind is" in page
    assert "None were logged" in page
    drawn = replace(bare, logged=logged())
    assert "Nothing is marked" in Desk(told=story(drawn)).client().get("interactions/x0").text


def test_the_latest_verdict_of_ragas_marks_the_passages() -> None:
    known = record()
    older = replace(known.scores[1], explanation="The passages bear out all 3 statements.", scored_at=AT - timedelta(1))
    told = story(replace(known, scores=(older, *known.scores)))
    assert told.borne is not None
    assert [claim.borne_out for claim in told.borne.claims] == [False, False, True]

"""The list of interactions and each in full: what the address asks for, what is shown, where its links lead."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from html import unescape
from re import findall

import pytest
from httpx import Response

from include.domain.listing import Listing, Place, Search, Sort
from include.domain.record import Excerpt
from include.domain.score import MOST_STATEMENTS
from include.pages.interaction import story
from plugins.quality.site import PREFIX
from tests.fakes.interactions import AT, borne_out, listed, logged, record
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
    assert "1 of 3 borne out" in page
    assert '<mark class="for">The pool opens at 9:00 from Tuesday to Sunday.<sup' in page
    assert '<mark class="against">A ticket costs 6 euros.<sup' in page
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


def test_links_lead_from_the_answer_to_the_statement_to_the_passage() -> None:
    page = Desk().client().get("interactions/x0").text
    ids, leads = set(findall(' id="([^"]+)"', page)), findall('href="#([^"]+)"', page)
    assert ids >= {"claim-1", "answer-1", "passage-1", "claim-2", "answer-2", "passage-2", "claim-3", "answer-3"}
    assert "passage-3" not in ids  # no sentence shares its words
    assert ids >= set(leads)
    assert set(leads) >= ids - {"main", "said"}
    assert 'aria-label="statement 2, not borne out">✗2</a>' in page


def test_the_judge_that_took_the_answer_apart_last_marks_it_and_is_named() -> None:
    known = record()
    ragas = known.scores[1]
    older = replace(ragas, statements=(borne_out("It opens."),), scored_at=AT - timedelta(1))
    silent = replace(ragas, judge="offline", statements=(), scored_at=AT + timedelta(1))
    told = story(replace(known, scores=(silent, older, *known.scores)))
    assert told.borne is not None
    assert [claim.borne_out for claim in told.borne.claims] == [True, False, False]
    assert not told.is_partial
    page = Desk(told=told).client().get("interactions/x0").text
    assert "The judge <bdi>rubric</bdi> took the answer apart" in page


def test_where_nothing_is_marked_the_page_says_why() -> None:
    known = record()
    panel, ragas = known.scores
    silent = story(replace(known, scores=(replace(ragas, statements=()),)))
    assert "tells of no single statement" in Desk(told=silent).client().get("interactions/x0").text
    without = story(replace(known, scores=(panel,)))
    page = Desk(told=without).client().get("interactions/x0").text
    assert "no score of faithfulness is on record" in page
    assert "<mark" not in page


def test_as_many_statements_as_are_kept_may_be_the_first_of_more() -> None:
    known = record()
    many = replace(known.scores[1], statements=(borne_out("It opens."),) * MOST_STATEMENTS)
    told = story(replace(known, scores=(many,)))
    assert told.is_partial
    assert f"the first {MOST_STATEMENTS} are kept" in Desk(told=told).client().get("interactions/x0").text


AGAIN = "interactions/x0?at=2026-11-20T17:05:00.123456Z"


def sent(desk: Desk, **form: str) -> Response:
    client = desk.client()
    (token,) = {*findall('name="token" value="([^"]+)"', client.get(AGAIN).text)}
    return client.post(AGAIN, data={"token": token, **form})


def test_what_people_said_is_told_with_who_and_when() -> None:
    page = Desk().client().get("interactions/x0").text
    for told in (
        *("<bdi>ada</bdi> gives <strong>0.750</strong> for correctness, where the judge gave 0.400", "said anew later"),
        *("corrected the answer, whose composite was 0.410", "At nine, but for Mondays."),
        *("keeps it as a case in <code>hours</code>", "Mondays", "had it judged again, held to the correction"),
        *("composite 0.410 → <strong>0.810</strong>", "(these judges had not scored it)"),
    ):
        assert told in page, told
    quiet = Desk(told=story(record())).client().get("interactions/x0").text
    assert "What people said" not in quiet
    assert "so the same judge gives the same answer" in quiet


def test_a_judge_is_contradicted_on_the_scale_of_its_rubric() -> None:
    scale = {point: f"anchor {point}" for point in (1, 2, 3, 4, 5)}
    scaled = replace(story(record()), scales={"correctness": scale})
    page = Desk(told=scaled).client().get("interactions/x0").text
    assert page.count("The judge is wrong") == 2
    assert all(f"<b>{point}</b> anchor {point}" in page for point in scale)
    assert "<b>5</b> best" in page, "where no rubric is known"


def test_only_who_may_trigger_the_dag_is_offered_to_act_and_others_are_told_who_may() -> None:
    page = Desk(triggers=("watch_quality",)).client().get("interactions/x0").text
    assert "permission to trigger the DAG rejudge_interaction" in page
    assert "<form" not in page
    assert "What people said" in page


def test_judging_again_starts_one_run_however_often_the_form_is_sent_and_leads_to_it() -> None:
    desk = Desk()
    answers = [sent(desk, act="rejudge", asked="then") for _ in range(2)] + [sent(desk, act="rejudge", asked="later")]
    runs = [run for name, _, at, who, run in desk.done if (name, at, who) == ("rejudge", AT, "ada")]  # type: ignore[misc]
    assert runs[0] == runs[1] != runs[2]
    assert answers[0].headers["location"].endswith(f"x0?at=2026-11-20T17%3A05%3A00.123456%2B00%3A00&run={runs[0]}#said")
    page = desk.client().get(f"{AGAIN}&run={runs[0]}").text
    assert f'target="_top" href="/dags/rejudge_interaction/runs/{runs[0]}"' in page


def test_what_is_refused_says_why_and_keeps_what_was_typed() -> None:
    desk = Desk()
    answer = sent(desk, act="disagree", dimension="correctness", epoch="e1", grade="6", why="It is <nine>")
    assert answer.status_code == 400
    assert "Choose a point of the scale" in answer.text
    assert "It is &lt;nine&gt;</textarea>" in answer.text
    assert "Write the answer as it should have been" in sent(desk, act="correct", answer="").text
    assert sent(desk, act="explode").status_code == 400
    assert desk.client().post("interactions/x0", data={"act": "keep"}).status_code == 403
    assert desk.done == []


def test_what_is_gone_is_told_on_a_page() -> None:
    desk = Desk()
    (token,) = {*findall('name="token" value="([^"]+)"', desk.client().get("silences").text)}
    gone = desk.client().post(AGAIN.replace("x0", "gone"), data={"token": token, "act": "correct", "answer": ""})
    assert gone.status_code == 404
    assert "no interaction of this id" in gone.text

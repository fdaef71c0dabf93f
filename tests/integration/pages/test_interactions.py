"""What the pages read of a real store about interactions: every filter, both orders, page by page, and one in full."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest
from psycopg.types.json import Jsonb

from include.adapters.postgres import connect
from include.adapters.postgres.interaction_list import InteractionList
from include.adapters.postgres.interaction_record import SHOWN
from include.domain.interaction import Window
from include.domain.listing import Listing, Search, Sort
from include.errors import PageMissing
from include.pages.interaction import interaction
from include.pages.interactions import interactions
from tests.fakes.installation import DAY, HOUR, NINE, WRONG, Installation, rows
from tests.fakes.store_rows import insert_interaction
from tests.integration.judges.stage import fill
from tests.integration.judges.test_stage import endpoint, finish, worker

MINUTE = timedelta(minutes=1)
DAY_OF_NINE = Window(NINE - DAY, NINE + DAY)
ALL = Search(DAY_OF_NINE)


def ids(listing: Listing) -> list[str]:
    return [one.interaction_id for one in listing.found]


def judge(connection: psycopg.Connection, name: str, number: int, value: float | None, epochs: str = "s1") -> None:
    connection.execute(
        "INSERT INTO assay.composites VALUES (%s, %s, 'w1', %s, %s, %s)",
        (name, NINE + number * MINUTE, epochs, value, Jsonb({"tone": 0.5})),
    )


@pytest.fixture
def known(logged: psycopg.Connection) -> InteractionList:
    return InteractionList(logged)


@pytest.fixture
def logged(store_dsn: str) -> Iterator[psycopg.Connection]:
    """Six interactions, a minute apart: a to f."""
    fields: list[dict[str, object]] = [
        {"project": "bank", "response_model": "m2", "user_input": "Where is my lost card?"},
        {"environment": "staging", "request_model": "m2"},
        {"prompt_version": "v7", "error_type": "timeout", "response": ""},
        {"attributes": Jsonb({"language": "pt_BR"}), "response": "O cartão foi bloqueado."},
        {"project": "bank", "sampled": False, "user_input": "Card, found and not stolen"},
        {},
    ]
    with connect(store_dsn) as connection:
        connection.execute("SELECT assay.ensure_partitions(%s, %s)", (NINE, NINE))
        for number, (name, given) in enumerate(zip("abcdef", fields, strict=True)):
            insert_interaction(connection, name, NINE + number * MINUTE, **given)
        judge(connection, "a", 0, 0.5)
        judge(connection, "a", 0, 0.2, "s2")  # by other judges
        judge(connection, "b", 1, 0.2)
        judge(connection, "d", 3, None)
        judge(connection, "f", 5, 0.9)
        connection.execute(
            """INSERT INTO assay.score_failures VALUES
               ('d', %s, 'tone', 'e1', 'LLM_JUDGE', 'judge_timeout', 'it took too long', true, 1, now())""",
            (NINE + 3 * MINUTE,),
        )
        yield connection


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, "fedcba"),
        ({"sort": Sort.WORST}, "abf"),
        ({"project": "bank"}, "ea"),
        ({"project": "bank", "sort": Sort.WORST}, "a"),
        ({"environment": "staging"}, "b"),
        ({"model": "m2"}, "ba"),
        ({"prompt_version": "v7"}, "c"),
        ({"language": "PT"}, "d"),
        ({"language": "pt-BR"}, "d"),
        ({"failed": True}, "dc"),
        ({"low": 0.2, "high": 0.5}, "ba"),
        ({"low": 0.5, "sort": Sort.WORST}, "f"),
        ({"text": "card"}, "ea"),
        ({"text": "lost CARD"}, "a"),
        ({"text": "card -stolen"}, "a"),
        ({"text": '"lost card" or cartão'}, "da"),
        ({"text": "card", "sort": Sort.WORST}, "a"),
        ({"text": "card", "sort": Sort.WORST, "environment": "staging"}, ""),
        ({"text": "card", "project": "bank", "sort": Sort.WORST, "low": 0.1, "high": 0.3}, "a"),
        ({"text": "card", "high": 0.3}, "a"),
        ({"text": "card", "failed": True}, ""),
        ({"text": "card", "model": "m2"}, "a"),
        ({"project": "bank", "sort": Sort.WORST, "low": 0.3}, ""),
        ({"text": "((' & | !:*"}, ""),
        ({"text": "\0"}, ""),
        ({"project": "\0'; DROP TABLE x; --"}, ""),
        ({"window": Window(NINE + MINUTE, NINE + 3 * MINUTE)}, "cb"),
    ],
)
def test_what_is_looked_for_is_found(known: InteractionList, wanted: dict[str, object], found: str) -> None:
    assert ids(known.page(replace(ALL, **wanted))) == list(found)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "search", [ALL, replace(ALL, sort=Sort.WORST), replace(ALL, text="why or because or card")], ids=["new", "bad", "q"]
)
def test_page_by_page_everything_is_shown_once(known: InteractionList, search: Search) -> None:
    whole, shown = ids(known.page(search)), []
    while True:
        page = known.page(search, limit=2)
        shown += ids(page)
        if page.after is None:
            break
        search = replace(search, after=page.after)
    assert shown == whole
    assert len(whole) >= 3


@pytest.mark.parametrize("sort", Sort)
def test_a_search_that_looks_at_too_much_stops_and_goes_on_where_it_stopped(known: InteractionList, sort: Sort) -> None:
    search, shown, stops = replace(ALL, sort=sort, environment="staging"), [], 0
    while True:
        page = known.page(search, looked_at=1)
        shown += ids(page)
        if page.after is None:
            break
        assert page.is_partial
        stops += 1
        search = replace(search, after=page.after)
    assert shown == ["b"]
    assert stops >= 3


@pytest.fixture
def many(store_dsn: str) -> Iterator[psycopg.Connection]:
    """300 interactions of one project, a minute apart; every third holds `rain`, the earlier the worse."""
    with connect(store_dsn) as connection:
        connection.execute("SELECT assay.ensure_partitions(%s, %s)", (NINE, NINE + DAY))
        for number in range(300):
            words = "rain" if number % 3 == 0 else "sun"
            error = "timeout" if number % 30 == 0 else None
            insert_interaction(connection, f"{number:03}", NINE + number * MINUTE, user_input=words, error_type=error)
            judge(connection, f"{number:03}", number, number / 300)
        yield connection


@pytest.mark.parametrize("wanted", [{}, {"failed": True}, {"high": 0.5}, {"project": "p"}])
def test_words_are_found_page_by_page_however_far_back(many: psycopg.Connection, wanted: dict[str, object]) -> None:
    search = replace(ALL, text="rain", **wanted)  # type: ignore[arg-type]
    known = InteractionList(many, holders=20)
    whole, shown, pages = ids(InteractionList(many).page(search, limit=300)), [], 0
    while True:
        page = known.page(search, limit=4, looked_at=10)
        shown, pages = shown + ids(page), pages + 1
        if page.after is None:
            break
        search = replace(search, after=page.after)
    assert shown == whole
    assert len(whole) >= 10
    assert pages >= 3


def test_the_worst_that_hold_frequent_words_are_of_a_time_that_is_told(many: psycopg.Connection) -> None:
    known = InteractionList(many, holders=20)
    search = replace(ALL, text="rain", sort=Sort.WORST)
    first = known.page(search, limit=4, looked_at=30)
    assert first.since is not None
    second = known.page(replace(search, after=first.after), limit=4, looked_at=30)
    assert second.since == first.since
    among = [f"{number:03}" for number in range(0, 300, 3) if NINE + number * MINUTE >= first.since]
    assert ids(first) + ids(second) == among[:8]
    assert 15 <= len(among) <= 40
    assert InteractionList(many).page(search, limit=4).since is None


def test_the_worst_of_a_small_project_are_all_of_it_however_many_others_there_are(many: psycopg.Connection) -> None:
    search = replace(ALL, project="p", sort=Sort.WORST, failed=True)
    page = InteractionList(many).page(search, looked_at=1)
    assert ids(page) == [f"{number:03}" for number in range(0, 300, 30)]
    assert not page.is_partial


def test_what_arrives_while_somebody_pages_is_shown_on_no_page_twice(
    logged: psycopg.Connection, known: InteractionList
) -> None:
    first = known.page(ALL, limit=2)
    insert_interaction(logged, "new", NINE + 50 * MINUTE)
    insert_interaction(logged, "late", NINE)
    second = known.page(replace(ALL, after=first.after))
    assert ids(first) + ids(second) == ["f", "e", "d", "c", "b", "late", "a"]


def test_an_interaction_that_several_sets_of_judges_scored_stands_once_with_its_lowest(known: InteractionList) -> None:
    by_name = {one.interaction_id: one for one in known.page(ALL).found}
    assert [by_name[name].value for name in "abdf"] == [0.2, 0.2, None, 0.9]
    assert by_name["d"].failures == {"tone": "judge_timeout"}
    assert (by_name["a"].model, by_name["b"].model, by_name["c"].model) == ("m2", "m2", "")


def test_a_search_that_takes_too_long_is_given_up_and_the_page_still_stands(store_dsn: str) -> None:
    with connect(store_dsn) as holding, connect(store_dsn) as reading:
        holding.execute("LOCK TABLE assay.interactions")
        known = InteractionList(reading, patience_ms=50)
        assert known.page(ALL) == Listing(gave_up=True)
        assert known.choices(DAY_OF_NINE).projects == ()


def test_interactions_that_were_scored_are_listed_and_told_in_full(assay: Installation) -> None:
    history = [{"role": "user", "content": "Hello?"}, {"role": "assistant", "content": "x" * (SHOWN + 7)}]
    assay.log(*rows(3, NINE, answers=WRONG, conversation_id="c1", history=history, attributes={"channel": "web"}))
    assay.run()
    listing, choices = interactions(replace(ALL, sort=Sort.WORST))
    assert len(listing.found) == 3
    assert (choices.projects, choices.environments, choices.prompt_versions) == (("pool",), ("production",), ("v1",))
    one = listing.found[0]
    assert one.value is not None
    told = interaction(one.interaction_id, one.logged_at)
    logged = told.record.logged
    assert (logged.project, logged.tokens["output_tokens"], logged.attributes) == ("pool", 40, {"channel": "web"})
    assert logged.history[1][1].is_cut
    assert len(logged.history[1][1].text) == SHOWN
    assert {given.dimension for given in told.record.scores} == set(one.by_dimension)
    assert all(given.judge and given.explanation for given in told.record.scores)
    assert told.record.composites[0].value == one.value
    assert len(told.record.conversation) == 2
    assert interaction(one.interaction_id, None).record.logged == logged


def test_members_of_a_panel_are_told_with_what_they_cost(store_dsn: str, assay: Installation) -> None:
    member = {"model": "small", "sample": 0, "value": 0.5, "explanation": "fair", "cost": "0.0010000000"}
    with connect(store_dsn) as connection:
        connection.execute("SELECT assay.ensure_partitions(%s, %s)", (NINE, NINE))
        insert_interaction(connection, "a/b?c", NINE)
        connection.execute(
            """INSERT INTO assay.scores (interaction_id, logged_at, dimension, epoch, source, value, explanation,
                   scored_at, members, disagreement)
               VALUES ('a/b?c', %s, 'tone', 'e1', 'LLM_JUDGE', 0.5, 'fair', now(), %s, 0)""",
            (NINE, Jsonb([member, member | {"cost": None}])),
        )
    (given,) = interaction("a/b?c", NINE).record.scores
    assert [opinion.cost for opinion in given.members] == [Decimal("0.001"), None]
    assert given.judge == ""


def test_what_ragas_says_of_each_statement_is_marked_and_comes_out_of_the_ledger_alike(
    store_dsn: str, assay: Installation, tmp_path: Path
) -> None:
    with connect(store_dsn) as connection:
        fill(connection, 1)
    found = []
    for _ in range(2):
        with endpoint(tmp_path, 0.0) as log:
            finish(worker(store_dsn, log.url))
        story = interaction("i0000", None)
        assert story.borne is not None
        assert [claim.text for claim in story.borne.claims] == ["Branch 0 opens at nine", "It closes at six."]
        assert [piece.claims[0].number for piece in story.borne.answer] == [1, 2]
        (given,) = (one for one in story.record.scores if one.dimension == "faithfulness")
        assert given.value == sum(claim.borne_out for claim in story.borne.claims) / 2
        assert {one.reason for one in given.statements} == {"Compared with the context."}
        found.append(given.statements)
        with connect(store_dsn) as connection:
            connection.execute("TRUNCATE assay.scores")
    assert found[0] == found[1]


def test_what_is_not_in_the_store_is_missing(assay: Installation) -> None:
    for name, at in (("nothing", None), ("\0", None), ("nothing", NINE)):
        with pytest.raises(PageMissing, match="no interaction of this id"):
            interaction(name, at)


def test_texts_of_any_length_can_be_stored_and_found_by_their_beginning(store_dsn: str) -> None:
    with connect(store_dsn) as connection:
        connection.execute("SELECT assay.ensure_partitions(%s, %s)", (NINE, NINE + HOUR))
        words = " ".join(f"word{number}" for number in range(200_000))
        insert_interaction(connection, "long", NINE, user_input=words, response="y" * 2_000_000)
        known = InteractionList(connection)
        assert ids(known.page(replace(ALL, text="word17"))) == ["long"]
        assert ids(known.page(replace(ALL, text="word199999"))) == []

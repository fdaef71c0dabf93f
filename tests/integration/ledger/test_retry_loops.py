"""Runs of calls that go round and round are told from those that are merely long, on a real Postgres."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import psycopg
import pytest
from psycopg.types.json import Jsonb

from include.adapters.postgres import connect
from include.adapters.postgres.retry_loops import retry_loops
from include.domain.cost import Spend
from include.domain.interaction import Window
from include.domain.value import RetryLoops
from tests.fakes.store_rows import insert_interaction

MONDAY = datetime(2026, 11, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
WEEK = Window(MONDAY, MONDAY + timedelta(days=7))

# Callers of one project, each with questions of its own; how many a run has is drawn with a seed of the database's.
TRAFFIC = """
    INSERT INTO assay.interactions (interaction_id, logged_at, source, row_key, occurred_at, project, environment,
        conversation_id, user_input, response, cost, sampled, sampling_rate)
    SELECT concat_ws(' ', %(project)s::text, caller, turn), at, 'native',
           concat_ws(' ', %(project)s::text, caller, turn), at, %(project)s, 'prod',
           'talk ' || caller, 'question ' || md5(caller || ' ' || turn), 'because', 0.01, true, 1
    FROM (SELECT caller, turn, %(start)s + caller * interval '10 s' + turn * interval '1 min' AS at
          FROM (SELECT caller, {turns} AS turns FROM generate_series(1, %(callers)s) AS caller) AS drawn,
               generate_series(1, turns) AS turn) AS made"""
FEW = "1 + caller %% 4"
GEOMETRIC = "1 + floor(-4 * ln(1 - random()))::int"
HEAVY_TAILED = "1 + floor(2 * exp(sqrt(-2 * ln(1 - random())) * cos(2 * pi() * random())))::int"
LONG_FOR_SOME = "CASE WHEN caller %% 33 = 0 THEN 10 + caller %% 50 ELSE 1 END"


@pytest.fixture
def store(store_dsn: str) -> Iterator[psycopg.Connection]:
    with connect(store_dsn) as connection:
        connection.execute("SELECT assay.ensure_partitions(%s, %s)", (WEEK.start, WEEK.end))
        connection.execute("SELECT setseed(0.5)")
        yield connection


def traffic(store: psycopg.Connection, turns: str = FEW, callers: int = 200, project: str = "p") -> None:
    store.execute(TRAFFIC.format(turns=turns), {"start": MONDAY, "callers": callers, "project": project})


def run(
    store: psycopg.Connection, *questions: str, caller: str = "loop", pause: timedelta = MINUTE, **given: object
) -> None:
    """Calls of one conversation, one after the other."""
    for number, question in enumerate(questions):
        row = {"conversation_id": caller, "cost": Decimal("0.01"), **given}
        insert_interaction(store, f"{caller} {number:03}", MONDAY + number * pause, user_input=question, **row)


@pytest.mark.parametrize("turns", [FEW, GEOMETRIC, HEAVY_TAILED, LONG_FOR_SOME])
def test_traffic_without_a_loop_has_none(store: psycopg.Connection, turns: str) -> None:
    traffic(store, turns, callers=3000)
    assert retry_loops(store, WEEK) == RetryLoops()


def test_the_same_question_again_and_again_is_a_loop(store: psycopg.Connection) -> None:
    run(store, *["why?"] * 5, pause=9 * MINUTE)
    loops = retry_loops(store, WEEK)
    assert (loops.count, loops.wasted) == (1, Spend(4, 0, Decimal("0.04")))
    (loop,) = loops.dearest
    assert (loop.caller, loop.interaction_id, loop.calls, loop.in_vain, loop.usual) == ("loop", "loop 000", 5, 4, None)
    assert (loop.first_at, loop.last_at) == (MONDAY, MONDAY + 36 * MINUTE)


@pytest.mark.parametrize(
    ("questions", "in_vain"),
    [
        ([f"Status of order {number}, please!" for number in range(8)], 7),
        (["Was ist los?", "WAS IST LOS", "was  ist los ?", "Was ist los?!", "(was ist los)"], 4),
        (["why?", "how?"] * 3, 4),
    ],
)
def test_questions_that_differ_in_numbers_marks_and_case_are_nearly_the_same(
    store: psycopg.Connection, questions: list[str], in_vain: int
) -> None:
    run(store, *questions)
    (loop,) = retry_loops(store, WEEK).dearest
    assert loop.in_vain == in_vain


def test_calls_that_fail_again_and_again_are_a_loop_whatever_they_ask(store: psycopg.Connection) -> None:
    run(store, *(f"{letter}?" for letter in "abcde"), error_type="timeout", cost=None)
    loops = retry_loops(store, WEEK)
    assert (loops.count, loops.wasted) == (1, Spend(5, 5))


@pytest.mark.parametrize(
    "questions",
    [
        pytest.param(["why?"] * 4, id="a few retries, as clients make them"),
        pytest.param(["1", "2", "3", "4", "5"], id="numbers are all there is to them"),
        pytest.param(["yes"] * 5 + [f"and {letter}?" for letter in "abcdef"], id="a talk in which a word comes again"),
    ],
)
def test_what_people_do_is_no_loop(store: psycopg.Connection, questions: list[str]) -> None:
    run(store, *questions)
    assert retry_loops(store, WEEK) == RetryLoops()


def test_the_same_question_now_and_then_is_no_loop(store: psycopg.Connection) -> None:
    run(store, *["why?"] * 6, pause=11 * MINUTE)
    assert retry_loops(store, WEEK) == RetryLoops()


def test_far_more_calls_than_usual_are_a_loop_though_all_questions_differ(store: psycopg.Connection) -> None:
    traffic(store, FEW)
    traffic(store, "60 + caller %% 40", project="agents")
    run(store, *(f"what of {number * 'x'}?" for number in range(70)))
    loops = retry_loops(store, WEEK)
    (loop,) = loops.dearest
    assert (loop.project, loop.caller, loop.calls, loop.in_vain, loop.usual) == ("p", "loop", 70, 0, 4)
    assert loops.wasted == Spend(66, 0, Decimal("0.66"))


def test_where_too_few_runs_are_known_a_long_one_is_not_called_unusual(store: psycopg.Connection) -> None:
    traffic(store, FEW, callers=18)
    run(store, *(f"what of {number * 'x'}?" for number in range(70)))
    assert retry_loops(store, WEEK) == RetryLoops()


def test_where_the_same_is_asked_all_the_time_it_takes_more_to_be_a_loop(store: psycopg.Connection) -> None:
    for number in range(30):
        run(store, *["status?"] * (2 + number % 5), caller=f"poll {number}")
    assert retry_loops(store, WEEK) == RetryLoops()
    run(store, *["status?"] * 60)
    (loop,) = retry_loops(store, WEEK).dearest
    assert (loop.caller, loop.usual) == ("loop", 6)


def test_a_user_is_a_caller_where_no_conversation_was_logged(store: psycopg.Connection) -> None:
    run(store, *["why?"] * 5, conversation_id=None, attributes=Jsonb({"user": "u1"}))
    run(store, *["why?"] * 5, caller="nobody", conversation_id=None)
    (loop,) = retry_loops(store, WEEK).dearest
    assert (loop.caller, loop.calls) == ("u1", 5)


def test_the_dearest_come_first_and_all_are_counted(store: psycopg.Connection) -> None:
    for number in range(12):
        run(store, *["why?"] * 5, caller=f"loop {number}", cost=Decimal(number))
    loops = retry_loops(store, WEEK)
    assert (loops.count, loops.wasted.known) == (12, Decimal(4 * 66))
    assert [one.caller for one in loops.dearest] == [f"loop {number}" for number in range(11, 1, -1)]

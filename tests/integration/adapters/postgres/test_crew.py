"""Workers count each other by locks that end with them, however they end."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from include.adapters.postgres import connect
from include.adapters.postgres.crew import PostgresCrew
from include.adapters.postgres.judge_calls import JudgeCalls
from include.errors import StoreUnreachable

ENDPOINT = "http://judge.test/v1"
MEMBER = """
import sys, time
from include.adapters.postgres import connect
from include.adapters.postgres.crew import PostgresCrew
with connect(sys.argv[1]) as connection:
    PostgresCrew(connection, sys.argv[2], "m")
    print("in", flush=True)
    time.sleep(60)
"""


@contextmanager
def another_worker(dsn: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen([sys.executable, "-c", MEMBER, dsn, ENDPOINT], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    assert process.stdout.readline() == "in\n"
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def settles(crew: PostgresCrew, size: int) -> bool:
    until = time.monotonic() + 5
    while time.monotonic() < until:
        if crew.size() == size:
            return True
        time.sleep(0.02)
    return False


def test_a_worker_is_counted_while_it_lives_and_leaves_when_it_is_killed(store_dsn: str) -> None:
    with connect(store_dsn) as connection:
        crew = PostgresCrew(connection, ENDPOINT, "m")
        assert crew.size() == 1
        with another_worker(store_dsn), another_worker(store_dsn) as third:
            assert crew.size() == 3
            third.kill()
            assert settles(crew, 2)
        assert settles(crew, 1)


def test_crews_of_other_models_and_databases_and_claims_of_calls_are_not_counted(
    store_dsn: str, source_dsn: str
) -> None:
    with connect(store_dsn) as one, connect(store_dsn) as two, connect(store_dsn) as three, connect(source_dsn) as four:
        crew = PostgresCrew(one, ENDPOINT, "m")
        PostgresCrew(two, ENDPOINT, "another")
        JudgeCalls(three).claim(["a" * 64, "b" * 64])
        PostgresCrew(four, ENDPOINT, "m")
        assert crew.size() == 1


@pytest.mark.parametrize("model", ["m", "gpt-4o-mini", "gpt-5", "a", "b", "c"])
def test_any_name_makes_a_key_whatever_its_sign(store_dsn: str, model: str) -> None:
    with connect(store_dsn) as one, connect(store_dsn) as two:
        PostgresCrew(one, ENDPOINT, model)
        assert PostgresCrew(two, ENDPOINT, model).size() == 2


def test_a_connection_that_broke_is_said_in_the_words_of_the_store(store_dsn: str) -> None:
    with psycopg.connect(store_dsn) as connection, psycopg.connect(store_dsn, autocommit=True) as other:
        crew = PostgresCrew(connection, ENDPOINT, "m")
        other.execute("SELECT pg_terminate_backend(%s)", [connection.info.backend_pid])
        with pytest.raises(StoreUnreachable, match="cannot be counted"):
            crew.size()

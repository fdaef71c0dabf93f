"""Interactions read for drift, from a real store."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from psycopg.types.json import Jsonb

from include.adapters.postgres import connect
from include.adapters.postgres.traffic import Traffic, cut
from tests.fakes.store_rows import insert_interaction

DAY = datetime(2026, 11, 20, tzinfo=UTC)
HOUR = timedelta(hours=1)
P = {"project": "p", "environment": "prod"}


@pytest.fixture
def connection(store_dsn: str) -> Iterator[psycopg.Connection]:
    with connect(store_dsn) as opened:
        opened.execute("SELECT assay.ensure_partitions(%s, %s)", (DAY, DAY))
        yield opened


def logged(connection: psycopg.Connection, name: str, at: datetime, **given: object) -> None:
    insert_interaction(connection, name, at, **{"sampled": False, "sampling_rate": 0.1, **given})


def counted(connection: psycopg.Connection, hour: datetime, n: int, model: str = "", version: str = "") -> None:
    connection.execute(
        """INSERT INTO assay.segments_hourly
           (hour, project, environment, model, prompt_version, measure, epoch, n, weight, weight_sq, total, total_sq)
           VALUES (%s, 'p', 'prod', %s, %s, 'volume', '', %s, 1, 1, 1, 1)""",
        (hour, model, version, n),
    )


def test_what_an_application_logged_is_read_whether_it_was_judged_or_not(connection: psycopg.Connection) -> None:
    logged(
        connection,
        "a",
        DAY + HOUR / 2,
        user_input="q" * 2_000_000,
        response="r" * 5_000,
        retrieved_contexts=Jsonb(["first\nline", "second " * 1_000]),
        attributes=Jsonb({"language": "de"}),
        input_tokens=7,
        latency_ms=1.5,
    )
    logged(connection, "b", DAY + HOUR / 2, response="", error_type="timeout")
    logged(connection, "other", DAY + HOUR / 2, project="q")
    logged(connection, "late", DAY + HOUR)
    counted(connection, DAY, 2)
    one, other = sorted(Traffic(connection).read([DAY], P, 100), key=lambda found: found.failed)
    assert (one.user_input_chars, len(one.question), one.response_chars, len(one.answer)) == (
        2_000_000,
        1000,
        5000,
        600,
    )
    assert (one.retrieved_contexts, one.contexts[:17], len(one.contexts)) == (2, "first\nline\nsecond", 2011)
    assert (one.language, one.input_tokens, one.output_tokens, one.latency_ms) == ("de", 7, None, 1.5)
    assert (other.failed, other.contexts, other.retrieved_contexts, other.language) == (True, "", 0, None)


def test_models_and_prompt_versions_are_segments_as_they_are_counted(connection: psycopg.Connection) -> None:
    logged(connection, "a", DAY, request_model="m", prompt_version="v1")
    logged(connection, "b", DAY, request_model="m", response_model="n")
    counted(connection, DAY, 1, "m", "v1")
    assert len(Traffic(connection).read([DAY], {"model": "m", "prompt_version": "v1"}, 9)) == 1
    assert len(Traffic(connection).read([DAY], {}, 9)) == 2


def test_hours_that_nobody_counted_hold_nothing(connection: psycopg.Connection) -> None:
    logged(connection, "a", DAY)
    assert Traffic(connection).read([DAY], P, 9) == []
    assert Traffic(connection).read([], P, 9) == []


def test_what_is_drawn_has_the_mixture_of_what_was_logged_and_is_the_same_each_time(
    connection: psycopg.Connection,
) -> None:
    for hour in range(4):
        for number in range(300):
            at = DAY + hour * HOUR + number * timedelta(seconds=12)
            logged(connection, f"i{hour}-{number}", at, user_input="x" * (1 + number % 3), sampling_rate=0.01)
        counted(connection, DAY + hour * HOUR, 300)
    hours = [DAY + hour * HOUR for hour in range(4)]
    drawn = Traffic(connection).read(hours, P, 240)
    assert drawn == Traffic(connection).read(hours, P, 240)
    assert len(drawn) == 240
    assert all(60 < n < 100 for n in Counter(one.user_input_chars for one in drawn).values())
    assert all(40 < n < 80 for n in Counter(one.logged_at.hour for one in drawn).values())
    few = Traffic(connection).read(hours, P, 20)  # of which slices of the hours are looked at
    assert len(few) == 20
    assert len({one.logged_at.hour for one in few}) == 4


def test_a_share_of_every_hour_is_cut_where_only_the_hour_says() -> None:
    hours = [DAY, DAY + HOUR, DAY + 5 * HOUR]
    assert cut(hours, 1.0) == [(DAY, DAY + 2 * HOUR), (DAY + 5 * HOUR, DAY + 6 * HOUR)]
    spans = cut(hours, 0.25)
    assert spans == cut(hours[::-1], 0.25)
    for hour, (start, end) in zip(hours, spans, strict=True):
        assert hour <= start < end <= hour + HOUR
        assert (end - start) / HOUR == pytest.approx(0.25)

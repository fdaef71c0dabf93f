"""The demo world in a real Postgres: loaded once, replaced whole, its truth out of the reader's sight."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import psycopg
import pytest

from demo.world import World, generate, load
from demo.world.load import LogNotEmpty

WORLD = World(seed=7, end=datetime(2026, 11, 20, tzinfo=UTC))


def query(dsn: str, statement: str) -> Sequence[tuple[object, ...]]:
    with psycopg.connect(dsn) as connection:
        return connection.execute(statement.encode()).fetchall()


def test_every_row_arrives_as_it_was_generated(source_dsn: str) -> None:
    generated = [row for row, _ in generate(WORLD)]

    assert load(WORLD, source_dsn) == len(generated)

    columns = ", ".join(generated[0])
    stored = query(source_dsn, f"SELECT {columns} FROM llm_interactions ORDER BY row_id")
    assert stored == [tuple(row.values()) for row in generated]


def test_the_truth_of_every_row_is_loaded_beside_it(source_dsn: str) -> None:
    rows = load(WORLD, source_dsn)

    truths = query(
        source_dsn, "SELECT count(*), count(*) FILTER (WHERE incident IS NOT NULL) FROM demo_truth.ground_truth"
    )
    unmatched = query(
        source_dsn,
        """SELECT count(*) FROM llm_interactions l
           WHERE NOT EXISTS (SELECT FROM demo_truth.ground_truth t
                             WHERE (t.interaction_id, t.logged_at) = (l.interaction_id, l.logged_at))""",
    )
    assert truths == [(rows, sum(truth.incident is not None for _, truth in generate(WORLD)))]
    assert unmatched == [(0,)]


def test_a_world_that_is_there_already_is_left_alone(source_dsn: str) -> None:
    rows = load(WORLD, source_dsn)
    before = query(source_dsn, "SELECT xmin, row_id FROM llm_interactions ORDER BY row_id LIMIT 1")

    assert load(WORLD, source_dsn) == rows
    assert query(source_dsn, "SELECT xmin, row_id FROM llm_interactions ORDER BY row_id LIMIT 1") == before


def test_another_world_replaces_it_whole(source_dsn: str) -> None:
    load(WORLD, source_dsn)
    other = World(seed=8, end=WORLD.end)

    rows = load(other, source_dsn)

    assert query(source_dsn, "SELECT count(*), min(row_id) FROM llm_interactions") == [(rows, 1)]
    assert query(source_dsn, "SELECT count(*) FROM demo_truth.ground_truth") == [(rows,)]
    assert query(source_dsn, "SELECT seed, rows FROM demo_truth.worlds") == [(8, rows)]


def test_a_log_that_is_not_the_demos_is_never_replaced(source_dsn: str) -> None:
    with psycopg.connect(source_dsn) as connection:
        connection.execute("CREATE TABLE llm_interactions (user_input text, logged_at timestamptz, row_id bigint)")
        connection.execute("INSERT INTO llm_interactions VALUES ('somebody really asked this', now(), 1)")

    with pytest.raises(LogNotEmpty, match="database of its own"):
        load(WORLD, source_dsn)

    assert query(source_dsn, "SELECT user_input FROM llm_interactions") == [("somebody really asked this",)]


def test_a_reader_of_the_log_cannot_see_the_truth(source_dsn: str, source_reader_dsn: str) -> None:
    load(WORLD, source_dsn)
    with psycopg.connect(source_dsn) as connection:
        connection.execute("GRANT USAGE ON SCHEMA public TO assay_reader")
        connection.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO assay_reader")

    assert query(source_reader_dsn, "SELECT count(*) > 0 FROM llm_interactions") == [(True,)]
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        query(source_reader_dsn, "SELECT * FROM demo_truth.ground_truth")

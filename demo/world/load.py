"""Enters: a world and a database. Leaves: the world's log in `llm_interactions`, its truth out of the app's sight."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import LiteralString

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from demo.world.generate import generate
from demo.world.model import LogRow, Truth, World

DDL = Path(__file__).parents[2] / "include" / "ingest" / "sources" / "native.sql"

TRUTH_DDL: LiteralString = """
CREATE SCHEMA IF NOT EXISTS demo_truth;
REVOKE ALL ON SCHEMA demo_truth FROM PUBLIC;
CREATE TABLE IF NOT EXISTS demo_truth.worlds (
    seed bigint NOT NULL, ends_at timestamptz NOT NULL, days integer NOT NULL, rows bigint NOT NULL
);
CREATE TABLE IF NOT EXISTS demo_truth.ground_truth (
    interaction_id text, logged_at timestamptz NOT NULL, project text NOT NULL, defect text, incident text,
    correct boolean NOT NULL, faithful boolean NOT NULL, professional boolean NOT NULL
);
"""


class LogNotEmpty(RuntimeError):
    """`llm_interactions` holds rows that no world wrote: a demo must not replace them."""


def load(world: World, dsn: str) -> int:
    """Fill the log in one transaction, replacing another world's rows; a world that is there already stays.

    Returns how many rows the log holds. Raises LogNotEmpty rather than touch a log that is not the demo's.
    """
    with psycopg.connect(dsn) as connection:
        connection.execute("SELECT pg_advisory_xact_lock(hashtext('demo_truth'))")  # one loader at a time
        connection.execute(DDL.read_text(encoding="utf-8").encode())
        connection.execute(TRUTH_DDL)
        there = connection.execute("SELECT seed, ends_at, days, rows FROM demo_truth.worlds").fetchone()
        if there and there[:3] == (world.seed, world.end, world.days):
            return int(there[3])
        if not there and connection.execute("SELECT FROM llm_interactions LIMIT 1").rowcount:
            raise LogNotEmpty("llm_interactions holds rows already: load the demo into a database of its own")
        connection.execute("TRUNCATE llm_interactions, demo_truth.ground_truth, demo_truth.worlds RESTART IDENTITY")
        rows, truths = zip(*generate(world), strict=True)
        _copy(connection, sql.Identifier("llm_interactions"), tuple(LogRow.__annotations__), map(_values, rows))
        _copy(
            connection,
            sql.Identifier("demo_truth", "ground_truth"),
            Truth.__slots__,
            ([getattr(truth, name) for name in Truth.__slots__] for truth in truths),
        )
        connection.execute(
            "INSERT INTO demo_truth.worlds VALUES (%s, %s, %s, %s)", [world.seed, world.end, world.days, len(rows)]
        )
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("ANALYZE llm_interactions")
    return len(rows)


def _copy(
    connection: psycopg.Connection, table: sql.Identifier, columns: Sequence[str], rows: Iterable[Sequence[object]]
) -> None:
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    with (
        connection.cursor() as cursor,
        cursor.copy(sql.SQL("COPY {} ({}) FROM STDIN").format(table, names)) as copy,
    ):
        for row in rows:
            copy.write_row(row)


def _values(row: LogRow) -> list[object]:
    return [Jsonb(value) if isinstance(value, list | dict) else value for value in row.values()]

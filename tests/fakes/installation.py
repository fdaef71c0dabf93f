"""A whole Assay on real databases, driven as the DAGs drive it; a small log about a swimming pool, written by hand."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.types.json import Jsonb

from include import pipeline

DDL = Path(__file__).parents[2] / "include/ingest/sources/native.sql"
NINE = datetime(2026, 11, 20, 9, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)

PASSAGES = [
    "The pool opens at 9:00 from Tuesday to Sunday. A ticket costs 6 euros, for children 3 euros.",
    "Lockers take a 2 euro coin. Bathing caps are required in the 50 metre basin.",
]
QUESTIONS = ["When does the pool open?", "What does a ticket cost?", "Do I need a bathing cap?", "Are there lockers?"]
RIGHT = [
    "The pool opens at 9:00 from Tuesday to Sunday.",
    "A ticket costs 6 euros, and 3 euros for children.",
    "Yes, bathing caps are required in the 50 metre basin.",
    "Yes. Lockers take a 2 euro coin.",
]
WRONG = [
    "The sauna closes at 23:45 on Mondays, and guests under 16 need written consent from the mayor.",
    "Season passes are 480 dollars and include unlimited parking beside the tennis courts.",
    "No swimmer has ever needed flippers, goggles or a licence in any of our eleven lakes.",
    "Towels are sold by a vending machine that only accepts foreign credit cards after midnight.",
]


def row(number: int, at: datetime, answers: Sequence[str] = RIGHT, **fields: object) -> dict[str, object]:
    """A row of `llm_interactions`, fit to judge unless `fields` say otherwise."""
    return {
        "interaction_id": f"{at:%dT%H%M}-{number}-{'right' if answers is RIGHT else 'wrong'}",
        "project": "pool",
        "environment": "production",
        "user_input": QUESTIONS[number % 4],
        "response": answers[number % 4],
        "retrieved_contexts": [*PASSAGES, f"This is page {number} of the brochure."],
        "provider_name": "openai",
        "request_model": "gpt-4.1-mini",
        "prompt_version": "v1",
        "input_tokens": 900 + number,
        "output_tokens": 40,
        "latency_ms": 800.0 + number,
        "finish_reason": "stop",
        "occurred_at": at,
        "logged_at": at,
        **fields,
    }


def rows(
    count: int, start: datetime, span: timedelta = HOUR, answers: Sequence[str] = RIGHT, **fields: object
) -> list[dict[str, object]]:
    """So many rows, evenly over `[start, start + span)`."""
    return [row(number, start + span * number / count, answers, **fields) for number in range(count)]


@dataclass(frozen=True)
class Installation:
    """Assay with a store and a log of its own; `home` holds its outbox and its reports."""

    store: str
    source: str
    home: Path

    @property
    def environment(self) -> dict[str, str]:
        """The variables by which a worker finds it."""
        return {
            "AIRFLOW_CONN_ASSAY_STORE": self.store.replace("postgresql://", "postgres://", 1),
            "AIRFLOW_CONN_ASSAY_SOURCE": self.source.replace("postgresql://", "postgres://", 1),
            "ASSAY_HOME": str(self.home),
        }

    def log(self, *given: Mapping[str, Any]) -> None:
        """What the application logs."""
        with psycopg.connect(self.source) as connection:
            for one in given:
                names = sql.SQL(", ").join(map(sql.Identifier, one))
                values = [Jsonb(value) if isinstance(value, list | dict) else value for value in one.values()]
                marks = sql.SQL(", ").join([sql.Placeholder()] * len(values))
                connection.execute(
                    sql.SQL("INSERT INTO llm_interactions ({}) VALUES ({})").format(names, marks), values
                )

    def admit(
        self, start: datetime = NINE, end: datetime | None = None, *, live: bool = True
    ) -> tuple[str, list[dict[str, Any]]]:
        """`score_interactions` up to its shards; returns the run's id and them."""
        run_id = pipeline.validate(pipeline.extract(start, end or start + HOUR, live=live))
        return run_id, pipeline.plan_shards(run_id)

    def run(self, start: datetime = NINE, end: datetime | None = None, *, live: bool = True) -> dict[str, int]:
        """`score_interactions` over one window; returns its ledger."""
        run_id, shards = self.admit(start, end, live=live)
        for shard in shards:
            pipeline.score(shard)
        return pipeline.settle(run_id)

    def watch(self) -> list[str]:
        """`watch_quality`; returns what was told."""
        pipeline.evaluate_rules()
        pipeline.update_alerts()
        return pipeline.notify()

    def outbox(self) -> list[str]:
        """The messages that stand in the outbox, by file name."""
        return sorted(path.name for path in (self.home / "outbox").glob("*.json"))

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        """Rows of a query on the store."""
        with psycopg.connect(self.store, options="-c timezone=UTC -c search_path=assay") as connection:
            return connection.execute(query.encode()).fetchall()

    def contents(self, *, without: Sequence[str] = ()) -> dict[str, list[str]]:
        """Every table of the store, row by row as text, `without` the columns that say when and how often.

        Sums of fractions to twelve digits: in what order Postgres adds them up is its own affair.
        """
        tables: dict[str, list[str]] = {}
        for table, columns in itertools.groupby(self._columns(without), key=lambda column: column[0]):
            names = ", ".join(f"round({name}::numeric, 12)" if is_sum else name for _, name, is_sum in columns)
            tables[table] = [str(found) for found in self.ask(f"SELECT {names} FROM {table} ORDER BY {names}")]
        return tables

    def _columns(self, without: Sequence[str]) -> Iterator[tuple[str, str, bool]]:
        yield from (
            (table, name, is_sum)
            for table, name, is_sum in self.ask(
                """SELECT c.relname, a.attname, a.atttypid = 'float8'::regtype
                   FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
                   WHERE c.relnamespace = 'assay'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
                     AND a.attnum > 0 AND NOT a.attisdropped ORDER BY 1, a.attnum"""
            )
            if name not in without
        )


def installed(store: str, source: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> Installation:
    """Assay with an empty log, its connections in the environment, judged offline."""
    with psycopg.connect(source) as connection:
        connection.execute(DDL.read_bytes())
    assay = Installation(store, source, home)
    for name, value in assay.environment.items():
        monkeypatch.setenv(name, value)
    return assay

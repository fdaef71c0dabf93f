"""A native log and a store on a real Postgres, and a window of the one that is taken into the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Json as JsonText
from psycopg.types.json import Jsonb

from include.adapters.postgres import connect
from include.adapters.postgres.intake import PostgresIntake
from include.adapters.postgres.runs import Runs
from include.adapters.postgres.source_log import PostgresLog
from include.adapters.yaml_file import load
from include.assembly import price_book
from include.domain.intake import Admitted
from include.domain.interaction import Json, Window
from include.domain.run import Run
from include.ingest.extract import extract
from include.ingest.intake import Desk, take_in
from include.ingest.mapping import SourceMapping
from include.ingest.release import release
from include.ingest.strata import SamplingPlan
from include.ingest.validate import Suite
from include.settings import STAGES

ROOT = Path(__file__).parents[3]
NATIVE = load(ROOT / "include/ingest/sources/native.yaml", SourceMapping)
EVERYBODY = SamplingPlan()
DDL = (ROOT / "include/ingest/sources/native.sql").read_text()

START = datetime(2026, 11, 20, 5, tzinfo=UTC)
HOUR = Window(START, START + timedelta(hours=1))
AT = START + timedelta(minutes=20)
NOW = START + timedelta(hours=2)
GOOD = {
    "project": "bank",
    "environment": "production",
    "user_input": "What does a transfer cost?",
    "response": "Nothing.",
    "retrieved_contexts": Jsonb(["Transfers are free."]),
    "request_model": "gpt-4.1-mini",
    "provider_name": "openai",
    "input_tokens": 100,
    "output_tokens": 10,
    "latency_ms": 900.0,
    "finish_reason": "stop",
    "occurred_at": AT,
    "logged_at": AT,
}


@dataclass(frozen=True)
class House:
    """The store's DSN, the log's as its owner and as Assay's reader, the suite, and what is of this installation."""

    store_dsn: str
    owner_dsn: str
    reader_dsn: str
    suite: Suite = field(repr=False)
    mapping: SourceMapping = NATIVE
    plan: SamplingPlan = EVERYBODY
    contracts: Path = STAGES / "ledger/contracts.yaml"

    @property
    def desk(self) -> Desk:
        prices = price_book(self.contracts)
        return Desk(self.suite.check, prices, prices.in_usd, self.plan)

    def log(self, *rows: Mapping[str, Any]) -> None:
        """Append rows to the log: what `GOOD` says, with the differences given."""
        with psycopg.connect(self.owner_dsn) as owner, owner.cursor() as cursor:
            for row in ({**GOOD, **row} for row in rows):
                marks = ", ".join(f"%({name})s" for name in row)
                cursor.execute(f"INSERT INTO llm_interactions ({', '.join(row)}) VALUES ({marks})", row)

    def change_log(self, statement: str) -> None:
        with psycopg.connect(self.owner_dsn) as owner:
            owner.execute(statement.encode())

    def extract(self, window: Window = HOUR) -> str:
        run = Run(self.mapping.name, window, live=True)
        with connect(self.store_dsn) as store:
            Runs(store).begin(run, NOW)
        with connect(self.reader_dsn, role="source") as source, connect(self.store_dsn) as store:
            log = PostgresLog(source, self.mapping.count, self.mapping.rows)
            staged = extract(run.run_id, window, log, PostgresIntake(store))
            assert staged == log.count(window)
        return run.run_id

    def take_in(self, run_id: str, now: datetime = NOW) -> tuple[Admitted, tuple[str, ...]]:
        with connect(self.store_dsn) as store:
            return take_in(run_id, self.mapping.name, PostgresIntake(store), self.desk, now)

    def run(self, window: Window = HOUR, now: datetime = NOW) -> tuple[Admitted, tuple[str, ...]]:
        return self.take_in(self.extract(window), now)

    def release(self, *row_keys: str, **repair: Json) -> int:
        with connect(self.store_dsn) as store:
            return release(self.mapping.name, row_keys, repair, PostgresIntake(store), self.desk, NOW)

    def query(self, statement: str) -> list[dict[str, Any]]:
        with psycopg.connect(self.store_dsn, row_factory=dict_row) as store:
            return store.execute(statement.encode()).fetchall()

    def interactions(self) -> list[dict[str, Any]]:
        return self.query("SELECT * FROM assay.interactions ORDER BY row_key")

    def quarantine(self) -> list[dict[str, Any]]:
        return self.query("SELECT * FROM assay.quarantine ORDER BY row_key")

    def ids(self) -> list[str]:
        return [row["interaction_id"] for row in self.interactions()]

    def waiting(self) -> dict[str, set[str]]:
        """Who waits in quarantine: row key -> the expectations that refused it."""
        return {row["row_key"]: set(row["expectations"]) for row in self.quarantine() if row["released_at"] is None}

    def tables(self) -> Sequence[object]:
        """Everything that the stage writes, to be compared."""
        return self.interactions(), self.quarantine(), self.query("SELECT * FROM assay.staged")


def text_json(text: str) -> JsonText:
    """A value of type json, which unlike jsonb keeps what is written."""
    return JsonText(text, dumps=str)

"""Enters: the world and the judge that were asked for. Leaves: databases that hold this world and nothing else.

What the demo is about is remembered in `.assay/demo.json`, so that a second `make demo` repeats the first.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from demo.world import World
from include.adapters.postgres import migrate
from include.settings import JudgeSettings
from local.layout import Layout, start_databases

SEED = 7


@dataclass(frozen=True)
class Demo:
    """One world, judged by one judge; `sample` is the share of its interactions that is judged."""

    world: World
    judge: JudgeSettings
    sample: float

    def to_json(self) -> dict[str, object]:
        """What tells two demos apart; no secret."""
        return {
            "seed": self.world.seed,
            "end": self.world.end.isoformat(),
            "days": self.world.days,
            "judge": [self.judge.backend, self.judge.base_url, self.judge.model],
            "sample": self.sample,
        }


def choose_world(path: Path, seed: str | None, end: str | None, now: datetime) -> World:
    """The world that was asked for; what was not asked for is as the last time, at first seed 7 until midnight UTC."""
    last = json.loads(path.read_text()) if path.exists() else {}
    told = datetime.fromisoformat(end or last.get("end") or now.strftime("%Y-%m-%d"))
    midnight = told.replace(tzinfo=told.tzinfo or UTC).astimezone(UTC)
    return World(seed=int(seed or last.get("seed", SEED)), end=midnight)


def is_another(path: Path, demo: Demo) -> bool:
    """Whether the databases hold a demo that differs from this one."""
    return path.exists() and json.loads(path.read_text()) != demo.to_json()


def remember(path: Path, demo: Demo) -> None:
    """Keep what the databases hold."""
    path.write_text(json.dumps(demo.to_json(), indent=1))


def start_afresh(layout: Layout) -> None:
    """Empty the store and forget Airflow's history; judge calls that were paid for are kept.

    Airflow must not run. The databases are made again by `start_databases`.
    """
    databases = start_databases(layout)
    migrate(databases.store_dsn)
    with psycopg.connect(databases.store_dsn) as store:
        store.execute("CREATE SCHEMA kept")
        store.execute("ALTER TABLE assay.judge_calls SET SCHEMA kept")
        store.execute("DROP SCHEMA assay CASCADE")
    migrate(databases.store_dsn)
    with psycopg.connect(databases.store_dsn) as store:
        store.execute("INSERT INTO assay.judge_calls SELECT * FROM kept.judge_calls")
        store.execute("DROP SCHEMA kept CASCADE")
    with psycopg.connect(layout.postgres.start().dsn("postgres"), autocommit=True) as server:
        server.execute("DROP DATABASE airflow WITH (FORCE)")
    for folder in (layout.outbox, layout.reports):
        shutil.rmtree(folder, ignore_errors=True)

"""Settings go in; what the tasks work with comes out, put together from adapters and stages.

It knows who needs what, and nothing of the order in which the work is done: that is the pipeline's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import psycopg

from include import settings as configuration
from include.adapters.llm import client_for
from include.adapters.llm.batch_office import batches_for
from include.adapters.postgres import connect
from include.adapters.postgres.crew import PostgresCrew
from include.adapters.postgres.fence import fence_secret
from include.adapters.postgres.judge_batches import JudgeBatches
from include.adapters.postgres.judge_calls import JudgeCalls
from include.adapters.postgres.silences import Silences
from include.adapters.postgres.source_log import PostgresLog
from include.adapters.prices import GenaiPrices
from include.adapters.yaml_file import load
from include.ingest.intake import Desk
from include.ingest.mapping import SourceMapping
from include.ingest.strata import SamplingPlan
from include.ingest.validate import Suite
from include.judges.batch import BatchDesk, BatchOffice
from include.judges.build import Bench, Model, judging_bench, offline_bench
from include.judges.judging import MAIN, Judging, JudgingFile
from include.judges.rubric import Rubric
from include.judges.wanted import Address, Notebook, Patience
from include.judges.weights import WeightsFile
from include.ledger.contracts import ContractsFile
from include.ledger.pricing import ContractPrices
from include.notify.maintenance import Maintenance
from include.notify.silences import Mutes
from include.settings import JudgeSettings, Settings

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Courtroom:
    """All that is read before anything is judged: who judges whom, and which models (by name) are asked."""

    settings: Settings
    weights: WeightsFile
    judging: JudgingFile
    models: Mapping[str, JudgeSettings]

    @property
    def is_offline(self) -> bool:
        """Whether the stand-in judges, which calls nobody."""
        return self.settings.judge.backend == "offline"

    def in_batches(self, project: str) -> bool:
        """Whether the project's calls may wait for a provider's batch."""
        return not self.is_offline and _waits(self.judging.of(project))

    @property
    def has_batches(self) -> bool:
        """Whether any project's may."""
        return any(self.in_batches(project) for project in ("", *self.judging.projects))


def courtroom(settings: Settings) -> Courtroom:
    """From the YAML files and Airflow's connections; raises `ConfigError`."""
    judging = load(settings.judging, JudgingFile)
    names = judging.names if settings.judge.backend != "offline" else ()
    return Courtroom(
        settings=settings,
        weights=load(settings.weights, WeightsFile),
        judging=judging,
        models={name: settings.judge if name == MAIN else configuration.judge_named(name) for name in names},
    )


@contextmanager
def open_bench(court: Courtroom, notebook: Notebook | None = None, *, joins_crew: bool = False) -> Iterator[Bench]:
    """The judges in force; those that call models share clients and the ledger of their calls.

    With a notebook they call nobody, and note there what they would. A worker that calls `joins_crew`, with whom it
    shares the models' limits.
    """
    if court.is_offline:
        yield offline_bench().weighed(court.weights)
        return
    with ExitStack() as opened:

        def store() -> psycopg.Connection:
            return opened.enter_context(open_store(court.settings))

        def crew(one: JudgeSettings) -> PostgresCrew | None:
            return PostgresCrew(store(), one.base_url, one.model) if joins_crew else None

        rubrics = [load(path, Rubric) for path in sorted(court.settings.rubrics.glob("*.yaml"))]
        models = asked(court.models, court.judging, crew)
        calls = store()  # its own, since a call is committed before its reply is used
        secret = fence_secret(calls)
        calls.commit()
        patience = Patience(JudgeCalls(calls), JudgeBatches(store()) if court.has_batches else None)
        yield judging_bench(
            rubrics,
            court.judging,
            models,
            patience,
            price_book(court.settings.contracts),
            now=now,
            secret=secret,
            calls=(notebook or patience).calls,
        ).weighed(court.weights)


def asked(
    models: Mapping[str, JudgeSettings],
    judging: JudgingFile,
    crew: Callable[[JudgeSettings], PostgresCrew | None] = lambda _: None,
) -> dict[str, Model]:
    """The models by name, to be asked; those that have a crew share their limits with it."""
    return {
        name: Model(
            client_for(one, crew(one), embeds=name in judging.embedders), one.temperature, one.max_output_tokens
        )
        for name, one in models.items()
    }


def at_batches(court: Courtroom, do: Callable[[BatchDesk], Awaitable[T]]) -> T:
    """What `do` returns, done at a desk that sends batches to every model and fetches them."""

    async def at_desk() -> T:
        async with AsyncExitStack() as opened:
            offices: dict[Address, BatchOffice] = {}
            for model in court.models.values():
                office = batches_for(model)
                offices[office.endpoint, office.model] = office
                await opened.enter_async_context(office)
            prices = price_book(court.settings.contracts)
            return await do(BatchDesk(offices, JudgeCalls(calls), JudgeBatches(batches), prices, now))

    with open_store(court.settings) as calls, open_store(court.settings) as batches:
        return asyncio.run(at_desk())


@contextmanager
def open_store(settings: Settings) -> Iterator[psycopg.Connection]:
    """Assay's own database; the block is one transaction unless it commits on the way."""
    with connect(settings.store_dsn.get_secret_value()) as connection:
        yield connection


@contextmanager
def open_log(settings: Settings, mapping: SourceMapping) -> Iterator[PostgresLog]:
    """The application's log."""
    with connect(settings.source_dsn.get_secret_value(), role="source") as connection:
        yield PostgresLog(connection, mapping.count, mapping.rows)


def intake_desk(settings: Settings) -> Desk:
    """Who decides on logged rows."""
    plan = load(settings.sampling, SamplingPlan).at(settings.sample_rate)
    prices = price_book(settings.contracts)
    return Desk(Suite(settings.suite).check, prices, prices.in_usd, plan)


def price_book(contracts: Path) -> ContractPrices:
    """What calls cost, by that file's contracts and else by the public list; raises `ConfigError`."""
    return ContractPrices(load(contracts, ContractsFile), GenaiPrices())


def mutes(settings: Settings, store: psycopg.Connection) -> Mutes:
    """What keeps alerts from being told now: planned maintenance, and the silences of the store."""
    return Mutes(load(settings.maintenance, Maintenance), Silences(store).standing(now()))


def now() -> datetime:
    """UTC."""
    return datetime.now(UTC)


def _waits(judging: Judging) -> bool:
    return judging.delay or judging.batch == "backfills"

"""What judging a run's projects may cost goes in; who judges after all, and which sample, comes out.

Before a run the step of each project is planned, while it goes on its till is read: see `include.judges.budget`.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

import psycopg

from include.adapters.postgres.intake import PostgresIntake
from include.adapters.postgres.judge_spend import JudgeSpend
from include.adapters.postgres.runs import Runs
from include.adapters.postgres.scores import Scores
from include.assembly import Courtroom, now, open_bench, price_book
from include.domain.budget import Step
from include.domain.interaction import Interaction
from include.domain.ports import PriceBook
from include.domain.run import Epochs, Run, Shard
from include.errors import ConfigError
from include.judges import budget
from include.judges.build import Bench
from include.judges.estimate import estimate

ESTIMATED_FROM = 50
"""From so many of its interactions what judging a project will cost is estimated."""


def within_budgets(court: Courtroom, store: psycopg.Connection, run: Run) -> Epochs:
    """Who judges the run after all, and with which sample, so that no project's budget of the day is overspent."""
    runs, scores, judging = Runs(store), Scores(store), court.judging
    epochs = runs.epochs(run.run_id)
    if court.is_offline or not judging.has_budgets:
        return epochs
    ahead = scores.ahead(run, epochs, court.settings.max_attempts, ESTIMATED_FROM)
    limits = {project: limit for project in ahead if (limit := judging.of(project).budget_usd_per_day)}
    if not limits:
        return epochs
    spent = JudgeSpend(store).of_day(now())
    prices = price_book(court.settings.contracts)
    with open_bench(court) as bench:
        benches = bench, bench.stepped_down(limits)
        budgets = {
            project: budget.plan(
                limit,
                spent.get(project, Decimal(0)),
                *(_expected(project, *ahead[project], one, prices) for one in benches),
            )
            for project, limit in limits.items()
        }
        lowered = bench.stepped_down([project for project, one in budgets.items() if one.step >= Step.CHEAPER])
        scores.register([judge.epoch for judge in lowered.judges], now())
        epochs = lowered.epochs(court.weights)
    runs.planned(run.run_id, epochs, budgets)
    for project, one in budgets.items():
        if one.step >= Step.SMALLER:
            whole = (run.window.start, ""), (run.window.end, "")
            PostgresIntake(store).thin(run.source, project, *whole, budget.factor(one.step), epochs.ids)
    return epochs


def _expected(project: str, pending: int, sample: Sequence[Interaction], bench: Bench, prices: PriceBook) -> Decimal:
    """USD that judging `pending` interactions like those of the sample will about cost."""
    cost = estimate(sample, bench.of, prices, at=now()).cost
    if cost is None:
        raise ConfigError(
            f"judging.yaml: project {project} has a budget, but the price of its judge is unknown. Remedy: let "
            "`provider` and `model` of its connection be what the price list knows, give it a contract in "
            "contracts.yaml, or take budget_usd_per_day out"
        )
    return cost * pending / len(sample)


class Till:
    """What a run may spend and has spent, and what follows from it; `connection` is its own."""

    def __init__(self, connection: psycopg.Connection, run_id: str, epochs: Epochs) -> None:
        self._connection = connection
        self._epochs = epochs
        self._run = Runs(connection).get(run_id)
        self.meter = budget.Meter(Runs(connection).budgets(run_id), self._spent, time.monotonic)
        connection.commit()

    def step_down(self, project: str, step: Step, rest: Shard) -> None:
        """Take the project's share of what nobody began out of the sample, and say so."""
        first, last = ((datetime.fromisoformat(at), name) for at, name in (rest.first, rest.last))
        with self._connection.transaction():
            PostgresIntake(self._connection).thin(
                self._run.source, project, first, last, budget.factor(step), self._epochs.ids
            )
            Runs(self._connection).step_down(rest.run_id, project, step, self.meter.spent[project])

    def _spent(self) -> Mapping[str, Decimal]:
        with self._connection.transaction():
            return JudgeSpend(self._connection).of_day(now())

"""Enters: a project. Leaves: its databases and its Airflow, running or stopped as one.

What is started for a while is stopped by a keeper, a process of its own that waits at the other end of a pipe: the
pipe closes when the block ends and also when its process is interrupted or killed, and a Ctrl-C does not reach
the keeper's session.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from local.airflow import Airflow
from local.airflow_api import AirflowApi
from local.layout import PROJECT, Databases, Layout, start_databases

POOL = "judges"
POOL_SLOTS = 4


@dataclass(frozen=True)
class Running:
    """A runtime that runs: how its databases and its Airflow are reached."""

    databases: Databases
    api: AirflowApi


@dataclass(frozen=True)
class Runtime:
    """Everything that runs for one project."""

    layout: Layout
    project: Path = PROJECT
    """Where the code lies; a test keeps its state elsewhere."""

    @cached_property
    def airflow(self) -> Airflow:
        """The project's Airflow."""
        return Airflow(self.layout, self.project)

    def start(self, variables: Mapping[str, str] | None = None) -> Running:
        """Run the databases, bring the store's schema up to date, run Airflow; what runs already is kept.

        `variables` are added to the environment of Airflow's processes.
        """
        from include.adapters.postgres.migrate import migrate

        databases = start_databases(self.layout)
        migrate(databases.store_dsn)
        api = self.airflow.start(databases, variables)
        api.set_pool(POOL, POOL_SLOTS, "Shards that are scored at the same time, over all runs")
        return Running(databases, api)

    def stop(self) -> None:
        """End everything that runs, Airflow first."""
        self.airflow.stop()
        self.layout.postgres.stop()

    @contextmanager
    def running(self, variables: Mapping[str, str] | None = None) -> Iterator[Running]:
        """A runtime for the time of a block; one that ran before goes on after it."""
        if self.airflow.is_running():
            yield self.start(variables)
            return
        with self._kept():
            yield self.start(variables)

    @contextmanager
    def _kept(self) -> Iterator[None]:
        keeper = subprocess.Popen(
            [sys.executable, "-m", "local", "keep", str(self.layout.project)],
            cwd=PROJECT,
            stdin=subprocess.PIPE,
            start_new_session=True,
        )
        try:
            yield
        finally:
            keeper.communicate()  # closes the pipe

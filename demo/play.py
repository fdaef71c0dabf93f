"""Enters: a running Airflow and a world. Leaves: every DAG run that the demo expects, ended.

History is one backfill in windows of a day; the last day is played hour by hour by the scheduler's own catch-up.
Played again, history that stands is left alone and the last day's hours run once more: they change nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import psycopg

from demo.progress import Progress, bar
from demo.world import World
from include.domain.interaction import Window
from local.airflow_api import FINISHED, AirflowApi

POLL_S = 0.5
BY_HAND = "rejudge_interaction"
"""Runs only when somebody asks, and stays ready for that."""
PATIENCE_S = 3600.0
HOUR, DAY = timedelta(hours=1), timedelta(days=1)

Run = dict[str, Any]


class PlayError(Exception):
    """The demo cannot go on; the message says what to look at."""


@dataclass(frozen=True)
class Play:
    """One pass through a world's four weeks."""

    world: World
    api: AirflowApi
    store_dsn: str
    progress: Progress
    sleep: Callable[[float], None] = time.sleep

    @property
    def start(self) -> datetime:
        """When the world begins."""
        return self.world.end - self.world.days * DAY

    @property
    def live(self) -> datetime:
        """When the hours begin that are played one by one."""
        return self.world.end - DAY

    def run(self) -> list[Run]:
        """All of it; returns every expected DAG run as the API shows it."""
        self.api.unpause("watch_quality")
        runs = [
            *self._history(),
            self._by_hand(
                "probe_judges", "probes", "disguised answers judged again", Window(self.live - DAY, self.live)
            ),
            *self._scheduled("score_interactions", 24, "live", "24 hours, one by one"),
            *self._scheduled("summarize_costs", 1, "costs", "yesterday's spend summed and told"),
            *self._scheduled("tend_store", 1, "store", "partitions made ahead"),
            self._by_hand(
                "report_weekly", "report", "the last seven days", Window(self.world.end - 7 * DAY, self.world.end)
            ),
        ]
        for dag in self.api.dags():
            if dag["dag_id"] != BY_HAND:
                self.api.pause(dag["dag_id"])
        return runs + self.api.runs("watch_quality")

    def _history(self) -> list[Run]:
        days = self.world.days - 1
        self.api.unpause("backfill_interactions")
        before = self.api.runs("backfill_interactions")
        for run in before:
            if run["state"] == "failed":
                self.api.clear("backfill_interactions", run["dag_run_id"], only_failed=True)
        if len(before) < days:
            body = {
                "dag_id": "backfill_interactions",
                "from_date": self.start.isoformat(),
                "to_date": (self.live - DAY).isoformat(),
                "max_active_runs": 2,
            }
            self.api.request("POST", "/api/v2/backfills", body)
        return self._until_done("backfill_interactions", "history", days, f"{days} days as a backfill")

    def _scheduled(self, dag_id: str, total: int, name: str, what: str) -> list[Run]:
        """The runs that the scheduler starts by itself in the last day, again if they are there."""
        before = self.api.runs(dag_id)
        self.api.unpause(dag_id)
        for run in before:
            self.api.clear(dag_id, run["dag_run_id"])
        again = " (again: nothing may change)" if before else ""
        return self._until_done(dag_id, name, total, what + again)

    def _until_done(self, dag_id: str, name: str, total: int, what: str) -> list[Run]:
        for _ in self._polls(what):
            runs = self.api.runs(dag_id)
            done = [run for run in runs if run["state"] in FINISHED]
            self.progress.now(name, f"{bar(len(done), total)} {len(done)}/{total}  {self._counts()}")
            if len(done) >= total and len(done) == len(runs) and self._watched():
                self.progress.step(name, f"{what}: {self._counts()}")
                return runs
        raise AssertionError

    def _watched(self) -> bool:
        """Whether the rules of every settled window were evaluated and nobody works on it any more."""
        with psycopg.connect(self.store_dsn) as store:
            row = store.execute("SELECT FROM assay.runs WHERE status = 'settled' AND evaluated_at IS NULL").fetchone()
        return row is None and all(run["state"] in FINISHED for run in self.api.runs("watch_quality"))

    def _counts(self) -> str:
        with psycopg.connect(self.store_dsn) as store:
            scored = store.execute("SELECT count(*) FROM assay.composites WHERE value IS NOT NULL").fetchone()
            alerts = store.execute("SELECT count(*) FROM assay.alerts WHERE fired_at IS NOT NULL").fetchone()
        assert scored
        assert alerts
        return f"{scored[0]:,} interactions scored, {alerts[0]} alerts"

    def _by_hand(self, dag_id: str, name: str, what: str, window: Window) -> Run:
        """A run over a window that is none of the DAG's own schedule; started again if it is there.

        Its logical date lies between the DAG's start and end: outside them Airflow makes a run without tasks. It is
        no date of the schedule, since a DAG has one run for each.
        """
        run_id = f"demo__{window.end:%Y-%m-%d}"
        self.api.unpause(dag_id)
        if any(run["dag_run_id"] == run_id for run in self.api.runs(dag_id)):
            self.api.clear(dag_id, run_id)
        else:
            moment, interval = self.world.live_start + timedelta(minutes=1), (window.start, window.end)
            self.api.trigger(dag_id, run_id=run_id, logical_date=moment, data_interval=interval)
        run = self.api.wait(dag_id, run_id, timeout_s=PATIENCE_S, sleep=self.sleep)
        self.progress.step(name, f"{what}: {run['state']}")
        return run

    def _polls(self, what: str) -> Iterator[None]:
        for _ in range(round(PATIENCE_S / POLL_S)):
            yield
            self.sleep(POLL_S)
        raise PlayError(f"{what}: not done after {PATIENCE_S / 60:.0f} minutes; see .assay/logs and `make up`")

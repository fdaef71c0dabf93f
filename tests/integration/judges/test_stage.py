"""The whole scoring stage, in processes of its own, against a real Postgres and an endpoint in a second process."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from include.adapters.postgres import connect
from tests.integration.judges.stage import fill

ROOT = Path(__file__).parents[3]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}
COUNT = 60
CALLS = COUNT * 4  # two rubrics, and two calls of RAGAS
ALL = f"{COUNT * 3} scored, 0 failed"


class Log:
    """What the endpoint answered, by the hash of the request."""

    def __init__(self, url: str, path: Path) -> None:
        self.url, self._path = url, path

    def answered(self) -> list[tuple[str, str]]:
        """The hash of each request, and what was answered."""
        return [(key, what) for key, what in map(str.split, self._path.read_text().splitlines())]

    def counts(self) -> Counter[str]:
        return Counter(key for key, what in self.answered() if what == "ok")


@contextmanager
def endpoint(directory: Path, latency_s: float, faults: str = "", *more: str) -> Iterator[Log]:
    path = directory / "endpoint.log"
    command = [sys.executable, "-m", "tests.fakes.openai_server", "--latency", str(latency_s), "--log", str(path)]
    with subprocess.Popen(
        [*command, "--faults", faults, *more], env=ENVIRONMENT, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout
        try:
            yield Log(server.stdout.readline().strip(), path)
        finally:
            server.terminate()


def worker(dsn: str, url: str, *more: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.integration.judges.stage", dsn, url, *more]
    return subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(process: subprocess.Popen[str]) -> str:
    told, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    return told


def scores(dsn: str) -> list[tuple[str, str, float, str]]:
    with connect(dsn) as connection:
        query = "SELECT interaction_id, dimension, value, explanation FROM assay.scores ORDER BY 1, 2"
        return connection.execute(query).fetchall()


def recorded(dsn: str) -> int:
    with connect(dsn) as connection:
        return one(connection, "SELECT count(*) FROM assay.judge_calls")


def one(connection: psycopg.Connection, query: str) -> int:
    row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return int(row[0])


@pytest.fixture
def window(store_dsn: str) -> str:
    """DSN of a store with a window to score."""
    with connect(store_dsn) as connection:
        fill(connection, COUNT)
    return store_dsn


@pytest.mark.parametrize("judge", ["offline", "model"])
def test_a_scoring_phones_nobody(window: str, tmp_path: Path, judge: str) -> None:
    with endpoint(tmp_path, 0.0) as log:
        told = finish(worker(window, log.url if judge == "model" else "offline", "stay at home"))
    assert told.startswith(f"{ALL}, 0 left the machine")


def test_two_workers_on_the_same_shard_send_each_request_once(window: str, tmp_path: Path) -> None:
    with endpoint(tmp_path, 0.05) as log:
        workers = [worker(window, log.url) for _ in range(2)]
        for process in workers:
            finish(process)
        sent = log.counts()
    assert len(sent) == sent.total() == recorded(window) == CALLS
    assert len(scores(window)) == COUNT * 3


def test_under_faults_every_dimension_ends_scored_or_as_a_recorded_failure(window: str, tmp_path: Path) -> None:
    with endpoint(tmp_path, 0.01, "429=0.15,500=0.05,malformed=0.05,truncated=0.02,garbage=0.02,reset=0.02") as log:
        finish(worker(window, log.url))
        sent = log.counts()
    assert sent.total() == len(sent)
    with connect(window) as connection:
        failed = one(connection, "SELECT count(*) FROM assay.score_failures")
    assert len(scores(window)) + failed == COUNT * 3

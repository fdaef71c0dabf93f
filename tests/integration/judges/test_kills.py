"""Ten workers are killed in mid-shard, one after the other: every call is paid for once, and no score differs."""

from __future__ import annotations

import random
import time
from collections import Counter
from multiprocessing import get_context
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import pytest

from include.adapters.postgres import connect
from tests.integration.judges.stage import fill, score, work
from tests.integration.judges.test_stage import endpoint, recorded, scores

COUNT = 150
CALLS = COUNT * 4
KILLS, OTHER_KILLS = 10, 3
LATENCY_S = 0.1


@pytest.fixture
def window(store_dsn: str) -> str:
    """DSN of a store with a window to score."""
    with connect(store_dsn) as connection:
        fill(connection, COUNT)
    return store_dsn


@pytest.fixture(scope="module")
def workers() -> type[ForkServerProcess]:
    """Makes processes in which everything is imported already."""
    forks = get_context("forkserver")
    forks.set_forkserver_preload(["tests.integration.judges.preloaded"])
    return forks.Process


def finish(worker: ForkServerProcess) -> None:
    worker.start()
    worker.join(60)
    assert worker.exitcode == 0


def kill(worker: ForkServerProcess, dsn: str, lot: random.Random) -> None:
    """Start a worker and kill it in mid-shard."""
    before = recorded(dsn)
    worker.start()
    while recorded(dsn) == before:
        time.sleep(0.01)
    time.sleep(lot.uniform(0, 3 * LATENCY_S))
    assert worker.is_alive(), "it is killed in mid-shard"
    worker.kill()
    worker.join()


def test_ten_kills_cost_no_call_twice_and_change_no_score(
    window: str, tmp_path: Path, workers: type[ForkServerProcess]
) -> None:
    lot = random.Random(7)
    with endpoint(tmp_path, LATENCY_S) as log:
        for _ in range(KILLS):
            kill(workers(target=work, args=(window, log.url)), window, lot)
        assert recorded(window) < CALLS
        finish(workers(target=work, args=(window, log.url)))
        sent = log.answered()
    assert {what for _, what in sent} == {"ok"}
    assert len({key for key, _ in sent}) == len(sent) == recorded(window) == CALLS
    disturbed = scores(window)
    with connect(window) as connection:
        connection.execute("TRUNCATE assay.scores, assay.judge_calls")
    with endpoint(tmp_path, 0.0) as log:
        finish(workers(target=work, args=(window, log.url)))
    assert scores(window) == disturbed


def test_an_endpoint_that_honours_idempotency_keys_is_paid_once_even_if_the_process_that_calls_is_killed(
    window: str, tmp_path: Path, workers: type[ForkServerProcess]
) -> None:
    lot = random.Random(8)
    with endpoint(tmp_path, LATENCY_S, "", "--idempotent") as log:
        for _ in range(OTHER_KILLS):
            kill(workers(target=score, args=(window, log.url)), window, lot)
        finish(workers(target=score, args=(window, log.url)))
        sent = Counter(what for _, what in log.answered())
    assert sent["replayed"] > 0
    assert sent["ok"] + sent["lost"] == recorded(window) == CALLS

"""A worker that is killed and a database that goes away in mid-shard: the next attempt finishes, nothing twice."""

from __future__ import annotations

import gc
import json
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from include import pipeline
from include.errors import StoreUnreachable
from tests.fakes.installation import NINE, WRONG, Installation, installed, rows
from tests.fakes.judge import connection, judging

ROOT = Path(__file__).parents[2]
WORKER = "import json, sys; from include import pipeline; pipeline.score(json.loads(sys.argv[1]))"
CONCURRENCY = 8
GIVEN = "SELECT interaction_id, dimension, epoch, value, explanation FROM scores ORDER BY 1, 2"


def scored(assay: Installation) -> int:
    [(count,)] = assay.ask("SELECT count(*) FROM scores")
    return int(count)


def wait_until(holds: Callable[[], bool], within_s: float = 60) -> None:
    deadline = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_killed_worker_costs_no_score_and_no_call_that_came_back_is_paid_for_again(
    assay: Installation,
    tmp_path: Path,
    new_database: Callable[..., str],
    migrated_template: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assay.log(*rows(30, NINE), *rows(30, NINE, answers=WRONG))
    calls = tmp_path / "calls"
    with judging(calls, latency_s=0.1) as address:
        monkeypatch.setenv("AIRFLOW_CONN_ASSAY_JUDGE", connection(address, concurrency=CONCURRENCY))
        _, [shard] = assay.admit()
        with subprocess.Popen([sys.executable, "-c", WORKER, json.dumps(shard)], cwd=ROOT) as worker:
            wait_until(lambda: scored(assay) >= 30)
            worker.send_signal(signal.SIGKILL)
        kept = set(assay.ask(GIVEN))
        assert 30 <= len(kept) < 180, "it died in the middle"

        assert assay.run() == {"logged": 60, "quarantined": 0, "excluded": 0, "scored": 60, "failed": 0}
        given = assay.ask(GIVEN)
        assert kept <= set(given)
        answered = Counter(line.split()[0] for line in calls.read_text().splitlines())
        assert answered.total() - len(answered) <= CONCURRENCY, "only what was on its way when it died"

        store = assay.store.replace(assay.store.rpartition("/")[2], new_database("assay", migrated_template))
        undisturbed = installed(store, assay.source, tmp_path, monkeypatch)
        undisturbed.run()
    assert undisturbed.ask(GIVEN) == given


# psycopg cannot close a cursor on a connection that is gone, and then complains that it was left open.
@pytest.mark.filterwarnings("ignore:<psycopg.ServerCursor:ResourceWarning")
def test_a_database_that_goes_away_in_mid_shard_is_one_line_and_a_retry_completes(
    assay: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assay.log(*rows(40, NINE))

    def cut() -> None:
        wait_until(lambda: scored(assay) >= 20)
        with psycopg.connect(assay.store, autocommit=True) as other:
            other.execute(
                """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                   WHERE datname = current_database() AND application_name = 'assay-store'"""
            )

    with judging(tmp_path / "calls", latency_s=0.1) as address:
        monkeypatch.setenv("AIRFLOW_CONN_ASSAY_JUDGE", connection(address, concurrency=CONCURRENCY))
        _, [shard] = assay.admit()
        saboteur = threading.Thread(target=cut)
        saboteur.start()
        with pytest.raises(StoreUnreachable) as caught:
            pipeline.score(shard)
        saboteur.join()
        line = str(caught.value)
        del caught
        gc.collect()
        assert "\n" not in line
        assert "Remedy: " in line
        assert 20 <= scored(assay) < 120, "it broke in the middle"

        assert assay.run() == {"logged": 40, "quarantined": 0, "excluded": 0, "scored": 40, "failed": 0}
    assert scored(assay) == 120
    assert assay.ask("SELECT count(*) FROM score_failures") == [(0,)]


def test_two_workers_on_the_same_shard_pay_for_each_call_once(
    assay: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assay.log(*rows(20, NINE))
    calls = tmp_path / "calls"
    with judging(calls, latency_s=0.05) as address:
        monkeypatch.setenv("AIRFLOW_CONN_ASSAY_JUDGE", connection(address, concurrency=CONCURRENCY))
        _, [shard] = assay.admit()
        workers = [threading.Thread(target=pipeline.score, args=[shard]) for _ in range(2)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    answered = Counter(line.split()[0] for line in calls.read_text().splitlines())
    assert set(answered.values()) == {1}
    assert scored(assay) == 60

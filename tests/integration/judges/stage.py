"""Scores one shard as the pipeline does: `python -m tests.integration.judges.stage DSN URL`, a worker to be killed.

With URL `offline` the stand-in judges score. With a third argument, whatever leaves the machine raises, and is counted.
"""

from __future__ import annotations

import ipaddress
import socket
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from include.adapters.llm import OpenAIClient
from include.adapters.postgres import connect
from include.adapters.postgres.judge_calls import JudgeCalls
from include.adapters.postgres.scores import Scores
from include.adapters.prices import GenaiPrices
from include.adapters.yaml_file import load
from include.domain.interaction import Window
from include.domain.run import Epochs, Run
from include.domain.score import Outcome
from include.judges.build import model_bench, offline_bench
from include.judges.pool import Counts, run_pool
from include.judges.rubric import Rubric
from include.judges.survivor import outlive

AT = datetime(2026, 11, 20, tzinfo=UTC)
RUN = Run("native", Window(AT, AT + timedelta(days=1)), live=False)
RUBRICS = sorted((Path(__file__).parents[3] / "include/judges/rubrics").glob("*.yaml"))
CONCURRENCY = 8


def fill(connection: psycopg.Connection, count: int) -> None:
    """Interactions that differ in every text."""
    connection.execute("SELECT assay.ensure_partitions(%s, %s)", (AT, AT))
    with connection.cursor() as cursor:
        cursor.executemany(
            """INSERT INTO assay.interactions (interaction_id, logged_at, source, occurred_at, project, environment,
                   user_input, response, retrieved_contexts, sampled, sampling_rate)
               VALUES (%s, %s, 'native', %s, 'bank', 'prod', %s, %s, %s, true, 1)""",
            [
                (
                    f"i{number:04}",
                    AT + timedelta(seconds=number),
                    AT,
                    f"When does branch {number} open?",
                    f"Branch {number} opens at nine. It closes at six.",
                    Jsonb([f"Branch {number} opens at nine in the morning."]),
                )
                for number in range(count)
            ],
        )
    connection.commit()


def score(dsn: str, url: str) -> Counts:
    """Plan and score all of the window, with three judges."""
    with connect(dsn) as calling, connect(dsn) as reading, connect(dsn) as writing:
        if url == "offline":
            bench = offline_bench()
        else:
            rubrics = [load(path, Rubric) for path in RUBRICS]
            client = OpenAIClient(url, "gpt-4o-mini", "sk-test", concurrency=CONCURRENCY)
            bench = model_bench(rubrics, client, JudgeCalls(calling), GenaiPrices(), now=lambda: datetime.now(UTC))
        epochs = Epochs({"": {judge.epoch.dimension: judge.epoch.id for judge in bench.judges}})

        def save(outcomes: Sequence[Outcome]) -> None:
            Scores(writing).save(outcomes, AT)
            writing.commit()

        (shard,) = Scores(reading).plan(RUN, epochs, 10_000, AT, 5)
        work = Scores(reading).pending(shard, epochs, 5)
        return run_pool(work, bench.judges, save, 2 * CONCURRENCY, bench.shared)


attempts: list[str] = []


def stay_at_home() -> None:
    """From now on names are not looked up and nobody but loopback is connected to: it raises, and is counted."""
    connect_to, look_up = socket.socket.connect, socket.getaddrinfo

    def connect_home(self: socket.socket, address: Any) -> Any:
        _allow(address[0] if isinstance(address, tuple) else "127.0.0.1")
        return connect_to(self, address)

    def connect_ex_home(self: socket.socket, address: Any) -> int:
        connect_home(self, address)
        return 0

    def look_up_home(host: Any, *rest: Any, **given: Any) -> Any:
        _allow(host)
        return look_up(host, *rest, **given)

    socket.socket.connect = connect_home  # type: ignore[method-assign]
    socket.socket.connect_ex = connect_ex_home  # type: ignore[method-assign]
    socket.getaddrinfo = look_up_home
    socket.gethostbyname = lambda host: look_up_home(host, 0)[0][4][0]


def _allow(host: object) -> None:
    try:
        home = ipaddress.ip_address(host.decode() if isinstance(host, bytes) else str(host)).is_loopback
    except ValueError:
        home = False
    if not home:
        attempts.append(str(host))
        raise OSError(f"{host} is not on this machine")


def work(dsn: str, url: str) -> Counts:
    """The same as the pipeline's task does it: in a process that outlives its worker."""
    return outlive(partial(score, dsn, url))


if __name__ == "__main__":
    if len(sys.argv) > 3:
        stay_at_home()
        counts = score(sys.argv[1], sys.argv[2])
    else:
        counts = work(sys.argv[1], sys.argv[2])
    sys.stdout.write(f"{counts.scored} scored, {counts.failed} failed, {len(attempts)} left the machine {attempts}\n")

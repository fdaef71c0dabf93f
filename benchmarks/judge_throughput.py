"""The scoring stage against a loopback endpoint of fixed latency goes in; its share of the physical limit comes out.

The limit is concurrency / latency. Everything that production does is on: Postgres writes with durable commits, call
ledger, claims, prices, shards that share the concurrency, each in a process that outlives its worker. The endpoint is
another process. A sample is an interaction, CPU is that of all shards together.
`--json` prints one JSON object as the last line, `--shards 2` scores in two processes, `--no-peers` leaves out the
frameworks that are measured beside it.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import psycopg
from psycopg.types.json import Jsonb

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.empty_store import empty_store  # noqa: E402
from include.adapters.llm import OpenAIClient  # noqa: E402
from include.adapters.postgres import connect  # noqa: E402
from include.adapters.postgres.crew import PostgresCrew  # noqa: E402
from include.adapters.postgres.judge_calls import JudgeCalls  # noqa: E402
from include.adapters.postgres.scores import Scores  # noqa: E402
from include.adapters.prices import GenaiPrices  # noqa: E402
from include.adapters.yaml_file import load  # noqa: E402
from include.domain.interaction import Window  # noqa: E402
from include.domain.run import Epochs, Run, Shard  # noqa: E402
from include.domain.score import Outcome  # noqa: E402
from include.judges.build import Bench, model_bench  # noqa: E402
from include.judges.pool import run_pool  # noqa: E402
from include.judges.ragas_scorers import prepare  # noqa: E402
from include.judges.rubric import Rubric  # noqa: E402
from include.judges.survivor import outlive  # noqa: E402

AT = datetime(2026, 11, 20, tzinfo=UTC)
RUN = Run("native", Window(AT, AT + timedelta(days=1)), live=False)
SHARDS = 1
"""How many are scored at once: a batch of ledger work costs the same whatever it holds, so that one costs least CPU."""
WORKERS = 2
MODEL = "gpt-4o-mini"
FAULTS = "429=0.15,500=0.05,malformed=0.05,truncated=0.02,hang=0.01"
HANG_S = 3.0
"""How long a call may take in the run with faults, so that a hang costs seconds and not minutes."""
FAULT_SPAN = 2.0
"""How many times as long the runs with and without faults are: what hangs last is then a small part of them."""
STAGES = {"64x200": (64, 0.2), "500x300": (500, 0.3)}


@dataclass(frozen=True, slots=True)
class Work:
    """What a pass scores, and how."""

    dsn: str
    url: str
    concurrency: int
    dimensions: Sequence[str]
    shards: int
    timeout_s: float = 60.0


@dataclass(frozen=True, slots=True)
class Part:
    """One shard of a pass; `started` and `ended` are seconds of a clock that all processes share."""

    scored: int
    failed: int
    started: float
    ended: float
    cpu_s: float
    peak_rss_mb: float


@dataclass(frozen=True, slots=True)
class Pass:
    """One pass of the stage over a window."""

    calls: int
    scored: int
    failed: int
    seconds: float
    cpu_s: float
    peak_rss_mb: float

    @property
    def accounted(self) -> int:
        """Dimensions that ended scored or as a recorded failure."""
        return self.scored + self.failed

    def share(self, concurrency: int, latency_s: float) -> float:
        """Of the calls that concurrency and latency allow in that time."""
        return self.calls / self.seconds / (concurrency / latency_s)


class Endpoint:
    """The fake endpoint in its own process, with the log of what it answered."""

    def __init__(self, directory: Path, latency_s: float, faults: str = "") -> None:
        self.log = directory / f"endpoint-{time.monotonic_ns()}.log"
        command = [sys.executable, "-m", "tests.fakes.openai_server", "--latency", str(latency_s)]
        self._process = subprocess.Popen(
            [*command, "--faults", faults, "--log", str(self.log)], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout
        self.url = self._process.stdout.readline().strip()

    def __enter__(self) -> Endpoint:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait()

    def answers(self) -> list[tuple[str, str]]:
        """Hash of the request and what was answered."""
        return [(key, what) for key, what in (line.split() for line in self.log.read_text().splitlines())]


def fill(dsn: str, count: int, salt: str) -> None:
    """Put `count` interactions, each another text, in the place of what the store held."""
    passage = "The branch in Ulm opens at nine in the morning and closes at six in the evening on working days. " * 8
    with connect(dsn) as connection:
        for table in ("interactions", "scores", "score_failures", "judge_calls"):
            connection.execute(f"TRUNCATE assay.{table}")
        connection.execute("SELECT assay.ensure_partitions(%s, %s)", (AT, AT))
        with connection.cursor() as cursor:
            cursor.executemany(
                """INSERT INTO assay.interactions (interaction_id, logged_at, source, occurred_at, project, environment,
                       user_input, response, retrieved_contexts, sampled, sampling_rate)
                   VALUES (%s, %s, 'native', %s, 'bank', 'prod', %s, %s, %s, true, 1)""",
                [
                    (
                        f"{salt}-{number:06}",
                        AT + timedelta(seconds=number),
                        AT,
                        f"When does branch {salt} {number} open?",
                        f"Branch {number} opens at nine. It closes at six.",
                        Jsonb([passage, passage]),
                    )
                    for number in range(count)
                ],
            )


def score(endpoint: Endpoint, work: Work) -> Pass:
    """What the pipeline's tasks do with the shards of a window, for these dimensions, and in processes like theirs."""
    before = len(endpoint.answers())
    with connect(work.dsn) as connection:
        epochs = _bench(work, connection)[1]
        size = -(-Scores(connection).plan(RUN, epochs, sys.maxsize, AT, 5)[0].size // work.shards)
        shards = Scores(connection).plan(RUN, epochs, size, AT, 5)
    with multiprocessing.get_context("fork").Pool(len(shards)) as tasks:
        parts = tasks.map(partial(_task, work), shards, chunksize=1)
    return Pass(
        calls=len(endpoint.answers()) - before,
        scored=sum(part.scored for part in parts),
        failed=sum(part.failed for part in parts),
        seconds=max(part.ended for part in parts) - min(part.started for part in parts),
        cpu_s=sum(part.cpu_s for part in parts),
        peak_rss_mb=sum(part.peak_rss_mb for part in parts),
    )


def _bench(work: Work, calls: psycopg.Connection, crew: PostgresCrew | None = None) -> tuple[Bench, Epochs]:
    client = OpenAIClient(work.url, MODEL, concurrency=work.concurrency, timeout_s=work.timeout_s, crew=crew)
    rubrics = [load(path, Rubric) for path in sorted((ROOT / "include/judges/rubrics").glob("*.yaml"))]
    bench = model_bench(rubrics, client, JudgeCalls(calls), GenaiPrices(), now=lambda: datetime.now(UTC))
    wanted = {judge.epoch.dimension: judge.epoch.id for judge in bench.judges}
    return bench, Epochs({"": {dimension: wanted[dimension] for dimension in work.dimensions}})


def _task(work: Work, shard: Shard) -> Part:
    return outlive(partial(_score, work, shard))


def _score(work: Work, shard: Shard) -> Part:
    with (
        connect(work.dsn) as calling,
        connect(work.dsn) as reading,
        connect(work.dsn) as writing,
        connect(work.dsn) as counting,
    ):
        bench, epochs = _bench(work, calling, PostgresCrew(counting, work.url, MODEL))

        def save(outcomes: Sequence[Outcome]) -> None:
            Scores(writing).save(outcomes, datetime.now(UTC))
            writing.commit()

        started, cpu = time.monotonic(), time.process_time()
        pending = Scores(reading).pending(shard, epochs, 5)
        counts = run_pool(pending, bench.judges, save, WORKERS * work.concurrency, bench.shared)
        ended, cpu_s = time.monotonic(), time.process_time() - cpu
    peak_rss_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Part(counts.scored, counts.failed, started, ended, cpu_s, peak_rss_mb)


def measure(dsn: str, directory: Path, seconds: float, shards: int) -> dict[str, object]:
    """All parts, in the words of the JSON object."""
    prepare()  # RAGAS's import is not what is measured
    stage, second = {}, 0
    for name, (concurrency, latency_s) in STAGES.items():
        fill(dsn, round(seconds * concurrency / latency_s), name)
        with Endpoint(directory, latency_s) as endpoint:
            work = Work(dsn, endpoint.url, concurrency, ["correctness"], shards)
            done = score(endpoint, work)
            stage[name] = _row(f"one judge {name}", done, concurrency, latency_s)
            with connect(dsn) as connection:
                connection.execute("TRUNCATE assay.scores")  # so that only the ledger can know
            second += score(endpoint, work).calls
    concurrency, latency_s = STAGES["64x200"]
    three = round(seconds * concurrency / latency_s / 4)
    dimensions = ["correctness", "professionalism", "faithfulness"]
    fill(dsn, three, "three")
    with Endpoint(directory, latency_s) as endpoint:
        done = score(endpoint, Work(dsn, endpoint.url, concurrency, dimensions, shards))
    three_dimensions = {"64x200": _row("three dimensions 64x200", done, concurrency, latency_s, len(dimensions))}
    return {
        "stage": stage,
        "three_dimensions": three_dimensions,
        "faults": faults(dsn, directory, FAULT_SPAN * seconds, shards),
        "second_run_calls": second,
    }


def faults(dsn: str, directory: Path, seconds: float, shards: int) -> dict[str, object]:
    """The same under trouble: rate against that without, and what became of the interactions."""
    concurrency, latency_s = STAGES["64x200"]
    count = round(seconds * concurrency / latency_s)
    rates = []
    for label, given in (("without", ""), ("with", FAULTS)):
        fill(dsn, count, f"faults-{label}")
        with Endpoint(directory, latency_s, given) as endpoint:
            done = score(endpoint, Work(dsn, endpoint.url, concurrency, ["correctness"], shards, HANG_S))
            paid = [key for key, what in endpoint.answers() if what == "ok"]
        rates.append(done.accounted / done.seconds)
    row: dict[str, object] = {
        "accounted": done.accounted / count,
        "failed": done.failed,
        "twice": len(paid) - len(set(paid)),
        "share_of_fault_free": round(rates[1] / rates[0], 3),
    }
    print(
        f"under faults: {row['accounted']:.1%} accounted, {row['failed']} failed, {row['twice']} paid twice, "
        f"{row['share_of_fault_free']:.1%} of the rate without"
    )
    return row


def _row(name: str, done: Pass, concurrency: int, latency_s: float, dimensions: int = 1) -> dict[str, float]:
    samples = done.accounted / dimensions
    row = {
        "share": round(done.share(concurrency, latency_s), 4),
        "cpu_ms_per_call": round(done.cpu_s * 1000 / done.calls, 3),
        "samples_per_s": round(samples / done.seconds, 1),
        "cpu_ms_per_sample": round(done.cpu_s * 1000 / samples, 3),
        "peak_rss_mb": round(done.peak_rss_mb),
    }
    print(
        f"{name:<26}{row['samples_per_s']:>10.0f}{row['share']:>10.1%}{row['cpu_ms_per_sample']:>12.2f}"
        f"{row['cpu_ms_per_call']:>10.2f}{row['peak_rss_mb']:>8.0f}{done.failed:>8}"
    )
    return row


def _peers(directory: Path, seconds: float) -> dict[str, object]:
    """What other frameworks do with the same prompts at the same endpoint, each in an environment of its own."""
    from benchmarks.judge_peers import peers  # it needs nothing of what is measured above

    return peers(directory, seconds)


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    parser.add_argument("--seconds", type=float, default=10.0, help="how long each part would take at the limit")
    parser.add_argument("--shards", type=int, default=SHARDS, help="how many shards are scored at once")
    parser.add_argument("--peers", action=argparse.BooleanOptionalAction, default=True, help="other frameworks, too")
    given = parser.parse_args()
    directory = Path(tempfile.mkdtemp(prefix="assay-bench-"))
    head = f"{'samples/s':>10}{'of limit':>10}{'CPU/sample':>12}{'CPU/call':>10}{'RSS MB':>8}{'failed':>8}"
    print(f"{'CPU in ms':<26}{head}")
    try:
        with empty_store(directory, durable=True) as dsn:
            found = measure(dsn, directory, given.seconds, given.shards)
            print(f"second run: {found['second_run_calls']} calls")
        found["peers"] = _peers(directory, given.seconds) if given.peers else {}
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    if given.json:
        print(json.dumps(found))


if __name__ == "__main__":
    main()

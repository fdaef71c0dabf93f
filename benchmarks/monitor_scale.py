"""Weeks of hourly tallies go in; what it costs to evaluate all shipped rules over one more hour comes out.

    python benchmarks/monitor_scale.py [--json]

A million scores of a day in 500 segments, with the reference that the rules look back to: 500 projects of 20.8
interactions an hour, each with a composite and three dimensions. `assay.segments_hourly` is filled directly; that such
rows are what `Segments.rebuild` makes, and that no rule is slower where more interactions lie behind each of them, is
shown on a smaller store of real interactions. Rules are evaluated as dag watch_quality does it, in a process of its
own, whose peak memory is told. Rules that test drift are left out: they run every sixth hour, and Evidently's tests
alone take longer.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.empty_store import empty_store  # noqa: E402
from include.adapters.postgres import connect  # noqa: E402
from include.adapters.postgres.segments import Segments  # noqa: E402
from include.adapters.yaml_file import load  # noqa: E402
from include.domain.interaction import Window  # noqa: E402
from include.domain.rule import RuleOutcome  # noqa: E402
from include.domain.run import CoverageLedger, Epochs  # noqa: E402
from include.domain.segment import SCORE_BINS  # noqa: E402
from include.monitors.evaluate import Settled, evaluate  # noqa: E402
from include.monitors.rules import DriftRule, Rules  # noqa: E402

HOUR = timedelta(hours=1)
END = datetime(2026, 11, 20, 18, tzinfo=UTC)
"""A Friday evening, when drift rules are due."""
PAST_DAYS = 50
"""What the shipped rules look back to: a reference of 28 days before evidence of 21 days and today."""
SEGMENTS, A_DAY = 500, 1_000_000
FEW = 125
SCORED = {"composite": "set-1", "correctness": "judge-c", "faithfulness": "judge-f", "professionalism": "judge-p"}
COUNTED = ("volume", "error", "spend", "quarantine", "failure")
GOAL_S, GOAL_MB = 10.0, 500
POSTGRES_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
COLUMNS = (
    *("hour", "project", "environment", "model", "prompt_version", "measure", "epoch"),
    *("n", "weight", "weight_sq", "total", "total_sq", "low", "high", "bins", "total_w2", "total_sq_w2", "heaviest"),
)


@dataclass(frozen=True, slots=True)
class Cost:
    """One evaluation of all shipped rules."""

    segments: int
    scores_a_day: int
    seconds: float
    cpu_s: float
    peak_rss_mb: float
    results: int


def fill(dsn: str, segments: int, scores_a_day: int, days: int = PAST_DAYS, seed: int = 1) -> None:
    """Put `days` of tallies of so many segments in the place of what the store held."""
    hours = [END - number * HOUR for number in range(days * 24, 0, -1)]
    each = scores_a_day / (len(SCORED) * segments * 24)
    rng = np.random.default_rng(seed)
    with connect(dsn) as connection:
        connection.execute("TRUNCATE assay.segments_hourly")
        connection.execute("DELETE FROM assay.runs")
        connection.execute(
            """INSERT INTO assay.runs (run_id, source, window_start, window_end, live, status, started_at)
               VALUES ('native/all', 'native', %s, %s, false, 'settled', %s)""",
            (hours[0], END, END),
        )
        statement = f"COPY assay.segments_hourly ({', '.join(COLUMNS)}) FROM STDIN (FORMAT binary)"
        with connection.cursor() as cursor, cursor.copy(statement) as copy:
            copy.write(b"PGCOPY\n\xff\r\n\0" + bytes(8))
            for measure in (*SCORED, *COUNTED):
                for start in range(0, len(hours), 24):
                    copy.write(_rows(measure, hours[start : start + 24], segments, each, rng).tobytes())
            copy.write(b"\xff\xff")
    with connect(dsn) as connection:
        connection.autocommit = True
        connection.execute("VACUUM ANALYZE assay.segments_hourly")


def _rows(measure: str, hours: Sequence[datetime], segments: int, each: float, rng: np.random.Generator) -> np.ndarray:
    """Rows in the format of a binary COPY: the tallies of each hour and segment that hold anything."""
    size = len(hours) * segments
    n = rng.poisson(each, size)
    values = np.zeros((size, 3))
    bins = None
    if measure in SCORED:
        usual = np.array([0.01] * 8 + [0.02] * 6 + [0.05, 0.05, 0.1, 0.15, 0.2, 0.25])
        bins = rng.multinomial(n, usual / usual.sum()).astype(float)
        centres = (np.arange(SCORE_BINS) + 0.5) / SCORE_BINS
        values[:, 0], values[:, 1] = bins @ centres, bins @ centres**2
    elif measure in ("volume", "spend"):
        price = 1.0 if measure == "volume" else 0.002
        values[:, 0], values[:, 1] = n * price, n * price**2
    else:
        values[:, 0] = values[:, 1] = rng.binomial(n, 0.01)
    fields = _fields(measure, bins is not None)
    rows = np.zeros(size, np.dtype([(name, kind) for name, kind, _ in fields]))
    for name, _, constant in fields:
        rows[name] = constant
    at = np.array([(hour - POSTGRES_EPOCH) // timedelta(microseconds=1) for hour in hours])
    rows["hour"] = np.repeat(at, segments)
    rows["project"] = np.tile(np.array([b"project-%04d" % number for number in range(segments)]), len(hours))
    rows["n"] = rows["weight"] = rows["weight_sq"] = n
    rows["total"] = rows["total_w2"] = values[:, 0]
    rows["total_sq"] = rows["total_sq_w2"] = values[:, 1]
    rows["high"] = 1.0
    rows["heaviest"] = 1.0
    if bins is not None:
        for number in range(SCORE_BINS):
            rows[f"bin{number}"] = bins[:, number]
    return rows[n > 0]


def _fields(measure: str, binned: bool) -> list[tuple[str, str, object]]:
    """Name, numpy type and value of every field of a row, lengths among them."""
    found: list[tuple[str, str, object]] = [("fields", ">i2", len(COLUMNS))]

    def add(name: str, kind: str, size: int, value: object = 0) -> None:
        found.extend([(f"{name} length", ">i4", size), (name, kind, value)])

    texts = {"environment": b"production", "model": b"model-a", "prompt_version": b"v1", "measure": measure.encode()}
    texts["epoch"] = SCORED.get(measure, "").encode()
    for column in COLUMNS:
        if column == "project":
            add(column, "S12", 12)
        elif column in texts:
            size = len(texts[column])
            add(column, f"S{size}", size, texts[column]) if size else found.append((f"{column} length", ">i4", 0))
        elif column != "bins":
            add(column, ">i8" if column in ("hour", "n") else ">f8", 8)
        elif not binned:
            found.append(("bins length", ">i4", -1))
        else:
            found.append(("bins length", ">i4", 20 + SCORE_BINS * 12))
            header = (("dimensions", 1), ("nulls", 0), ("oid", 701), ("count", SCORE_BINS), ("first", 1))
            found.extend((name, ">i4", value) for name, value in header)
            for number in range(SCORE_BINS):
                found.extend([(f"bin{number} length", ">i4", 8), (f"bin{number}", ">f8", 0)])
    return found


def evaluated(dsn: str, segments: int, scores_a_day: int) -> Cost:
    """The rules over the last hour, as the pipeline evaluates them, in a new process."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return Cost(segments, scores_a_day, *pool.apply(_evaluate, (dsn,)))


def _evaluate(dsn: str) -> tuple[float, float, float, int]:
    every = load(ROOT / "include/monitors/rules.yaml", Rules)
    rules = Rules(rules=tuple(rule for rule in every.rules if not isinstance(rule, DriftRule)))
    run = Settled(Window(END - HOUR, END), CoverageLedger(10, 0, 0, 10, 0), Epochs({"": SCORED}))
    started, cpu = time.perf_counter(), time.process_time()
    with connect(dsn) as connection:
        results = evaluate(rules, run, Segments(connection))
    seconds, cpu_s = time.perf_counter() - started, time.process_time() - cpu
    broken = [one.sentence for one in results if one.outcome is RuleOutcome.ERROR]
    if broken:
        raise RuntimeError(broken[0])
    return seconds, cpu_s, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, len(results)


def rebuilt(dsn: str, interactions: int) -> dict[str, float]:
    """How long it takes to rebuild an hour of so many real interactions, and what its tallies of volume add up to."""
    at = END - HOUR
    with connect(dsn) as connection:
        connection.execute("TRUNCATE assay.segments_hourly, assay.interactions, assay.composites")
        connection.execute("SELECT assay.ensure_partitions(%s, %s)", (at, at))
        connection.execute(
            """INSERT INTO assay.interactions (interaction_id, logged_at, source, occurred_at, project, environment,
                   user_input, response, retrieved_contexts, sampled, sampling_rate)
               SELECT 'i' || number, %(at)s, 'native', %(at)s, 'project-' || number %% 50, 'production', 'Is it open?',
                   'Yes, it is.', '[]', true, 1
               FROM generate_series(1, %(count)s) AS number""",
            {"at": at, "count": interactions},
        )
        connection.execute(
            """INSERT INTO assay.composites (interaction_id, logged_at, epochs, weights_version, value, by_dimension)
               SELECT interaction_id, logged_at, 'set-1', '1', (hashtext(interaction_id) & 1023) / 1023.0, '{}'
               FROM assay.interactions"""
        )
        connection.execute("ANALYZE assay.interactions, assay.composites")
        started = time.perf_counter()
        Segments(connection).rebuild(Window(at, END), Epochs({"": SCORED}), "1")
        seconds = time.perf_counter() - started
        rows = Segments(connection).read("composite", Window(at, END), ("project",), HOUR)
    return {"interactions": interactions, "seconds": round(seconds, 2), "tallied": sum(row.tally.n for row in rows)}


def measure(dsn: str) -> dict[str, object]:
    """Both curves: more scores behind the tallies of few segments; more segments at as many scores each."""
    print(f"{'segments':>10}{'scores a day':>14}{'seconds':>10}{'CPU s':>8}{'RSS MB':>8}{'results':>9}")
    by_interactions = []
    for scores in (A_DAY // 16, A_DAY, A_DAY // 4):
        fill(dsn, FEW, scores)
        by_interactions.append(_told(evaluated(dsn, FEW, scores)))
    by_segments = by_interactions[-1:]
    fill(dsn, SEGMENTS, A_DAY)
    by_segments.append(_told(evaluated(dsn, SEGMENTS, A_DAY)))
    goal = {"seconds": GOAL_S, "peak_rss_mb": GOAL_MB}
    return {"by_interactions": by_interactions, "by_segments": by_segments, "goal": goal}


def _told(cost: Cost) -> dict[str, float]:
    figures = f"{cost.seconds:>10.1f}{cost.cpu_s:>8.1f}{cost.peak_rss_mb:>8.0f}{cost.results:>9}"
    print(f"{cost.segments:>10}{cost.scores_a_day:>14,}{figures}", flush=True)
    return asdict(cost)


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    given = parser.parse_args()
    directory = Path(tempfile.mkdtemp(prefix="assay-bench-"))
    try:
        with empty_store(directory, durable=False) as dsn:
            found = measure(dsn)
            rebuilds = [rebuilt(dsn, interactions) for interactions in (5_000, 20_000)]
            for one in rebuilds:
                print(f"an hour rebuilt from interactions: {one}")
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    if given.json:
        print(json.dumps({**found, "rebuild": rebuilds}))


if __name__ == "__main__":
    main()

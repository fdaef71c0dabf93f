"""Weeks of hourly tallies go in; what it costs to evaluate all shipped rules over one more hour comes out.

    python benchmarks/monitor_scale.py [--json]

A million scores of a day in 500 segments, with the reference that the rules look back to: 500 projects of 20.8
interactions an hour, each with a composite and three dimensions. `assay.segments_hourly` is filled directly; that such
rows are what `Segments.rebuild` makes, and that no rule is slower where more interactions lie behind each of them, is
shown on a smaller store of real interactions. Rules are evaluated as dag watch_quality does it, in a process of its
own, whose peak memory is told. Rules of drift run every sixth hour and are told apart: those of scores beside all
others, in one process; those of traffic, which read interactions one by one, over `READ_SEGMENTS` segments only, since
their cost is that of as many segments (each reads at most 1,200 interactions a side, whatever it logs).
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
from include.adapters.postgres.traffic import Traffic as StoredTraffic  # noqa: E402
from include.adapters.yaml_file import load  # noqa: E402
from include.domain.interaction import Window  # noqa: E402
from include.domain.rule import RuleOutcome  # noqa: E402
from include.domain.run import CoverageLedger, Epochs  # noqa: E402
from include.domain.segment import AMOUNT_EDGES, SCORE_BINS  # noqa: E402
from include.ingest.language import detect  # noqa: E402
from include.judges.offline.refusal import declines  # noqa: E402
from include.judges.offline.text import read  # noqa: E402
from include.monitors.evaluate import Settled, evaluate  # noqa: E402
from include.monitors.exchanges import LOGGED  # noqa: E402
from include.monitors.rules import DriftRule, Rule, Rules  # noqa: E402
from include.monitors.samples import Traffic  # noqa: E402

HOUR = timedelta(hours=1)
END = datetime(2026, 11, 20, 18, tzinfo=UTC)
"""A Friday evening, when drift rules are due."""
PAST_DAYS = 50
"""What the shipped rules look back to: a reference of 28 days before evidence of 21 days and today."""
SEGMENTS, A_DAY = 500, 1_000_000
FEW = 125
READ_SEGMENTS = 20
HOURLY, SIXTH_HOUR, TRAFFIC = "every hour", "and drift of scores", "drift of traffic"
"""Which rules: all but those of drift; these and drift of scores; drift of what is asked and answered alone."""
SCORED = {"composite": "set-1", "correctness": "judge-c", "faithfulness": "judge-f", "professionalism": "judge-p"}
AMOUNTS = {"latency_ms": 1800.0, "input_tokens": 900.0, "output_tokens": 160.0, "response_chars": 700.0}
"""Their medians; each is log-normal."""
COUNTED = ("volume", "user_input_chars", "spend")
RARE = ("error", "refusal", "feedback", "negative_feedback", "quarantine", "failure")
GOAL_S, GOAL_MB = 10.0, 500
POSTGRES_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
COLUMNS = (
    *("hour", "project", "environment", "model", "prompt_version", "measure", "epoch"),
    *("n", "weight", "weight_sq", "total", "total_sq", "low", "high", "bins", "total_w2", "total_sq_w2", "heaviest"),
)


@dataclass(frozen=True, slots=True)
class Cost:
    """One evaluation of shipped rules, in a process of its own."""

    rules: str
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
        connection.execute("TRUNCATE assay.segments_hourly, assay.segments_daily")
        connection.execute("DELETE FROM assay.runs")
        connection.execute(
            """INSERT INTO assay.runs (run_id, source, window_start, window_end, live, status, started_at)
               SELECT 'native/' || hour, 'native', hour, hour + interval '1 hour', false, 'settled', hour
               FROM unnest(%s) AS hour""",
            (hours,),
        )
        statement = f"COPY assay.segments_hourly ({', '.join(COLUMNS)}) FROM STDIN (FORMAT binary)"
        with connection.cursor() as cursor, cursor.copy(statement) as copy:
            copy.write(b"PGCOPY\n\xff\r\n\0" + bytes(8))
            for measure in (*SCORED, *AMOUNTS, *COUNTED, *RARE):
                for start in range(0, len(hours), 24):
                    copy.write(_rows(measure, hours[start : start + 24], segments, each, rng).tobytes())
            copy.write(b"\xff\xff")
        connection.execute("SET LOCAL work_mem = '128MB'")
        connection.execute("SELECT assay.sum_days(%s, %s)", (hours[0], END))
    with connect(dsn) as connection:
        connection.autocommit = True
        connection.execute("VACUUM ANALYZE assay.segments_hourly, assay.segments_daily")


def _rows(measure: str, hours: Sequence[datetime], segments: int, each: float, rng: np.random.Generator) -> np.ndarray:
    """Rows in the format of a binary COPY: the tallies of each hour and segment that hold anything."""
    size = len(hours) * segments
    n = rng.poisson(each * (0.1 if measure == "negative_feedback" else 1), size)
    values = np.zeros((size, 2))
    shares, centres = _mixture(measure)
    bins = rng.multinomial(n, shares).astype(float) if len(shares) else None
    if bins is not None:
        values[:, 0], values[:, 1] = bins @ centres, bins @ centres**2
    elif measure in COUNTED:
        unit = {"volume": 1.0, "spend": 0.002}.get(measure, 80.0)
        values[:, 0], values[:, 1] = n * unit, n * unit**2
    else:
        values[:, 0] = values[:, 1] = rng.binomial(n, 0.01)
    fields = _fields(measure, len(shares))
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
        for number in range(len(shares)):
            rows[f"bin{number}"] = bins[:, number]
    return rows[n > 0]


def _mixture(measure: str) -> tuple[np.ndarray, np.ndarray]:
    """How often each bin of a measure is seen, and what lies in its middle; nothing of a measure without bins."""
    if measure in SCORED:
        usual = np.array([0.01] * 8 + [0.02] * 6 + [0.05, 0.05, 0.1, 0.15, 0.2, 0.25])
        return usual / usual.sum(), (np.arange(SCORE_BINS) + 0.5) / SCORE_BINS
    if measure not in AMOUNTS:
        return np.zeros(0), np.zeros(0)
    middles = np.array([AMOUNT_EDGES[0] / 2, *np.sqrt(np.array(AMOUNT_EDGES[1:]) * AMOUNT_EDGES[:-1])])
    usual = np.exp(-((np.log(middles / AMOUNTS[measure]) / 0.6) ** 2) / 2)
    last = int(np.flatnonzero(usual > 1e-4).max()) + 1  # as the store has them, up to the last that was seen
    return usual[:last] / usual[:last].sum(), middles[:last]


def _fields(measure: str, bins: int) -> list[tuple[str, str, object]]:
    """Name, numpy type and value of every field of a row, lengths among them."""
    found: list[tuple[str, str, object]] = [("fields", ">i2", len(COLUMNS))]

    def add(name: str, kind: str, size: int, value: object = 0) -> None:
        found.extend([(f"{name} length", ">i4", size), (name, kind, value)])

    texts = {"environment": b"production", "model": b"model-a", "prompt_version": b"v1", "measure": measure.encode()}
    if measure == "quarantine":
        texts |= {"model": b"", "prompt_version": b""}
    texts["epoch"] = SCORED.get(measure, "").encode()
    for column in COLUMNS:
        if column == "project":
            add(column, "S12", 12)
        elif column in texts:
            size = len(texts[column])
            add(column, f"S{size}", size, texts[column]) if size else found.append((f"{column} length", ">i4", 0))
        elif column != "bins":
            add(column, ">i8" if column in ("hour", "n") else ">f8", 8)
        elif not bins:
            found.append(("bins length", ">i4", -1))
        else:
            found.append(("bins length", ">i4", 20 + bins * 12))
            header = (("dimensions", 1), ("nulls", 0), ("oid", 701), ("count", bins), ("first", 1))
            found.extend((name, ">i4", value) for name, value in header)
            for number in range(bins):
                found.extend([(f"bin{number} length", ">i4", 8), (f"bin{number}", ">f8", 0)])
    return found


def log_traffic(dsn: str, segments: int, scores_a_day: int, days: int = 29) -> None:
    """Put into the store the interactions behind the last days of tallies of so many segments."""
    start, each = END - timedelta(days=days), scores_a_day // len(SCORED) // segments * days
    with connect(dsn) as connection:
        connection.execute("SELECT assay.ensure_partitions(%s, %s)", (start, END))
        connection.execute(
            """INSERT INTO assay.interactions (interaction_id, logged_at, source, occurred_at, project, environment,
                   request_model, prompt_version, user_input, response, retrieved_contexts, input_tokens, output_tokens,
                   latency_ms, attributes, sampled, sampling_rate)
               SELECT md5(segment || '/' || number), at, 'native', at, 'project-' || lpad(segment::text, 4, '0'),
                   'production', 'model-a', 'v1',
                   'How do I ' || verb || ' my ' || thing || ' in region ' || drawn %% 37 || '?',
                   repeat('To ' || verb || ' it, open the page of your account. ', 1 + drawn %% 9),
                   jsonb_build_array(repeat('Your ' || thing || ' is in the account. ', 12), 'We are open daily.'),
                   100 + drawn %% 300, 20 + drawn %% 90, exp(7 + random()), '{}', true, 1
               FROM generate_series(0, %(segments)s - 1) AS segment, generate_series(0, %(each)s - 1) AS number,
                   LATERAL (SELECT hashtext(segment || '/' || number) & 1023 AS drawn) AS by_chance,
                   LATERAL (SELECT %(start)s::timestamptz + %(span)s::interval * number / %(each)s AS at,
                                   (%(verbs)s::text[])[drawn %% 8 + 1] AS verb,
                                   (%(things)s::text[])[drawn / 8 %% 8 + 1] AS thing) AS said""",
            {
                "segments": segments,
                "each": each,
                "start": start,
                "span": END - start,
                "verbs": ["cancel", "change", "renew", "pay", "find", "return", "export", "share"],
                "things": ["invoice", "subscription", "address", "password", "order", "report", "parcel", "contract"],
            },
        )
    with connect(dsn) as connection:
        connection.autocommit = True
        connection.execute("VACUUM ANALYZE assay.interactions")


def evaluated(dsn: str, segments: int, scores_a_day: int, rules: str = HOURLY) -> Cost:
    """The rules over the last hour, as the pipeline evaluates them, in a new process."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return Cost(rules, segments, scores_a_day, *pool.apply(_evaluate, (dsn, rules)))


def _part(rule: Rule) -> str:
    if not isinstance(rule, DriftRule):
        return HOURLY
    return SIXTH_HOUR if LOGGED.isdisjoint(rule.measures) else TRAFFIC


def _evaluate(dsn: str, part: str) -> tuple[float, float, float, int]:
    parts = {part, HOURLY} if part == SIXTH_HOUR else {part}
    every = load(ROOT / "include/monitors/rules.yaml", Rules)
    rules = Rules(rules=tuple(rule for rule in every.rules if _part(rule) in parts))
    started, cpu = time.perf_counter(), time.process_time()
    with connect(dsn) as connection, connect(dsn) as ahead:
        run = Settled(
            Window(END - HOUR, END),
            CoverageLedger(10, 0, 0, 10, 0),
            Epochs({"": SCORED}),
            traffic=Traffic(StoredTraffic(connection), detect, lambda answer: declines(read(answer))),
        )
        results = evaluate(rules, run, Segments(connection), Segments(ahead))
    seconds, cpu_s = time.perf_counter() - started, time.process_time() - cpu
    broken = [one.sentence for one in results if one.outcome is RuleOutcome.ERROR]
    if broken:
        raise RuntimeError(broken[0])
    return seconds, cpu_s, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, len(results)


def rebuilt(dsn: str, interactions: int) -> dict[str, float]:
    """How long it takes to rebuild an hour of so many real interactions, and what its tallies of volume add up to."""
    at = END - HOUR
    with connect(dsn) as connection:
        connection.execute("TRUNCATE assay.segments_hourly, assay.segments_daily, assay.interactions, assay.composites")
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
    print(f"{'rules':<20}{'segments':>10}{'scores a day':>14}{'seconds':>10}{'CPU s':>8}{'RSS MB':>8}{'results':>9}")
    by_interactions = []
    for scores in (A_DAY // 16, A_DAY, A_DAY // 4):
        fill(dsn, FEW, scores)
        by_interactions.append(_told(evaluated(dsn, FEW, scores)))
    by_segments = by_interactions[-1:]
    fill(dsn, SEGMENTS, A_DAY)
    by_segments.append(_told(evaluated(dsn, SEGMENTS, A_DAY)))
    drift = [_told(evaluated(dsn, SEGMENTS, A_DAY, SIXTH_HOUR))]
    a_day = A_DAY * READ_SEGMENTS // SEGMENTS
    fill(dsn, READ_SEGMENTS, a_day)
    log_traffic(dsn, READ_SEGMENTS, a_day)
    drift.append(_told(evaluated(dsn, READ_SEGMENTS, a_day, TRAFFIC)))
    goal = {"seconds": GOAL_S, "peak_rss_mb": GOAL_MB}
    return {"by_interactions": by_interactions, "by_segments": by_segments, "drift": drift, "goal": goal}


def _told(cost: Cost) -> dict[str, object]:
    figures = f"{cost.seconds:>10.1f}{cost.cpu_s:>8.1f}{cost.peak_rss_mb:>8.0f}{cost.results:>9}"
    print(f"{cost.rules:<20}{cost.segments:>10}{cost.scores_a_day:>14,}{figures}", flush=True)
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

"""A week of a million interactions goes in; how long its weekly report takes, and how large its file is, comes out.

    python benchmarks/weekly_report.py [--json] [--rows 1000000]

The store holds the week as it was logged and judged: 50 projects, two environments, 4 models, 3 prompt versions and 4
languages, a composite and three dimensions of every interaction, one of a hundred failed, hourly runs, incidents, and
what it cost. Its rollups are made by the code that makes them in production; of the three weeks before there are the
rollups alone, as the week's own with other means, of which one project's were far higher. The report is written as task
`write` of dag report_weekly does it: collected, rendered, put to the disk and registered, with its picture; Evidently's
own pages, which that task draws beside it, are no part of it. Told is the median and the slowest of some rounds, each
in a process of its own, after a first one that is told apart, with what the longest of its parts take. What the money
bought is no rollup: it is read from the week's rows, and told apart as well.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pydantic import SecretStr

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.empty_store import empty_store  # noqa: E402
from include.adapters.postgres import connect  # noqa: E402
from include.adapters.postgres.costs import Costs  # noqa: E402
from include.adapters.postgres.reports import Reports  # noqa: E402
from include.adapters.postgres.segments import Segments  # noqa: E402
from include.adapters.postgres.week import WeekOfStore  # noqa: E402
from include.adapters.yaml_file import load  # noqa: E402
from include.domain.interaction import Window  # noqa: E402
from include.domain.run import Epochs  # noqa: E402
from include.judges.judging import JudgingFile  # noqa: E402
from include.monitors.rules import Rules  # noqa: E402
from include.reports.publish import publish  # noqa: E402
from include.reports.weekly import collect  # noqa: E402
from include.settings import Settings  # noqa: E402
from include.week_examples import hidden  # noqa: E402
from include.week_money import good_from, money_of  # noqa: E402

WEEK = Window(datetime(2026, 11, 9, tzinfo=UTC), datetime(2026, 11, 16, tzinfo=UTC))
PROJECTS, ROWS, CHUNK, ROUNDS = 50, 1_000_000, 100_000, 3
GOAL_S = 10.0
READS = (
    *("daily_scores", "segments", "shifts", "runs", "failures", "refusals", "warnings", "incidents", "precision"),
    *("experts", "worst", "judges", "costs"),
)
SCORED = {"composite": "set-1", "correctness": "judge-c", "faithfulness": "judge-f", "professionalism": "judge-p"}

# One answer in ten is bad, in a prompt version of one project one in two.
INTERACTIONS = """
    INSERT INTO assay.interactions (interaction_id, logged_at, source, row_key, occurred_at, project, environment,
        conversation_id, user_input, response, retrieved_contexts, provider_name, request_model, response_model,
        prompt_version, input_tokens, output_tokens, cached_input_tokens, latency_ms, finish_reason, attributes, cost,
        sampled, sampling_rate)
    SELECT md5(n::text), at, 'native', n::text, at, 'project-' || lpad((n % {projects})::text, 2, '0'),
           CASE WHEN drawn % 10 = 0 THEN 'staging' ELSE 'production' END, md5((n / 4)::text),
           'How do I ' || verb || ' my ' || thing || ' in region ' || drawn % 37 || ', number ' || n || '?',
           repeat('To ' || verb || ' it, open the page of your account. ', 3 + drawn % 6),
           jsonb_build_array(repeat('Your ' || thing || ' is in the account. ', 8), 'We are open daily.'),
           'openai', 'gpt-4.1', 'gpt-4.1' || (ARRAY['', '-mini', '-nano', '-2'])[1 + drawn / 16 % 4],
           'v' || drawn / 64 % 3, 900 + drawn, 150 + drawn % 300, drawn % 800, 1500, 'stop',
           jsonb_build_object('language', (ARRAY['en', 'de', 'fr', 'es'])[1 + drawn / 8 % 4]), 0.001, true, 1
    FROM generate_series(%(first)s::bigint, %(last)s) AS n,
        LATERAL (SELECT hashtext(n::text) & 1023 AS drawn) AS by_chance,
        LATERAL (SELECT %(start)s + %(step)s * n AS at,
                        (ARRAY['cancel', 'change', 'renew', 'pay', 'find', 'return'])[drawn % 6 + 1] AS verb,
                        (ARRAY['invoice', 'address', 'password', 'order', 'report'])[drawn / 8 % 5 + 1] AS thing) AS s
""".replace("{projects}", str(PROJECTS)).replace(" % ", " %% ")
SCORES = """
    INSERT INTO assay.scores (interaction_id, logged_at, dimension, epoch, source, value, explanation, scored_at,
        input_tokens, cached_input_tokens)
    SELECT interaction_id, logged_at, dimension, epoch, 'LLM_JUDGE',
           CASE WHEN hashtext(interaction_id || dimension) & 1023 < bad THEN 0.25 ELSE 0.75 END
               + (hashtext(dimension || interaction_id) & 255) / 1024.0,
           'The passages say otherwise, which the answer does not tell.', logged_at, 1000, 700
    FROM assay.interactions,
        LATERAL (SELECT CASE WHEN project = 'project-07' AND prompt_version = 'v2' THEN 512 ELSE 100 END AS bad) AS b,
        (VALUES ('correctness', 'judge-c'), ('faithfulness', 'judge-f'), ('professionalism', 'judge-p'))
            AS judges (dimension, epoch)
    WHERE logged_at >= %(start)s + %(step)s * %(first)s AND logged_at < %(start)s + %(step)s * (%(last)s + 1)
      AND right(interaction_id, 2) > '01'"""
COMPOSITES = """
    INSERT INTO assay.composites (interaction_id, logged_at, weights_version, epochs, value, by_dimension)
    SELECT interaction_id, logged_at, 'w', 'set-1',
           sum(value * CASE dimension WHEN 'correctness' THEN 0.6 ELSE 0.2 END), jsonb_object_agg(dimension, value)
    FROM assay.scores
    WHERE logged_at >= %(start)s + %(step)s * %(first)s AND logged_at < %(start)s + %(step)s * (%(last)s + 1)
    GROUP BY 1, 2"""
FAILURES = """
    INSERT INTO assay.score_failures (interaction_id, logged_at, dimension, epoch, source, error_type, message,
        retryable, failed_at)
    SELECT interaction_id, logged_at, 'faithfulness', 'judge-f', 'LLM_JUDGE', 'timeout', '', true, logged_at
    FROM assay.interactions WHERE right(interaction_id, 2) <= '01'"""
RUNS = """
    INSERT INTO assay.runs (run_id, source, window_start, window_end, live, status, logged, quarantined, excluded,
        scored, failed, warnings, started_at)
    SELECT 'native/' || hour, 'native', hour, hour + interval '1 hour', true, 'settled', %(hourly)s, 0, 0, %(hourly)s,
           0, '["few rows"]', hour
    FROM generate_series(%(start)s, %(end)s - interval '1 hour', interval '1 hour') AS hour"""
BEFORE = """
    INSERT INTO assay.segments_hourly
    SELECT hour - interval '7 days' * week, project, environment, model, prompt_version, measure, epoch, n, weight,
           weight_sq, total * f, total_sq * f * f, low, high, bins, total_w2 * f, total_sq_w2 * f * f, heaviest
    FROM assay.segments_hourly, generate_series(1, 3) AS week,
        LATERAL (SELECT CASE WHEN project = 'project-07' THEN 1.2 ELSE 0.99 END AS f) AS other
    WHERE epoch <> ''"""
SLICES_BEFORE = BEFORE.replace("segments_hourly", "slices_hourly").replace("model, prompt_version", "attribute, value")
COSTS_BEFORE = """
    INSERT INTO assay.costs_daily (SELECT (x).* FROM (
        SELECT jsonb_populate_record(c, jsonb_build_object('day', c.day - 7)) AS x FROM assay.costs_daily AS c) AS y)"""
INCIDENTS = """
    INSERT INTO assay.alerts (fingerprint, starts_at, state, labels, sentence, evidence, annotations, live, breached_at,
        updated_at, fired_at, ends_at, incident_id, breached)
    SELECT 'f' || n, at, 'resolved',
           jsonb_build_object('alertname', 'composite-low', 'severity', 'critical', 'project', 'project-07',
                              'category', 'quality', 'environment', 'production', 'segment', n),
           'composite 0.52', '{"value": 0.52, "reference": 0.84, "n": 200}', '{}', true, at,
           at + interval '9 hours', at, at + interval '9 hours', 'incident-' || n, 9
    FROM generate_series(1, 60) AS n, LATERAL (SELECT %(start)s + interval '2 hours' * n AS at) AS begun"""
EPOCHS = """
    INSERT INTO assay.judge_epochs
    SELECT epoch, dimension, 'LLM_JUDGE', 'rubric', '{"model": "gpt-4.1"}', %(start)s - interval '60 days'
    FROM (VALUES ('correctness', 'judge-c'), ('faithfulness', 'judge-f'), ('professionalism', 'judge-p'))
        AS judges (dimension, epoch)"""
FINDINGS = """
    INSERT INTO assay.rule_results (rule, fingerprint, window_start, window_end, outcome, labels, value, reference,
        evidence, sentence, for_windows, keep_firing_for, annotations, evaluated_at)
    SELECT 'composite-low', fingerprint, hour, hour + interval '1 hour', 'Breached', labels, 0.5, 0.84, '{}',
           'composite 0.50', 1, 1, '{}', hour
    FROM assay.alerts, generate_series(starts_at, ends_at - interval '1 hour', interval '1 hour') AS hour"""


def fill(dsn: str, rows: int) -> None:
    """Put the week into an empty store, and the weeks before into its rollups."""
    given = {"start": WEEK.start, "end": WEEK.end, "step": WEEK.length / rows, "hourly": rows // 168}
    with connect(dsn) as store:
        store.execute("SELECT assay.ensure_partitions(%s, %s)", (WEEK.start, WEEK.end))
        store.execute("DROP INDEX assay.interactions_by_words")  # no part of the report, and slow to fill
        for first in range(0, rows, CHUNK):
            last = min(first + CHUNK, rows) - 1
            span = given | {"first": first, "last": last}
            for statement in (INTERACTIONS, SCORES, COMPOSITES):
                store.execute(statement.encode(), span)
            store.commit()
            print(f"{last + 1:,} interactions", file=sys.stderr, flush=True)
        for statement in (FAILURES, RUNS, EPOCHS, INCIDENTS, FINDINGS):
            store.execute(statement.encode(), given)
        store.commit()
        store.execute("ANALYZE assay.interactions, assay.scores, assay.composites")
        Segments(store).rebuild(WEEK, Epochs({"": SCORED}), "w", ["language"])
        for statement in (BEFORE, SLICES_BEFORE):
            store.execute(statement.encode())
        start = WEEK.start - timedelta(days=21)
        store.execute("SELECT assay.sum_days(%s, %s)", (start, WEEK.start))
        Costs(store).roll_up(Costs(store).days_of(WEEK))
        store.execute(COSTS_BEFORE)
    with connect(dsn) as store:
        store.autocommit = True
        store.execute("VACUUM ANALYZE")


@dataclass(frozen=True, slots=True)
class Written:
    """One report: seconds in all and of its parts, the bytes of its file, how much it tells."""

    seconds: float
    bytes: int
    parts: dict[str, float]
    told: dict[str, int]


@contextmanager
def timed(parts: dict[str, float], kind: type, names: Sequence[str]) -> Iterator[None]:
    """Adds up the seconds in the methods of that name, for the block."""
    own = {name: getattr(kind, name) for name in names}

    def measured(name: str) -> Callable[..., object]:
        def call(*given: object, **named: object) -> object:
            started = time.perf_counter()
            try:
                return own[name](*given, **named)
            finally:
                parts[name] = parts.get(name, 0.0) + time.perf_counter() - started

        return call

    for name in names:
        setattr(kind, name, measured(name))
    try:
        yield
    finally:
        for name in names:
            setattr(kind, name, own[name])


def written(dsn: str, home: Path) -> Written:
    """Writes the report as dag report_weekly does."""
    parts: dict[str, float] = {}
    started = time.perf_counter()
    settings = Settings(store_dsn=SecretStr(dsn), source_dsn=SecretStr(dsn), home=home)
    with timed(parts, WeekOfStore, READS), connect(dsn) as store:
        began = time.perf_counter()
        money = money_of(WEEK, store, settings)
        parts["money"] = time.perf_counter() - began
        hide, targets = hidden(load(settings.judging, JudgingFile)), good_from(load(settings.rules, Rules))
        report = collect(WEEK, WeekOfStore(store), hide, money=money, targets=targets)
        began = time.perf_counter()
        published = publish(report, Reports(store), home, WEEK.end)
        parts["render"] = time.perf_counter() - began
    seconds = time.perf_counter() - started
    told = {
        "projects": len(report.projects),
        "changes": len(report.changes),
        "incidents": len(report.incidents_of_week),
        "examples": len(report.examples),
    }
    size = (home / published.path).stat().st_size
    return Written(round(seconds, 2), size, parts, told)


def measure(dsn: str, rows: int, home: Path) -> dict[str, object]:
    """The first round, and the median and the slowest of those after it, each in a process of its own."""
    rounds = []
    print(f"{'round':<8}{'seconds':>9}{'kB':>7}  what took longest, in seconds")
    for number in range(ROUNDS + 1):
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            found = pool.apply(written, (dsn, home))
        rounds.append(found)
        longest = sorted(found.parts.items(), key=lambda one: -one[1])[:6]
        told = ", ".join(f"{name} {seconds:.2f}" for name, seconds in longest)
        print(f"{number or 'first':<8}{found.seconds:>9.2f}{found.bytes / 1000:>7.0f}  {told}", flush=True)
    later = [one.seconds for one in rounds[1:]]
    by_rows = [one.parts["money"] for one in rounds[1:]]
    with connect(dsn) as store:
        segments = store.execute(
            "SELECT count(DISTINCT (project, environment, model, prompt_version)) FROM assay.segments_daily"
        ).fetchone()
    return {
        "interactions": rows,
        "segments": segments[0] if segments else 0,
        "seconds": statistics.median(later),
        "from_rollups_s": round(statistics.median(whole - rows for whole, rows in zip(later, by_rows, strict=True)), 2),
        "from_rows_s": round(statistics.median(by_rows), 2),
        "slowest_s": max(later),
        "first_s": rounds[0].seconds,
        "bytes": rounds[0].bytes,
        "told": rounds[0].told,
        "goal_s": GOAL_S,
    }


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    parser.add_argument("--rows", type=int, default=ROWS, help="interactions of the week")
    given = parser.parse_args()
    directory = Path(tempfile.mkdtemp(prefix="assay-bench-"))
    try:
        with empty_store(directory, durable=False) as dsn:
            fill(dsn, given.rows)
            found = measure(dsn, given.rows, directory)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    print(f"{given.rows:,} interactions, {found['segments']} segments: {found['seconds']} s (goal {GOAL_S:g} s)")
    print(f"of these {found['from_rollups_s']} s from rollups, {found['from_rows_s']} s from rows")
    if given.json:
        print(json.dumps(found))


if __name__ == "__main__":
    main()

"""Weeks of hundreds of projects go in; how long each page takes to be read and drawn, and how large it is, comes out.

    python benchmarks/pages_scale.py [--json] [--projects 500] [--range 28d]

The store holds 50 days of rollups: hourly tallies of a composite, three dimensions and what was logged, daily costs by
model, environment and user group, a run an hour, 2,000 incidents of which 200 are open, rows in quarantine, and 300,000
interactions with their scores. Rollups are filled directly. A page is asked for as a browser asks for it: the median of
some rounds after one that is told apart, the part of it that reads the store, the milliseconds of processor of
Postgres and of the page's own process, and kilobytes of HTML. The page Interactions is measured by `pages_list.py`.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import ParamSpec, TypeVar

import psutil  # type: ignore[import-untyped]
from fastapi import Depends, Request
from fastapi.testclient import TestClient

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.empty_store import empty_store  # noqa: E402
from include.adapters.postgres import connect  # noqa: E402
from include.pages import costs, incidents, judges, overview, project, runs  # noqa: E402
from plugins.quality import costs as cost_pages  # noqa: E402
from plugins.quality import incidents as incident_pages  # noqa: E402
from plugins.quality import judges as judge_pages  # noqa: E402
from plugins.quality import overview as overview_page  # noqa: E402
from plugins.quality import project as project_page  # noqa: E402
from plugins.quality import runs as run_pages  # noqa: E402
from plugins.quality.app import build_app  # noqa: E402
from plugins.quality.reader import Reader  # noqa: E402

END = datetime(2026, 11, 20, 18, tzinfo=UTC)
PAST = timedelta(days=50)
PROJECTS, INCIDENTS, OPEN, JUDGED, HELD, ROUNDS = 500, 2_000, 200, 300_000, 20_000, 3
GOAL_MS, GOAL_KB = 1000.0, 1000.0
LARGE = "project-0"
"""It runs in two environments, with four models and three prompt versions; every other project with one of each."""
P = ParamSpec("P")
T = TypeVar("T")

PLACES = """
    CREATE TEMP TABLE places AS
    SELECT 'project-' || number AS project, 'production' AS environment, 'model-0' AS model, 'v0' AS version
    FROM generate_series(0, %(projects)s - 1) AS number
    UNION
    SELECT 'project-0', environment, 'model-' || model, 'v' || version
    FROM unnest(ARRAY['production', 'staging']) AS environment, generate_series(0, 3) AS model,
         generate_series(0, 2) AS version"""
SCORES = """
    INSERT INTO assay.segments_hourly (hour, project, environment, model, prompt_version, measure, epoch, n, weight,
        weight_sq, total, total_sq, low, high, bins, total_w2, total_sq_w2)
    SELECT hour, project, environment, model, version, measure,
           measure || CASE WHEN hour < %(end)s - interval '10 days' THEN '-1' ELSE '-2' END, 20, 20, 20,
           20 * mean, 20 * mean * mean + 0.4, 0, 1,
           ARRAY[1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 1, 2, 2, 3, 3, 3, 2, 1]::float8[], 20 * mean,
           20 * mean * mean + 0.4
    FROM places, generate_series(%(start)s, %(end)s - interval '1 hour', interval '1 hour') AS hour,
         unnest(ARRAY['composite', 'correctness', 'faithfulness', 'professionalism']) AS measure,
         LATERAL (SELECT 0.7 + 0.2 * ((hashtext(project || measure || hour) & 1023) / 1023.0) AS mean) AS drawn"""
LOGGED = """
    INSERT INTO assay.segments_hourly (hour, project, environment, model, prompt_version, measure, epoch, n, weight,
        weight_sq, total, total_sq)
    SELECT hour, project, environment, model, version, measure, '', 80, 80, 80, total, total
    FROM places, generate_series(%(start)s, %(end)s - interval '1 hour', interval '1 hour') AS hour,
         (VALUES ('volume', 80), ('spend', 0.16), ('failure', 1), ('quarantine', 2)) AS logged (measure, total)"""
RUNS = """
    INSERT INTO assay.runs (run_id, source, window_start, window_end, live, status, started_at, settled_at, logged,
        quarantined, excluded, scored, failed, epochs, weights_version)
    SELECT 'native/' || hour, 'native', hour, hour + interval '1 hour', true, 'settled', hour + interval '1 hour',
           hour + interval '65 min', 40000, 1000, 29000, 9900, 100, jsonb_build_object('', jsonb_build_object(
               'composite', 'composite-2', 'correctness', 'correctness-2', 'faithfulness', 'faithfulness-2')), '1'
    FROM generate_series(%(start)s, %(end)s - interval '1 hour', interval '1 hour') AS hour"""
COSTS = """
    INSERT INTO assay.costs_daily (day, project, model, kind, calls, unpriced, input_tokens, output_tokens,
        cached_input_tokens, cost, environment, prompt_version, user_group, provider_name, price_source)
    SELECT day::date, 'project-' || number, 'model-' || model, 'application', 200, 0, 200000, 40000, 9000,
           0.4 + 0.1 * (hashtext(number || '/' || day) & 7), environment, 'v0', 'team-' || team, 'openai', 'list'
    FROM generate_series(0, %(projects)s - 1) AS number, generate_series(0, 1) AS model, generate_series(0, 4) AS team,
         unnest(ARRAY['production', 'staging']) AS environment,
         generate_series((%(start)s::timestamptz)::date, (%(end)s::timestamptz)::date - 1, interval '1 day') AS day
    UNION ALL
    SELECT day::date, 'project-' || number, 'judge', 'judge', 1500, 0, 3000000, 300000, 900000, 0.6, '', '', '',
           'openai', ''
    FROM generate_series(0, %(projects)s - 1) AS number,
         generate_series((%(start)s::timestamptz)::date, (%(end)s::timestamptz)::date - 1, interval '1 day') AS day"""
JUDGE_COSTS = """
    INSERT INTO assay.judge_costs_daily (day, project, dimension, judge, model, mode, provider_name, calls, unpriced,
        input_tokens, output_tokens, cached_input_tokens, cost)
    SELECT day::date, 'project-' || number, dimension, dimension, 'judge', 'live', 'openai', 500, 0, 1000000, 100000,
           300000, 0.2
    FROM generate_series(0, %(projects)s - 1) AS number,
         unnest(ARRAY['correctness', 'faithfulness', 'professionalism']) AS dimension,
         generate_series((%(start)s::timestamptz)::date, (%(end)s::timestamptz)::date - 1, interval '1 day') AS day"""
SPARED = """
    INSERT INTO assay.judge_cache_daily SELECT day, project, dimension, judge, model, 50, 0, 0.02
    FROM assay.judge_costs_daily"""
EPOCHS = """
    INSERT INTO assay.judge_epochs (epoch, dimension, source, judge, parts, first_seen_at)
    SELECT measure || '-' || number, measure, 'LLM_JUDGE', measure, jsonb_build_object('model', 'judge-' || number),
           CASE number WHEN 1 THEN %(start)s ELSE %(end)s - interval '10 days' END
    FROM unnest(ARRAY['correctness', 'faithfulness', 'professionalism']) AS measure, generate_series(1, 2) AS number"""
ALERTS = """
    INSERT INTO assay.alerts (fingerprint, starts_at, state, labels, sentence, evidence, annotations, live, breached,
        fired_at, breached_at, ends_at, updated_at, incident_id)
    SELECT 'f' || number || '/' || part, starts_at, CASE WHEN is_open THEN 'firing' ELSE 'resolved' END,
           jsonb_build_object('alertname', 'composite-drop', 'project', 'project-' || number %% %(projects)s,
               'environment', 'production', 'severity', CASE number %% 3 WHEN 0 THEN 'critical' ELSE 'warning' END,
               'category', 'quality', 'dimension', CASE part WHEN 0 THEN '' ELSE 'correctness' END),
           'composite 0.41, usually 0.80', jsonb_build_object('value', 0.41, 'reference', 0.8, 'low', 0.38,
               'high', 0.44, 'confidence', 0.95, 'n', 214), '{"owner": "llm-quality", "runbook": "Read the worst."}',
           true, 3, starts_at + interval '1 hour', starts_at + interval '2 hours',
           CASE WHEN NOT is_open THEN starts_at + interval '5 hours' END,
           least(starts_at + interval '5 hours', %(end)s), 'incident-' || number
    FROM generate_series(0, %(incidents)s - 1) AS number, generate_series(0, 1) AS part,
         LATERAL (SELECT %(end)s - interval '6 hours' - number * interval '20 minutes' AS starts_at,
                         number < %(open)s AS is_open) AS timed"""
QUARANTINE = """
    INSERT INTO assay.quarantine (source, row_key, run_id, interaction_id, project, logged_at, expectations, raw,
        quarantined_at)
    SELECT 'native', n::text, 'native', n::text, 'project-' || n %% %(projects)s, %(end)s - n * interval '1 minute',
           ARRAY['response is not empty'], jsonb_build_object('user_input', repeat('Where is my card? ', 100)), %(end)s
    FROM generate_series(1, %(held)s) AS n"""
INTERACTIONS = """
    INSERT INTO assay.interactions (interaction_id, logged_at, source, row_key, occurred_at, project, environment,
        user_input, response, request_model, prompt_version, sampled, sampling_rate)
    SELECT md5(n::text), at, 'native', n::text, at, 'project-' || n %% %(projects)s, 'production', 'Where is my card?',
           'In the mail, since yesterday.', 'model-0', 'v0', n %% 10 < 9, 1
    FROM generate_series(0, %(judged)s - 1) AS n,
         LATERAL (SELECT %(end)s - interval '27 days' * n / %(judged)s - interval '1 hour' AS at) AS timed"""
JUDGEMENTS = """
    INSERT INTO assay.scores (interaction_id, logged_at, dimension, epoch, source, value, explanation, input_tokens,
        output_tokens, cached_input_tokens, cost, scored_at)
    SELECT interaction_id, logged_at, dimension,
           dimension || CASE WHEN logged_at < %(end)s - interval '10 days' THEN '-1' ELSE '-2' END, 'LLM_JUDGE',
           0.8, 'It says what the passage says.', 2000, 200, 600, 0.0004, logged_at + interval '1 hour'
    FROM assay.interactions, unnest(ARRAY['correctness', 'faithfulness', 'professionalism']) AS dimension
    WHERE sampled"""
PEOPLE = """
    INSERT INTO assay.scores (interaction_id, logged_at, dimension, epoch, source, value, explanation, scored_at)
    SELECT interaction_id, logged_at, dimension, 'ada', 'HUMAN', 0.7, '', scored_at FROM assay.scores
    WHERE hashtext(interaction_id) %% 500 = 0"""
FAILURES = """
    INSERT INTO assay.score_failures (interaction_id, logged_at, dimension, epoch, source, error_type, message,
        retryable, failed_at)
    SELECT interaction_id, logged_at, 'correctness', 'correctness-2', 'LLM_JUDGE', 'judge_timeout', 'too long', true,
           logged_at
    FROM assay.interactions WHERE NOT sampled AND hashtext(interaction_id) %% 10 = 0"""
FILLS = (PLACES, SCORES, LOGGED, RUNS, COSTS, JUDGE_COSTS, SPARED, EPOCHS, ALERTS, QUARANTINE, INTERACTIONS)
JUDGING = (JUDGEMENTS, PEOPLE, FAILURES)


def fill(dsn: str, projects: int) -> None:
    """Put it all into an empty store."""
    given = {"start": END - PAST, "end": END, "projects": projects, "incidents": INCIDENTS, "open": OPEN}
    given |= {"judged": JUDGED, "held": HELD}
    with connect(dsn) as connection:
        connection.execute("SELECT assay.ensure_partitions(%(start)s, %(end)s)", given)
        connection.execute("SET LOCAL work_mem = '128MB'")
        for statement in (*FILLS, *JUDGING, "SELECT assay.sum_days(%(start)s, %(end)s)"):
            connection.execute(statement.encode(), given)
            print(statement.strip().splitlines()[0][:60], file=sys.stderr, flush=True)
    with connect(dsn) as connection:
        connection.autocommit = True
        connection.execute("VACUUM ANALYZE")


class Desk:
    """The pages over a store, and how long they read it."""

    def __init__(self) -> None:
        self.read_s = 0.0
        acts = incident_pages.Acts(*[lambda *_: None] * 3)
        app = build_app(
            "for the benchmark only",
            [Depends(_enter)],
            [
                partial(overview_page.router, self._timed(overview.overview)),
                partial(project_page.router, self._timed(project.project)),
                partial(run_pages.router, self._timed(runs.runs), lambda *_: None),
                partial(
                    incident_pages.router,
                    incident_pages.Reads(self._timed(incidents.incident_list), self._timed(incidents.incident)),
                    acts,
                ),
                partial(cost_pages.router, self._timed(costs.costs)),
                partial(judge_pages.router, self._timed(judges.judges)),
            ],
            clock=lambda: END,
        )
        self.browser = TestClient(app)

    def _timed(self, read: Callable[P, T]) -> Callable[P, T]:
        def timed(*given: P.args, **named: P.kwargs) -> T:
            started = time.perf_counter()
            try:
                return read(*given, **named)
            finally:
                self.read_s += time.perf_counter() - started

        return timed


def _enter(request: Request) -> None:
    request.state.reader = Reader("ada", "Ada", lambda _: True)


class Postgres:
    """The server behind a store; what its backends used is known once they are gone."""

    def __init__(self, dsn: str) -> None:
        with connect(dsn) as connection:
            self._server = psutil.Process(connection.info.backend_pid).parent()

    @property
    def used_s(self) -> float:
        """Seconds of processor of all backends that are gone."""
        time.sleep(0.1)
        times = self._server.cpu_times()
        return float(times.children_user + times.children_system)


def page(desk: Desk, postgres: Postgres, address: str) -> dict[str, float]:
    """Milliseconds of the page, and of what reads the store for it, with the size of its HTML."""
    took, read, cpu, before = [], [], [], postgres.used_s
    for _ in range(ROUNDS + 1):
        desk.read_s, busy, started = 0.0, time.process_time(), time.perf_counter()
        answer = desk.browser.get(address)
        took.append((time.perf_counter() - started) * 1000)
        cpu.append((time.process_time() - busy) * 1000)
        read.append(desk.read_s * 1000)
        if answer.status_code not in (200, 503):
            raise RuntimeError(f"{address}: {answer.status_code} {answer.text[-600:]}")
    return {
        "status": answer.status_code,
        "first_ms": round(took[0]),
        "median_ms": round(statistics.median(took[1:])),
        "read_ms": round(statistics.median(read[1:])),
        "postgres_cpu_ms": round((postgres.used_s - before) / len(took) * 1000),
        "own_cpu_ms": round(statistics.median(cpu[1:])),
        "kb": round(len(answer.content) / 1000),
    }


def addresses(span: str) -> dict[str, str]:
    """The pages by name."""
    return {
        "overview": f"/?range={span}",
        "project": f"/projects/project-7?range={span}",
        "project of many segments": f"/projects/{LARGE}?range={span}",
        "incidents": f"/incidents?range={span}",
        "incident": "/incidents/incident-3",
        "runs": f"/runs?range={span}",
        "costs": f"/costs?range={span}",
        "judges": f"/judges?range={span}",
    }


def measure(dsn: str, spans: list[str]) -> dict[str, dict[str, float]]:
    """Every page in each of these ranges."""
    os.environ["AIRFLOW_CONN_ASSAY_STORE"] = dsn.replace("postgresql://", "postgres://", 1)
    desk, postgres, found = Desk(), Postgres(dsn), {}
    heads = ("status", "first ms", "median ms", "read ms", "Postgres CPU ms", "own CPU ms", "kB", "load")
    print("page".ljust(32) + "".join(name.rjust(len(name) + 2) for name in heads))
    for span in spans:
        for name, address in addresses(span).items():
            told = found[f"{name}, {span}"] = page(desk, postgres, address) | {"load": round(os.getloadavg()[0], 1)}
            cells = zip(told.values(), heads, strict=True)
            print(f"{name}, {span}".ljust(32) + "".join(str(v).rjust(len(h) + 2) for v, h in cells), flush=True)
    return found


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    parser.add_argument("--projects", type=int, default=PROJECTS)
    parser.add_argument("--range", action="append", dest="spans", help="24h, 7d, 14d or 28d; 7d and 28d unless told")
    parser.add_argument("--store", help="a store that this benchmark filled before, in place of one of its own")
    asked = parser.parse_args()
    spans, directory = asked.spans or ["7d", "28d"], Path(tempfile.mkdtemp(prefix="assay-bench-"))
    try:
        if asked.store:
            found = measure(asked.store, spans)
        else:
            with empty_store(directory, durable=True) as dsn:
                fill(dsn, asked.projects)
                found = measure(dsn, spans)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    if asked.json:
        print(json.dumps({"projects": asked.projects, "goal_ms": GOAL_MS, "goal_kb": GOAL_KB, "pages": found}))


if __name__ == "__main__":
    main()

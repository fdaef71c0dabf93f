"""Millions of interactions go in; how long the page Interactions takes to list them, by what is looked for, comes out.

    python benchmarks/pages_list.py [--json] [--rows 5000000] [--explain NAME]

The store holds four weeks of 12 projects, 4 models, 3 prompt versions and 2 environments, every interaction with a
composite: 0.15 to 0.85 kB of question and answer in words as frequent as in real text, and four words that stand in
every tenth, hundredth, thousandth and hundred thousandth question. One project, environment, prompt version and
language is that of one in a hundred thousand, and a hundred answers are of 2 MB. It takes 10 GB of disk. A page is
timed as the pages read it: its 50 rows and what can be chosen from, all four weeks at once, the median and the slowest
of some rounds after one that is told apart, with the milliseconds of processor of Postgres, which are about the same
where others keep the machine busy. Beside it stands what the index of words costs: seconds to build it over all rows,
and microseconds of processor for a row that comes in.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import sys
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import psycopg

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.empty_store import empty_store  # noqa: E402
from include.adapters.postgres import connect  # noqa: E402
from include.adapters.postgres.interaction_list import LOOKED_AT, InteractionList, among, arguments, statement  # noqa: E402
from include.domain.interaction import Window  # noqa: E402
from include.domain.listing import Place, Search, Sort  # noqa: E402

END = datetime(2026, 11, 20, 18, tzinfo=UTC)
WINDOW = Window(END - timedelta(days=28), END)
ROWS, CHUNK, ROUNDS, ARRIVING = 5_000_000, 250_000, 7, 20_000
GOAL_MS = 300.0

TEXTS = """
    CREATE TEMP TABLE texts AS
    SELECT place, (SELECT string_agg('w' || floor(exp(random() * ln(60000))), ' ') FROM generate_series(1, 200)) AS text
    FROM generate_series(0, 1999) AS place"""
INTERACTIONS = """
    INSERT INTO assay.interactions (interaction_id, logged_at, source, row_key, occurred_at, project, environment,
        conversation_id, user_input, response, provider_name, request_model, response_model, prompt_version,
        input_tokens, output_tokens, latency_ms, finish_reason, error_type, attributes, cost, sampled, sampling_rate)
    SELECT md5(n::text), at, 'native', n::text, at,
           CASE WHEN n %% 100000 = 17 THEN 'project-rare' ELSE 'project-' || n %% 12 END,
           CASE WHEN n %% 100000 = 23 THEN 'canary' WHEN n %% 10 = 0 THEN 'staging' ELSE 'production' END,
           md5((n / 4)::text),
           concat_ws(' ', left(one.text, 50 + (n %% 200)::int), CASE WHEN n %% 10 = 3 THEN 'frequent' END,
                     CASE WHEN n %% 100 = 3 THEN 'middling' END, CASE WHEN n %% 1000 = 3 THEN 'seldom' END,
                     CASE WHEN n %% 100000 = 3 THEN 'unheard' END),
           left(two.text, 100 + (n %% 500)::int), 'openai', 'model-' || n / 12 %% 4,
           CASE WHEN n %% 50000 = 7 THEN 'model-rare' ELSE 'model-' || n / 12 %% 4 END,
           CASE WHEN n %% 100000 = 29 THEN 'v-rare' ELSE 'v' || n / 48 %% 3 END,
           1200 + n %% 800, 150 + n %% 300, 1500, 'stop', CASE WHEN n %% 5000 = 11 THEN 'timeout' END,
           jsonb_build_object('language', CASE WHEN n %% 100000 = 31 THEN 'fi' WHEN n %% 7 = 0 THEN 'de'
               ELSE 'en' END), 0.001, true, 1
    FROM (SELECT n, %(start)s + %(step)s * n AS at FROM generate_series(%(first)s::bigint, %(last)s) AS n) AS made
    JOIN texts AS one ON one.place = n * 7919 %% 2000 JOIN texts AS two ON two.place = n * 104729 %% 2000"""
COMPOSITES = """
    INSERT INTO assay.composites
    SELECT md5(n::text), %(start)s + %(step)s * n, 'w', 'set-1', 1 - 0.99 * random() ^ 4,
           jsonb_build_object('correctness', round(random()::numeric, 3), 'faithfulness', 0.9, 'professionalism', 0.8)
    FROM generate_series(%(first)s::bigint, %(last)s) AS n"""
DAYS = """
    INSERT INTO assay.segments_daily (day, project, environment, model, prompt_version, measure, epoch, n, weight,
        weight_sq, total, total_sq)
    SELECT date_trunc('day', day, 'UTC'), 'project-' || project, environment, 'model-' || model, 'v' || version,
           'volume', '', 1, 1, 1, 1, 1
    FROM generate_series(%(start)s, %(end)s, interval '1 day') AS day, generate_series(0, 11) AS project,
         unnest(ARRAY['production', 'staging']) AS environment, generate_series(0, 3) AS model,
         generate_series(0, 2) AS version"""
FAILURES = """
    INSERT INTO assay.score_failures (interaction_id, logged_at, dimension, epoch, source, error_type, message,
        retryable, failed_at)
    SELECT md5(n::text), %(start)s + %(step)s * n, 'correctness', 'judge-c', 'LLM_JUDGE', 'judge_timeout', 'too long',
           true, %(end)s
    FROM generate_series(13::bigint, %(last)s, 1000) AS n"""
LONG = """
    WITH logged AS (
        INSERT INTO assay.interactions (interaction_id, logged_at, source, row_key, occurred_at, project, environment,
            user_input, response, sampled, sampling_rate)
        SELECT 'long-' || n, at, 'native', 'long-' || n, at, 'project-long', 'production', 'Tell me all.',
               (SELECT string_agg(md5((n * 70000 + part)::text), ' ') FROM generate_series(1, 62000) AS part), true, 1
        FROM generate_series(1, 100) AS n, LATERAL (SELECT %(end)s - n * interval '1 hour' AS at) AS timed
        RETURNING interaction_id, logged_at)
    INSERT INTO assay.composites SELECT interaction_id, logged_at, 'w', 'set-1', 0.5, '{}' FROM logged"""
WORDS = "CREATE INDEX interactions_by_words ON assay.interactions USING gin (assay.words_of(user_input, response))"


def searches() -> dict[str, Search]:
    """What is looked for, by name; the last few are what no index knows by itself."""
    newest, worst = Search(WINDOW), Search(WINDOW, sort=Sort.WORST)
    middle = Place(WINDOW.start + WINDOW.length / 2, "8", 0.6)
    few = Search(WINDOW, "project-3", "production", "model-1", "v1")
    return {
        "first page": newest,
        "deep page": replace(newest, after=middle),
        "project": replace(newest, project="project-3"),
        "all filters": replace(few, language="en"),
        "failed": replace(newest, failed=True),
        "score 0 to 0.1": replace(newest, low=0.0, high=0.1),
        "rare model": replace(newest, model="model-rare"),
        "model of nobody": replace(newest, model="model-nobody"),
        "worst": worst,
        "worst, deep page": replace(worst, after=middle),
        "worst, all filters": replace(few, sort=Sort.WORST),
        "worst from 0.5": replace(worst, low=0.5),
        "worst of 30 in millions": replace(worst, project="project-rare"),
        "worst that failed": replace(worst, failed=True),
        "environment of 30": replace(newest, environment="canary"),
        "language of 30": replace(newest, language="fi"),
        "answers of 2 MB": replace(newest, project="project-long"),
        "worst answers of 2 MB": replace(worst, project="project-long"),
        "worst, rare model": replace(worst, model="model-rare"),
        "words: 1 in 10": replace(newest, text="frequent"),
        "words: 1 in 100": replace(newest, text="middling"),
        "words: 1 in 1,000": replace(newest, text="seldom"),
        "words: 1 in 100,000": replace(newest, text="unheard"),
        "words: none has them": replace(newest, text="unheard w1 -w1"),
        "words: nearly all have them": replace(newest, text="w1"),
        "words: a phrase": replace(newest, text='"w1 w2"'),
        "words: what lacks one": replace(newest, text="-frequent"),
        "words: one or the other": replace(newest, text="seldom or unheard"),
        "words: 1 in 10, rare model": replace(newest, text="frequent", model="model-rare"),
        "words: 1 in 10, 0 to 0.1": replace(newest, text="frequent", low=0.0, high=0.1),
        "words: 1 in 100, project": replace(newest, text="middling", project="project-3"),
        "words: 1 in 1,000, failed": replace(newest, text="seldom", failed=True),
        "words: 1 in 100, deep page": replace(newest, text="middling", after=middle),
        "words: 1 in 10, worst": replace(worst, text="frequent"),
        "words: 1 in 100, worst": replace(worst, text="middling"),
        "words: 1 in 1,000, worst": replace(worst, text="seldom"),
    }


def fill(dsn: str, rows: int) -> float:
    """Put so many interactions into an empty store; returns seconds that the index of words took over all of them."""
    given = {"start": WINDOW.start, "end": WINDOW.end, "step": WINDOW.length / rows}
    with connect(dsn) as connection:
        connection.execute("SELECT assay.ensure_partitions(%(start)s, %(end)s)", given)
        connection.execute("DROP INDEX assay.interactions_by_words")
        connection.execute("SELECT setseed(0.5)")
        connection.execute(TEXTS)
        for first in range(0, rows, CHUNK):
            span = {"first": first, "last": min(first + CHUNK, rows) - 1}
            connection.execute(INTERACTIONS, given | span)
            connection.execute(COMPOSITES, given | span)
            connection.commit()
            print(f"{span['last'] + 1:,} rows", file=sys.stderr, flush=True)
        connection.execute(FAILURES, given | {"last": rows - 1})
        connection.execute(LONG, given)
        connection.execute(DAYS, given)
        connection.commit()
        started = time.perf_counter()
        connection.execute(WORDS)
        connection.commit()
        built = time.perf_counter() - started
        connection.autocommit = True
        connection.execute("VACUUM ANALYZE assay.interactions, assay.composites, assay.segments_daily")
    return round(built, 1)


def arriving(dsn: str, rows: int) -> dict[str, float]:
    """Microseconds of processor that a row takes to come in, with the index of words and without; nothing stays."""
    given = {"start": WINDOW.end, "step": timedelta(seconds=1), "first": rows, "last": rows + ARRIVING - 1}
    found = {}
    with connect(dsn) as connection:
        connection.execute(TEXTS)
        connection.commit()
        backend = psutil.Process(connection.info.backend_pid)
        for name in ("with_words_us", "without_words_us"):
            if name == "without_words_us":
                connection.execute("DROP INDEX assay.interactions_by_words")
            before = sum(backend.cpu_times()[:2])
            connection.execute(INTERACTIONS, given)
            if name == "with_words_us":
                connection.execute(
                    """SELECT gin_clean_pending_list(i.indexrelid::regclass) FROM pg_index i JOIN pg_class c
                       ON c.oid = i.indexrelid JOIN pg_am a ON a.oid = c.relam AND a.amname = 'gin'
                       WHERE c.relkind = 'i' AND i.indrelid::regclass::text LIKE 'assay.interactions_%'"""
                )
            found[name] = round((sum(backend.cpu_times()[:2]) - before) / ARRIVING * 1e6, 1)
            connection.rollback()
    return found


def page(dsn: str, search: Search) -> dict[str, float | int | bool]:
    """Milliseconds of the page, each round in a transaction of its own, and how much it found."""
    took, cpu = [], []
    with connect(dsn) as connection:
        connection.prepare_threshold = None  # a page is read once by a connection, and so never by a prepared plan
        known, backend = InteractionList(connection), psutil.Process(connection.info.backend_pid)
        for _ in range(ROUNDS + 1):
            started, busy = time.perf_counter(), sum(backend.cpu_times()[:2])
            found = known.page(search)
            known.choices(search.window)
            took.append((time.perf_counter() - started) * 1000)
            cpu.append((sum(backend.cpu_times()[:2]) - busy) * 1000)
            connection.commit()
    counted = took[1:]
    return {
        "found": len(found.found),
        "is_partial": found.is_partial,
        "gave_up": found.gave_up,
        "first_ms": round(took[0], 1),
        "median_ms": round(statistics.median(counted), 1),
        "slowest_ms": round(max(counted), 1),
        "cpu_ms": round(statistics.mean(cpu[1:]), 1),
    }


def explained(connection: psycopg.Connection, search: Search) -> str:
    """The plan of a page's rows, as it was carried out."""
    asked = arguments(search) | {"limit": 51, "looked_at": LOOKED_AT[search.sort]}
    query = among(search) if search.text else statement(search)
    rows = connection.execute(f"EXPLAIN (ANALYZE, BUFFERS) {query}".encode(), asked).fetchall()
    return "\n".join(line for (line,) in rows)


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--explain", action="append", default=[], help="the plan of a search, by its name")
    asked = parser.parse_args()
    directory = Path(tempfile.mkdtemp(prefix="assay-bench-"))
    try:
        with empty_store(directory, durable=True) as dsn:
            built = fill(dsn, asked.rows)
            with connect(dsn) as connection:
                for name in asked.explain:
                    print(f"{name}:\n{explained(connection, searches()[name])}\n", flush=True)
            pages = {}
            for name, search in searches().items():
                pages[name] = page(dsn, search)
                print(f"{name:28}{pages[name]}", flush=True)
            words = {"built_s": built, **arriving(dsn, asked.rows)}
            print(f"the index of words: {words}")
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    if asked.json:
        print(json.dumps({"rows": asked.rows, "goal_ms": GOAL_MS, "pages": pages, "words": words}))


if __name__ == "__main__":
    main()

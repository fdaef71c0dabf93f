"""A day of a million interactions goes in; what it costs to sum it, and to tell of a month of such sums, comes out.

    python benchmarks/money_scale.py [--json] [--explain] [--rows 1000000]

The day: 1,000,000 interactions (`--rows`) of 12 projects, 4 models, 3 prompt versions and 300 user groups, 1.5 kB of
heap each (longer texts lie out of line, where a sum does not look), and 0.3 judge calls for each. Nothing is searched
for, so that the index of words, which costs more than all else to fill, is left out. Beside the rollup stands what the
same Postgres needs in the same run to read the same rows once: `SELECT count(*), sum(cost)` of the partition. That the
sums are the rows' is asserted to the last digit, also after late rows came, and where every user is a group of its own.
Timed as well is the search for retry loops, as the weekly report asks it of seven such days.

The month: 10 million interactions as 30 such days leave them in `assay.costs_daily`, each with a third of the calls.
One day is summed from rows; the others are copies of what it left, since only their sums are read. Timed are the
queries of the daily message and of the weekly report, and the export for finance.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import psutil  # type: ignore[import-untyped]
import psycopg
from pydantic import SecretStr

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.empty_store import empty_store  # noqa: E402
from include.adapters.postgres import connect  # noqa: E402
from include.adapters.postgres.costs import ROLL_UP, Costs  # noqa: E402
from include.adapters.postgres.retry_loops import retry_loops  # noqa: E402
from include.adapters.postgres.week import WeekOfStore  # noqa: E402
from include.cost_export import export  # noqa: E402
from include.domain.cost import total  # noqa: E402
from include.domain.interaction import Window  # noqa: E402
from include.reports.spending import spending_of  # noqa: E402
from include.settings import Settings  # noqa: E402
from include.spend_of_days import summaries  # noqa: E402

DAY, MONTH_END = date(2026, 11, 10), date(2026, 11, 30)
START = datetime(2026, 11, 10, tzinfo=UTC)
A_DAY, LATE = 1_000_000, 2_000
JUDGED = 0.3
"""Calls of judges for each interaction."""
GOAL_DAY_S, GOAL_MONTH_S = 10.0, 5.0
ROUNDS = 3
T = TypeVar("T")

TEXTS = """
    CREATE TEMP TABLE texts AS
    SELECT place, (SELECT string_agg(left(md5((place * 1000 + word)::text), 2 + (place + word) % 9), ' ')
                   FROM generate_series(1, 400) AS word) AS text
    FROM generate_series(0, 99) AS place"""
INTERACTIONS = """
    INSERT INTO assay.interactions (interaction_id, logged_at, source, row_key, occurred_at, project, environment,
        conversation_id, user_input, response, retrieved_contexts, provider_name, request_model, response_model,
        prompt_version, input_tokens, output_tokens, cached_input_tokens, latency_ms, finish_reason, attributes, cost,
        sampled, sampling_rate, billed_cost, price_source)
    SELECT md5(n::text), %(start)s + at + %(late)s, 'native', n::text, %(start)s + at, 'project-' || n %% 12,
           CASE WHEN n %% 10 = 0 THEN 'staging' ELSE 'production' END, md5((n / 4)::text),
           left(one.text, 150 + (n %% 300)::int), left(two.text, 300 + (n %% 1100)::int),
           jsonb_build_array(left(two.text, 200)), 'openai', 'model-' || n / 12 %% 4,
           'model-' || n / 12 %% 4 || '-2026', 'v' || n / 48 %% 3,
           1200 + n %% 800, 150 + n %% 300, n %% 1000, 1500, 'stop',
           jsonb_build_object('user_group', 'team-' || floor(300 * power(n %% 9973 / 9973.0, 3)), 'language', 'en',
                              'user', md5(n::text)),
           CASE WHEN n %% 33 <> 0 THEN ((1200 + n %% 800) * 0.15 + (150 + n %% 300) * 0.6) / 1000000 END, true, 1,
           CASE WHEN n %% 5 = 0 THEN ((1200 + n %% 800) * 0.16 + (150 + n %% 300) * 0.6) / 1000000 END,
           CASE WHEN n %% 33 <> 0 THEN 'list' END
    FROM (SELECT n, n * interval '86.4 ms' AS at FROM generate_series(%(first)s::bigint, %(last)s) AS n) AS made
    JOIN texts AS one ON one.place = n %% 100 JOIN texts AS two ON two.place = n / 100 %% 100"""
JUDGE_CALLS = """
    INSERT INTO assay.judge_calls (request_hash, project, dimension, judge, provider_name, request_model, outcome,
        reply, input_tokens, output_tokens, cost, latency_ms, called_at)
    SELECT md5(n::text), 'project-' || n %% 12, 'dimension-' || n %% 3, 'rubric', 'openai', 'judge', 'ok', text,
           2000, 200, CASE WHEN n %% 50 <> 0 THEN 0.0004 END, 900, %(start)s + n * interval '288 ms'
    FROM generate_series(0::bigint, %(last)s) AS n JOIN texts ON place = n %% 100"""
MONTH = """
    INSERT INTO assay.costs_daily (day, project, model, kind, environment, prompt_version, user_group, provider_name,
        price_source, calls, unpriced, input_tokens, output_tokens, cached_input_tokens, cost)
    SELECT %(first)s + number, project, model, kind, environment, prompt_version, user_group, provider_name,
           price_source, greatest(calls / 3, 1), unpriced / 3, input_tokens / 3, output_tokens / 3,
           cached_input_tokens / 3, cost / 3
    FROM assay.costs_daily, generate_series(0, %(days)s - 1) AS number
    WHERE day = %(day)s AND %(first)s + number <> %(day)s"""


def fill(dsn: str, rows: int) -> float:
    """Put the day into an empty store; returns kB of heap for each interaction."""
    with connect(dsn) as connection:
        connection.execute("DROP INDEX assay.interactions_by_words")
        connection.execute("SELECT assay.ensure_partitions(%s, %s)", (START, START + timedelta(days=1)))
        connection.execute(TEXTS)
        _interactions(connection, 0, rows - 1)
        connection.execute(JUDGE_CALLS, {"start": START, "last": round(JUDGED * rows) - 1})
    _vacuum(dsn)
    with connect(dsn) as connection:
        (size,) = connection.execute("SELECT pg_relation_size('assay.interactions_2026_11')").fetchone() or (0,)
    return round(float(size) / rows / 1000, 2)


def _interactions(connection: psycopg.Connection, first: int, last: int, late: timedelta = timedelta(0)) -> None:
    connection.execute(INTERACTIONS, {"start": START, "late": late, "first": first, "last": last})


def _vacuum(dsn: str) -> None:
    with connect(dsn) as connection:
        connection.autocommit = True
        connection.execute("VACUUM ANALYZE assay.interactions, assay.judge_calls, assay.costs_daily")


def day_summed(dsn: str, count: int) -> dict[str, object]:
    """Seconds of the rollup of the day and of one plain pass over its rows, the best of some rounds that take turns.

    The rollup's seconds of processor are told as well: they are the same where others keep the machine busy.
    """
    passes, rollups, cpu = [], [], []
    with connect(dsn) as connection:
        costs, backend = Costs(connection), psutil.Process(connection.info.backend_pid)
        for _ in range(ROUNDS):
            passes.append(timed(lambda: _one_pass(connection))[0])
            before = sum(backend.cpu_times()[:2])
            seconds, rows = timed(lambda: costs.roll_up([DAY]))
            rollups.append(seconds)
            cpu.append(sum(backend.cpu_times()[:2]) - before)
        reconcile(connection)
        found, days = timed(lambda: costs.days_of(Window(START, START + timedelta(days=1))))
        connection.execute(TEXTS)
        _interactions(connection, count // 2, count // 2 + LATE - 1, timedelta(hours=30))
        corrected, _ = timed(lambda: costs.roll_up([DAY]))
        reconcile(connection)
        connection.rollback()
        Costs(connection).roll_up([DAY])
    assert days == [DAY]
    return {
        "interactions": count,
        "judge_calls": round(JUDGED * count),
        "rollup_s": min(rollups),
        "rollup_cpu_s": round(min(cpu), 2),
        "one_pass_s": min(passes),
        "ratio": round(min(rollups) / min(passes), 1),
        "rows": rows,
        "days_found_s": found,
        "with_late_rows_s": corrected,
        "goal_s": GOAL_DAY_S,
    }


def every_user_a_group(dsn: str) -> dict[str, object]:
    """The same day where the attribute that names the group is of another value in every row."""
    with connect(dsn) as connection:
        backend = psutil.Process(connection.info.backend_pid)
        before = sum(backend.cpu_times()[:2])
        seconds, rows = timed(lambda: Costs(connection, user_group="user").roll_up([DAY]))
        cpu = sum(backend.cpu_times()[:2]) - before
        reconcile(connection)
        connection.rollback()
    return {"rollup_s": seconds, "rollup_cpu_s": round(cpu, 2), "rows": rows}


def loops_found(dsn: str) -> dict[str, object]:
    """Seconds of the search for retry loops in the day, whose conversations have four calls each."""
    with connect(dsn) as connection:
        backend = psutil.Process(connection.info.backend_pid)
        before = sum(backend.cpu_times()[:2])
        seconds, found = timed(lambda: retry_loops(connection, Window(START, START + timedelta(days=1))))
        cpu = sum(backend.cpu_times()[:2]) - before
    return {"seconds": seconds, "cpu_s": round(cpu, 2), "loops": found.count}


def _one_pass(connection: psycopg.Connection) -> None:
    connection.execute("SELECT count(*), sum(cost) FROM assay.interactions_2026_11").fetchall()


def reconcile(connection: psycopg.Connection) -> None:
    """Assert that the sums are the rows', exactly."""
    rows = connection.execute(
        """SELECT count(*), count(*) - count(cost), sum(cost), sum(input_tokens) FROM (
               SELECT cost, input_tokens FROM assay.interactions
               UNION ALL SELECT cost, input_tokens FROM assay.judge_calls) AS calls"""
    ).fetchone()
    sums = connection.execute("SELECT sum(calls), sum(unpriced), sum(cost), sum(input_tokens) FROM assay.costs_daily")
    assert sums.fetchone() == rows, "the sums are not the rows'"


def month_told(dsn: str, directory: Path) -> dict[str, object]:
    """Seconds that the daily message, the weekly report and finance wait for the sums of a month."""
    first = MONTH_END.replace(day=1)
    with connect(dsn) as connection:
        connection.execute(MONTH, {"first": first, "days": MONTH_END.day, "day": DAY})
    _vacuum(dsn)
    week, settings = (
        Window(START, START + timedelta(days=7)),
        Settings(store_dsn=SecretStr(dsn), source_dsn=SecretStr("")),
    )
    with connect(dsn) as connection:
        counted = connection.execute("SELECT count(*), sum(calls) FROM assay.costs_daily").fetchone() or (0, 0)
        costs, records = Costs(connection), WeekOfStore(connection)
        days = DAY - timedelta(days=7), DAY + timedelta(days=6)
        seconds = {
            "whole_month_s": timed(lambda: total(costs.between(first, MONTH_END)))[0],
            "daily_message_s": timed(lambda: summaries(settings, connection, MONTH_END))[0],
            "weekly_report_s": timed(lambda: spending_of(records.costs(*days), week))[0],
            "csv_export_s": timed(lambda: export(dsn, first, MONTH_END, directory / "costs.csv"))[0],
            "parquet_export_s": timed(lambda: export(dsn, first, MONTH_END, directory / "costs.parquet"))[0],
        }
    return {"rollup_rows": counted[0], "calls": int(counted[1]), **seconds, "goal_s": GOAL_MONTH_S}


def timed(do: Callable[[], T]) -> tuple[float, T]:
    """Seconds, and what it returned."""
    started = time.perf_counter()
    found = do()
    return round(time.perf_counter() - started, 2), found


def told(name: str, figures: T) -> T:
    """The figures, once they are printed."""
    print(f"{name}: {figures}", flush=True)
    return figures


def explained(dsn: str) -> str:
    """The plan of the statement that sums the interactions, as it was carried out."""
    given = {"day": DAY, "start": START, "end": START + timedelta(days=1), "user_group": "user_group", "places": 50}
    with connect(dsn) as connection:
        for statement in ROLL_UP[:-2]:
            connection.execute(statement.encode(), given)
        plan = connection.execute(f"EXPLAIN (ANALYZE, BUFFERS) {ROLL_UP[-2]}".encode(), given).fetchall()
        connection.rollback()
    return "\n".join(line for (line,) in plan)


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    parser.add_argument("--explain", action="store_true", help="the plan of the rollup")
    parser.add_argument("--rows", type=int, default=A_DAY, help="interactions of the day")
    asked = parser.parse_args()
    directory = Path(tempfile.mkdtemp(prefix="assay-bench-"))
    try:
        with empty_store(directory, durable=True) as dsn:
            found: dict[str, object] = {"heap_kb": told("kB of heap for each interaction", fill(dsn, asked.rows))}
            found["day"] = told("a day", day_summed(dsn, asked.rows))
            found["every_user_a_group"] = told("a day where every user is a group", every_user_a_group(dsn))
            found["retry_loops"] = told("retry loops of a day", loops_found(dsn))
            if asked.explain:
                print(explained(dsn))
            found["month"] = told("a month", month_told(dsn, directory))
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    if asked.json:
        print(json.dumps(found))


if __name__ == "__main__":
    main()

"""`make demo`: four weeks of an invented world through the real Airflow, and at the end what was found and where.

Exit status 0 only if every expected DAG run succeeded and the coverage ledger closed in every run.
"""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg

from demo.estimate import expectation, share_of
from demo.play import Play, PlayError, Run
from demo.progress import Progress
from demo.state import Demo, choose_world, is_another, remember, start_afresh
from demo.summary import summarize
from demo.world import World, load
from include.errors import AssayError
from include.settings import judge_from_environment
from local.errors import LocalError
from local.layout import Layout, start_databases
from local.runtime import Running, Runtime


def main(arguments: list[str] | None = None) -> int:
    """Run the demo; returns the exit status."""
    options = _options(arguments)
    progress = Progress()
    try:
        return _run(options, Layout(), progress)
    except (AssayError, LocalError, PlayError) as error:
        print(f"\ndemo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ndemo: interrupted; what was done is kept, `make demo` goes on from there", file=sys.stderr)
        return 130


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m demo", description=__doc__)
    parser.add_argument("--seed", help="another world; the default is that of the last time, at first 7")
    parser.add_argument("--end", help="the UTC day at whose midnight the world ends, as 2026-01-31; at first today")
    parser.add_argument(
        "--sample", type=int, default=400, help="with a real judge: about how many interactions it judges"
    )
    return parser.parse_args(arguments)


def _run(options: argparse.Namespace, layout: Layout, progress: Progress) -> int:
    memory = layout.state / "demo.json"
    world = choose_world(memory, options.seed, options.end, datetime.now(UTC))
    judge = judge_from_environment()
    demo = Demo(world, judge, share_of(judge, options.sample))
    if is_another(memory, demo):
        progress.step("afresh", "another world or judge than the last time: the demo's store is emptied")
        Runtime(layout).stop()
        start_afresh(layout)
    progress.step("world", f"{world.days} days of four applications until {world.end:%Y-%m-%d}, seed {world.seed}")
    rows = _log(world, start_databases(layout).source_owner_dsn)
    remember(memory, demo)
    progress.step("database", f"embedded Postgres; the applications have logged {rows:,} interactions")
    progress.step("judge", _judge(demo))
    with Runtime(layout).running(_variables(demo)) as running:
        progress.step("airflow", f"healthy at {running.api.base_url} (it stops when the demo ends)")
        runs = Play(world, running.api, running.databases.store_dsn, progress).run()
        return _end(demo, layout, running, runs, progress)


def _log(world: World, owner_dsn: str) -> int:
    """Write the world into the applications' log, which Assay's role may only read; returns its rows."""
    rows = load(world, owner_dsn)
    with psycopg.connect(owner_dsn) as app:
        app.execute("GRANT USAGE ON SCHEMA public TO assay_reader")
        app.execute("GRANT SELECT ON llm_interactions TO assay_reader")
    return rows


def _variables(demo: Demo) -> dict[str, str]:
    """What tells the DAGs which windows the scheduler starts by itself: the hours of the last day."""
    return {
        "ASSAY_START_DATE": demo.world.live_start.isoformat(),
        "ASSAY_END_DATE": (demo.world.end - timedelta(minutes=1)).isoformat(),
        "ASSAY_SAMPLING": str(Path(__file__).with_name("sampling.yaml")),
        "ASSAY_CONTRACTS": str(Path(__file__).with_name("contracts.yaml")),
        "ASSAY_BUDGETS": str(Path(__file__).with_name("budgets.yaml")),
        "ASSAY_SAMPLE_RATE": str(demo.sample),
        # Only what the estimate counts is asked of a judge that costs money.
        **({} if demo.judge.backend == "offline" else {"ASSAY_PROBES": "0"}),
        "ASSAY_PRELOAD": "include.pipeline",  # nobody edits code while the demo runs, and each task starts sooner
    }


def _judge(demo: Demo) -> str:
    if demo.judge.backend == "offline":
        return "offline: fixed rules without a key, a stand-in and not an LLM"
    return f"{demo.judge.model} at {demo.judge.base_url}: {expectation(demo.world, demo.judge, demo.sample)}"


def _end(demo: Demo, layout: Layout, running: Running, runs: list[Run], progress: Progress) -> int:
    with psycopg.connect(running.databases.store_dsn) as store:
        summary = summarize(store, demo.world, layout.state)
    failed = [f"{run['dag_id']} {run['dag_run_id']}" for run in runs if run["state"] != "success"]
    print(f"\n{summary.text}\n")
    if failed:
        print(f"FAILED: {len(failed)} of {len(runs)} DAG runs: {', '.join(failed[:5])}; look with `make up`")
    minutes, seconds = divmod(int(progress.seconds), 60)
    print(f"{len(runs) - len(failed)} of {len(runs)} DAG runs succeeded, in {minutes} min {seconds} s.")
    return 1 if failed or not summary.closes else 0


if __name__ == "__main__":
    sys.exit(main())

"""The DAG files: they parse, cheaply, and each tells what red means."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DAGS = ROOT / "dags"
EXPECTED = {
    "score_interactions",
    "score_delayed",
    "backfill_interactions",
    "watch_quality",
    "watch_assay",
    "summarize_costs",
    "report_weekly",
    "probe_judges",
    "rejudge_interaction",
    "tend_store",
}
HEAVY = ("ragas", "evidently", "great_expectations", "pandas", "scipy", "statsmodels", "langchain", "nltk", "sklearn")


@pytest.fixture(scope="module")
def dags() -> dict:
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(DAGS)
    assert bag.import_errors == {}
    return bag.dags


def test_exactly_the_promised_dags_exist(dags: dict) -> None:
    assert set(dags) == EXPECTED


@pytest.mark.parametrize("dag_id", sorted(EXPECTED))
def test_every_dag_has_an_owner_a_tag_retries_and_a_runbook_that_says_what_red_means(dags: dict, dag_id: str) -> None:
    dag = dags[dag_id]
    assert "What red means" in dag.doc_md
    assert "assay" in dag.tags
    for task in dag.tasks:
        assert task.owner == "assay"
        assert task.retries >= 1
        assert task.retry_policy is not None


def test_a_scored_window_is_one_hour_half_open(dags: dict) -> None:
    import pendulum
    from airflow.serialization.serialized_objects import DagSerialization

    as_the_scheduler_sees_it = DagSerialization.from_dict(DagSerialization.to_dict(dags["score_interactions"]))
    interval = as_the_scheduler_sees_it.timetable.infer_manual_data_interval(
        run_after=pendulum.datetime(2026, 11, 20, 5)
    )
    assert interval.end - interval.start == timedelta(hours=1)


def test_windows_of_a_source_are_scored_in_their_order(dags: dict) -> None:
    assert dags["score_interactions"].max_active_runs == 1
    assert dags["watch_quality"].max_active_runs == 1


def test_only_a_backfill_starts_the_daily_windows_of_the_past() -> None:
    import pendulum
    from airflow.timetables.base import TimeRestriction

    from include.timetable import ByBackfillOnly

    table = ByBackfillOnly("0 0 * * *", timezone="UTC")
    start = pendulum.datetime(2026, 11, 1)
    asked_by_scheduler = table.next_dagrun_info(
        last_automated_data_interval=None, restriction=TimeRestriction(start, None, catchup=False)
    )
    asked_by_backfill = table.next_dagrun_info(
        last_automated_data_interval=None, restriction=TimeRestriction(start, None, catchup=True)
    )
    assert asked_by_scheduler is None
    assert asked_by_backfill is not None
    assert asked_by_backfill.data_interval == (start, start.add(days=1))


def test_parsing_every_dag_imports_nothing_heavy_and_opens_no_connection() -> None:
    script = f"""
import runpy, socket, sys
def refuse(*args): raise AssertionError("a DAG file opened a connection while it was parsed")
socket.socket.connect = refuse
for path in {[str(path) for path in sorted(DAGS.glob("*.py"))]!r}:
    runpy.run_path(path)
print([name for name in {HEAVY!r} if name in sys.modules])
"""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "AIRFLOW__CORE__UNIT_TEST_MODE": "true"}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.strip().splitlines()[-1] == "[]"


@pytest.mark.parametrize("path", sorted(DAGS.glob("*.py")), ids=lambda path: path.stem)
def test_a_dag_file_is_wiring_only(path: Path) -> None:
    tree = ast.parse(path.read_text())
    modules = {
        name.split(".")[0]
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert modules <= {"__future__", "airflow", "include", "typing", "datetime"}


def test_nothing_imports_from_the_dags() -> None:
    offenders = [
        str(path.relative_to(ROOT))
        for folder in ("include", "plugins", "demo", "local", "benchmarks")
        for path in (ROOT / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "dags"
    ]
    assert offenders == []

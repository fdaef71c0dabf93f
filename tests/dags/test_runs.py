"""Every DAG as Airflow runs it, task by task, on a real store: what succeeds, what fails, what passes between."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest

from tests.fakes.airflow_runs import AirflowRuns, DagRun
from tests.fakes.installation import DAY, HOUR, NINE, PASSAGES, QUESTIONS, RIGHT, Installation, installed, rows
from tests.fakes.judge import CLOSED, connection, judging, refusing

Runs = Callable[..., DagRun]


@pytest.fixture(scope="module")
def airflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AirflowRuns]:
    it = AirflowRuns(tmp_path_factory.mktemp("airflow"))
    yield it
    it.stop()


@pytest.fixture
def assay(store_dsn: str, source_dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installation:
    return installed(store_dsn, source_dsn, tmp_path, monkeypatch)


@pytest.fixture
def run(airflow: AirflowRuns, assay: Installation) -> Runs:
    """Runs a DAG on the installation; keyword arguments are further environment variables."""

    def run(dag_id: str, logical_date: datetime | None = None, **further: str) -> DagRun:
        return airflow.run(dag_id, logical_date, assay.environment | further)

    return run


def states(run: DagRun) -> set[str]:
    return {state for state, _ in run.tasks.values()}


def test_a_day_in_the_life_of_every_dag(airflow: AirflowRuns, assay: Installation, run: Runs) -> None:
    assay.log(*rows(40, NINE))
    scored = run("score_interactions", NINE + HOUR, ASSAY_SHARD_SIZE="25")
    assert set(scored.tasks) == {"extract", "validate", "plan_shards", "score[0]", "score[1]", "settle"}
    assert assay.ask("SELECT live, status, logged, scored, gap FROM runs") == [(True, "settled", 40, 40, 0)]
    runs = [
        scored,
        run("score_interactions", NINE + 2 * HOUR),  # nothing was logged: nothing to map over, and yet settled
        run("watch_quality"),
        run("probe_judges", NINE.replace(hour=0) + DAY),
        run("summarize_costs", NINE.replace(hour=0) + DAY),
        run("report_weekly", NINE.replace(hour=0) + 3 * DAY),
        run("tend_store", NINE),
        run("watch_assay", NINE),
    ]
    assert [one.state for one in runs] == ["success"] * len(runs)
    assert [states(one) - {"skipped"} for one in runs] == [{"success"}] * len(runs)
    assert assay.ask("SELECT logged, gap FROM runs ORDER BY window_start") == [(40, 0), (0, 0)]
    assert assay.ask("SELECT count(*) FROM runs WHERE evaluated_at IS NULL OR alerted_at IS NULL") == [(0,)]
    assert assay.ask("SELECT count(*) FROM costs_daily") == [(1,)]
    assert assay.ask("SELECT count(*) FROM reports") == [(1,)]

    asked = {"interaction_id": "20T0900-0-right", "logged_at": NINE.isoformat()}
    runs.append(airflow.run("rejudge_interaction", None, assay.environment, conf=asked))
    assert (runs[-1].state, states(runs[-1])) == ("success", {"success"})
    assert assay.ask("SELECT interaction_id, who, before = after FROM rejudgements") == [
        ("20T0900-0-right", "dag_test", True)
    ]
    gone = airflow.run("rejudge_interaction", None, assay.environment, conf={**asked, "interaction_id": "gone"})
    assert (gone.state, gone.tasks["judge"]) == ("failed", ("failed", 1)), "retries could not help"
    assert "PageMissing: the store has this interaction no more" in gone.log

    passed = json.dumps([one.xcom for one in runs])
    assert "native/" in passed
    assert not [text for text in (*PASSAGES, *QUESTIONS, *RIGHT) if text in passed], "rows do not travel by XCom"
    logged = "".join(one.log for one in runs)
    assert not [text for text in (*PASSAGES, *QUESTIONS, *RIGHT) if text in logged], "nor do they stand in logs"


def test_a_judge_that_is_down_leaves_a_run_that_ends_an_alert_and_a_retry_that_mends_it(
    assay: Installation, run: Runs, tmp_path: Path
) -> None:
    assay.log(*rows(12, NINE), *rows(3, NINE + HOUR))
    down = connection(CLOSED, deadline_s=0.2)
    assert run("score_interactions", NINE + HOUR, AIRFLOW_CONN_ASSAY_JUDGE=down).state == "success"
    assert assay.ask("SELECT logged, scored, failed, gap FROM runs") == [(12, 0, 12, 0)]
    assert assay.ask("SELECT DISTINCT error_type, retryable, attempts FROM score_failures") == [
        ("judge_unreachable", True, 1)
    ]
    assert run("watch_quality", AIRFLOW_CONN_ASSAY_JUDGE=down).state == "success"
    assert ("judge-failing",) in assay.ask("SELECT labels ->> 'alertname' FROM alerts WHERE state = 'firing'")
    assert len(assay.outbox()) == 1

    with judging(tmp_path / "calls") as address:
        up = run("score_interactions", NINE + 2 * HOUR, AIRFLOW_CONN_ASSAY_JUDGE=connection(address))
    assert up.state == "success"
    assert assay.ask("SELECT logged, scored, failed, gap FROM runs ORDER BY window_start") == [
        (12, 12, 0, 0),
        (3, 3, 0, 0),
    ]
    assert assay.ask("SELECT count(*) FROM score_failures") == [(0,)]


def test_a_wrong_key_fails_the_task_at_once_with_one_line_and_the_right_one_mends_it(
    assay: Installation, run: Runs, tmp_path: Path
) -> None:
    assay.log(*rows(12, NINE))
    with refusing() as address:
        failed = run("score_interactions", NINE + HOUR, AIRFLOW_CONN_ASSAY_JUDGE=connection(address))
    assert (failed.state, failed.tasks["score[0]"]) == ("failed", ("failed", 1)), "retries could not help"
    [line] = [line for line in failed.log.splitlines() if line.startswith("include.errors.")]
    assert line.startswith("include.errors.JudgeMisconfigured: judge gpt-4.1-mini at http://127.0.0.1:")
    assert line.endswith(
        "401 Incorrect API key provided. "
        "Remedy: mend the key: password of the Airflow connection assay_judge, or JUDGE_API_KEY"
    )
    assert assay.ask("SELECT count(*) FROM score_failures") == [(0,)], "it is not the interactions' fault"
    alert = "SELECT labels->>'segment', state, sentence FROM alerts WHERE labels->>'alertname' = 'task-failed'"
    ((task, state, sentence),) = assay.ask(alert)
    assert (task, state) == ("dag=score_interactions, task=score", "firing")
    assert sentence.startswith("Task score[0] of score_interactions failed: judge gpt-4.1-mini at")

    with judging(tmp_path / "calls") as address:
        mended = run("score_interactions", NINE + HOUR, AIRFLOW_CONN_ASSAY_JUDGE=connection(address))
    assert mended.state == "success"
    assert assay.ask("SELECT logged, scored, gap FROM runs") == [(12, 12, 0)]
    assert [state for _, state, _ in assay.ask(alert)] == ["resolved"]

"""Shards that wait for batches: what Airflow makes of it, what travels with the trigger, what it survives."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from include import pipeline
from include.batch_wait import BatchesEnd
from tests.fakes.airflow_runs import AirflowRuns
from tests.fakes.batch_server import KEY, Provider, provider
from tests.fakes.installation import DAY, HOUR, NINE, Installation, installed, row, rows

ROOT = Path(__file__).parents[2]
CALLS = 12 + 12 + 4 + 4
"""Of twelve interactions with four answers: tone and statements are asked for once for each answer."""


@pytest.fixture(scope="module")
def airflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AirflowRuns]:
    runs = AirflowRuns(tmp_path_factory.mktemp("airflow"))
    yield runs
    runs.stop()


def environment(assay: Installation) -> dict[str, str]:
    """The installation's, and what the test has set."""
    names = ("AIRFLOW_CONN_ASSAY_JUDGE", "ASSAY_SHARD_SIZE", "ASSAY_JUDGING")
    return assay.environment | {name: os.environ[name] for name in names}


@pytest.fixture
def openai() -> Iterator[Provider]:
    with provider() as it:
        yield it


@pytest.fixture
def assay(
    store_dsn: str, source_dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, openai: Provider
) -> Installation:
    """Twelve interactions, two shards, and a judge that has batches."""
    assay = installed(store_dsn, source_dsn, tmp_path, monkeypatch)
    assay.log(*rows(12, NINE))
    extra = {"model": "gpt-4o-mini", "concurrency": 4}
    judge = {"conn_type": "generic", "host": openai.url, "password": KEY, "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_ASSAY_JUDGE", json.dumps(judge))
    monkeypatch.setenv("ASSAY_SHARD_SIZE", "6")
    return assay


def judge_in_batches(where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "judging.yaml"
    path.write_text(f"judging:\n  batch: {where}\n")
    monkeypatch.setenv("ASSAY_JUDGING", str(path))


def test_shards_of_a_backfill_wait_for_their_batches_and_are_then_scored_without_a_live_call(
    airflow: AirflowRuns, assay: Installation, openai: Provider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge_in_batches("backfills", tmp_path, monkeypatch)
    run = airflow.run("backfill_interactions", NINE.replace(hour=0) + DAY, environment(assay))
    assert run.state == "success"
    names = {"extract", "validate", "plan_shards", "plan_batches", "settle"}
    assert run.tasks.keys() == names | {f"{task}[{index}]" for task in ("batch", "score") for index in range(2)}
    assert openai.live == []
    assert assay.ask("SELECT count(*), count(DISTINCT dimension) FROM scores") == [(36, 3)]
    assert assay.ask("SELECT mode, count(*) FROM judge_calls GROUP BY 1") == [("batch", CALLS)]
    assert set(openai.paid.values()) == {1}
    assert assay.ask("SELECT DISTINCT status FROM judge_batches") == [("collected",)]
    assert assay.ask("SELECT live, logged, scored, gap FROM runs") == [(False, 12, 12, 0)]


def test_where_nobody_asks_for_batches_no_task_waits(
    airflow: AirflowRuns, assay: Installation, openai: Provider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge_in_batches("never", tmp_path, monkeypatch)
    run = airflow.run("backfill_interactions", NINE.replace(hour=0) + DAY, environment(assay))
    assert run.state == "success"
    assert {name for name in run.tasks if name.startswith("batch")} == {"batch"}
    assert run.tasks["batch"][0] == "skipped"
    assert openai.batches == {}
    assert assay.ask("SELECT mode, count(*) FROM judge_calls GROUP BY 1") == [("live", CALLS)]
    nobody = airflow.run("score_delayed", NINE + DAY, environment(assay))
    assert (nobody.state, nobody.tasks["find_delayed"][0]) == ("success", "success")
    assert {state for name, (state, _) in nobody.tasks.items() if name != "find_delayed"} == {"skipped"}


def test_a_project_that_may_wait_is_put_off_by_the_hourly_runs_and_judged_in_batches_by_the_daily_one(
    airflow: AirflowRuns, assay: Installation, openai: Provider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "judging.yaml").write_text("projects:\n  pool:\n    delay: true\n")
    monkeypatch.setenv("ASSAY_JUDGING", str(tmp_path / "judging.yaml"))
    assay.log(*({**one, "interaction_id": f"s{n}", "project": "sauna"} for n, one in enumerate(rows(2, NINE))))
    for hour in (1, 2):
        assert airflow.run("score_interactions", NINE + hour * HOUR, environment(assay)).state == "success"
    ledgers = "SELECT logged, scored, failed, gap FROM runs ORDER BY window_start"
    assert assay.ask(ledgers) == [(14, 2, 12, 0), (0, 0, 0, 0)]
    postponed = "SELECT DISTINCT error_type, retryable, attempts FROM score_failures"
    assert assay.ask(postponed) == [("judge_postponed", True, 0)]
    assert len(openai.live) == 8, "nobody but the other project was called"

    run = airflow.run("score_delayed", NINE + DAY, environment(assay))
    assert (run.state, {state for state, _ in run.tasks.values()}) == ("success", {"success"})
    assert assay.ask(ledgers) == [(14, 14, 0, 0), (0, 0, 0, 0)]
    assert len(openai.live) == 8
    assert set(openai.paid.values()) == {1}


async def fired(trigger: BatchesEnd) -> Any:
    async for event in trigger.run():
        return event.payload
    raise AssertionError("it fired nothing")


def submitted() -> dict[str, Any]:
    [shard, _] = pipeline.plan_shards(pipeline.validate(pipeline.extract(NINE, NINE + HOUR, live=False)))
    return pipeline.submit_batches(shard)


def test_a_trigger_that_is_made_anew_in_another_triggerer_waits_for_the_same_batches(
    assay: Installation, openai: Provider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge_in_batches("backfills", tmp_path, monkeypatch)
    waited = submitted()
    path, kwargs = BatchesEnd(waited, 1, 0.01).serialize()
    assert path == "include.batch_wait.BatchesEnd"
    restarted = BatchesEnd(**json.loads(json.dumps(kwargs)))
    assert asyncio.run(fired(restarted)) == {"waited": waited, "number": 1}
    assert pipeline.collect_batches(waited["batches"]) == []
    assert KEY not in json.dumps(kwargs), "connections are looked up, and not carried"


def test_a_batch_that_is_due_wakes_the_task_that_cancels_it_and_then_only_when_it_has_ended(
    assay: Installation, openai: Provider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge_in_batches("backfills", tmp_path, monkeypatch)
    openai.fate = "stuck"
    monkeypatch.setenv("ASSAY_BATCH_HOURS", str(1 / 3600))
    waited = submitted()
    assert asyncio.run(fired(BatchesEnd(waited, 1, 0.01))) == {"waited": waited, "number": 1}
    assert datetime.now(UTC) >= datetime.fromisoformat(waited["due_at"])
    assert pipeline.collect_batches(waited["batches"]) == waited["batches"]
    asyncio.run(fired(BatchesEnd(waited, 1, 0.01)))
    assert pipeline.collect_batches(waited["batches"]) == []
    assert [batch.state for batch in openai.batches.values()] == ["cancelled"]


def test_only_projects_that_have_batches_go_through_them(
    assay: Installation, openai: Provider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "judging.yaml").write_text("projects:\n  sauna:\n    delay: true\n")
    monkeypatch.setenv("ASSAY_JUDGING", str(tmp_path / "judging.yaml"))
    assay.log({**row(1, NINE), "interaction_id": "s", "project": "sauna"})
    shards = pipeline.plan_shards(pipeline.validate(pipeline.extract(NINE, NINE + HOUR, live=False)))
    assert pipeline.plan_batches(shards) == shards
    sent = [pipeline.submit_batches(shard)["batches"] for shard in shards]
    assert sorted(map(len, sent)) == [0, 0, 1]
    assert assay.ask("SELECT DISTINCT project FROM judge_batch_requests") == [("sauna",)]


def test_nothing_is_sent_after_the_time_for_batches_is_over(
    assay: Installation, openai: Provider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge_in_batches("backfills", tmp_path, monkeypatch)
    [shard, _] = pipeline.plan_shards(pipeline.validate(pipeline.extract(NINE, NINE + HOUR, live=False)))
    over = (datetime.now(UTC) - timedelta(seconds=1)).isoformat()
    assert pipeline.submit_batches(shard, over) == {"batches": [], "due_at": over}
    assert openai.batches == {}

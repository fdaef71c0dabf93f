"""A budget for judging, through the pipeline: each step of the ladder, and what is told of it."""

from __future__ import annotations

import json
import threading
import time
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest

from include import pipeline
from include.errors import ConfigError
from tests.fakes.batch_server import KEY, provider
from tests.fakes.installation import HOUR, NINE, Installation, row, rows
from tests.fakes.judge import connection, judging


def budget(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, usd: str, cheaper: str | None = "small") -> None:
    """Project pool may be judged for that much a day, by model `small` where it has to be cheaper."""
    file = tmp_path / "judging.yaml"
    file.write_text(f"projects:\n  pool:\n    budget_usd_per_day: {usd}\n    cheaper: {cheaper or 'null'}\n")
    monkeypatch.setenv("ASSAY_JUDGING", str(file))


def judged_by(assay: Installation) -> set[str]:
    return {model for (model,) in assay.ask("SELECT DISTINCT request_model FROM judge_calls WHERE project = 'pool'")}


def step(assay: Installation) -> list[tuple[str]]:
    return assay.ask("SELECT budget -> 'pool' ->> 'step' FROM runs ORDER BY window_start")


@pytest.mark.parametrize(
    ("usd", "expected_step", "models", "sampled"),
    [
        ("10", 0, {"gpt-4.1-mini"}, 40),
        # 40 interactions are expected to cost 0.07 USD, and 0.018 USD with the smaller model.
        ("0.05", 1, {"gpt-4.1-nano"}, 40),
        ("0.01", 2, {"gpt-4.1-nano"}, range(3, 22)),
        ("0.0001", 3, {"gpt-4.1-nano"}, range(2, 5)),
    ],
)
def test_a_run_is_judged_as_far_down_the_ladder_as_its_budget_asks(
    assay: Installation,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    usd: str,
    expected_step: int,
    models: set[str],
    sampled: int | range,
) -> None:
    assay.log(*rows(38, NINE), *(row(100 + number, NINE, attributes={"flagged": True}) for number in range(2)))
    budget(tmp_path, monkeypatch, usd)
    with judging(tmp_path / "calls") as address:
        monkeypatch.setenv("AIRFLOW_CONN_ASSAY_JUDGE", connection(address))
        monkeypatch.setenv("AIRFLOW_CONN_ASSAY_JUDGE_SMALL", connection(address, model="gpt-4.1-nano"))
        ledger = assay.run()
        assert assay.run() == ledger, "the same window again costs nothing and changes nothing"
    assert step(assay) == [(str(expected_step),)]
    assert judged_by(assay) == models
    assert ledger["logged"] == 40
    assert ledger["scored"] + ledger["excluded"] == 40
    assert ledger["scored"] in (sampled if isinstance(sampled, range) else {sampled})
    [(twice,)] = assay.ask("SELECT count(*) - count(DISTINCT request_hash) FROM judge_calls")
    assert twice == 0


def test_money_that_runs_out_during_a_run_shrinks_what_is_left_of_its_sample_and_is_told(
    assay: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assay.log(*rows(200, NINE))
    budget(tmp_path, monkeypatch, "1")
    with judging(tmp_path / "calls", latency_s=0.25) as address:
        monkeypatch.setenv("AIRFLOW_CONN_ASSAY_JUDGE", connection(address))
        monkeypatch.setenv("AIRFLOW_CONN_ASSAY_JUDGE_SMALL", connection(address, model="gpt-4.1-nano"))
        run_id, [shard] = assay.admit()

        def somebody_else_spends() -> None:
            deadline = time.monotonic() + 30
            while time.monotonic() < deadline and assay.ask("SELECT count(*) FROM scores") < [(20,)]:
                time.sleep(0.05)
            with psycopg.connect(assay.store) as store:
                store.execute(
                    """INSERT INTO assay.judge_calls (request_hash, project, dimension, judge, provider_name,
                           request_model, outcome, cost, latency_ms, called_at)
                       VALUES ('x', 'pool', 'd', 'j', 'p', 'm', 'ok', 2, 1, now())"""
                )

        other = threading.Thread(target=somebody_else_spends)
        other.start()
        pipeline.score(shard)
        other.join()
        ledger = pipeline.settle(run_id)
    assert ledger["scored"] + ledger["excluded"] == 200
    assert 20 <= ledger["scored"] < 190
    assert step(assay) == [("3",)]
    rates = dict(assay.ask("SELECT sampling_rate, count(*) FROM interactions GROUP BY 1"))
    assert rates.keys() == {1.0, 0.01}, "what was judged before counts once, the rest a hundredfold"
    assay.watch()
    [(sentence,)] = assay.ask("SELECT sentence FROM alerts WHERE labels ->> 'alertname' = 'judge-budget'")
    assert "only what the always-judge rules name is judged" in sentence
    assert Decimal(assay.ask("SELECT budget -> 'pool' ->> 'spent' FROM runs")[0][0]) > 2


def test_a_backfill_in_batches_counts_what_waits_in_batches_at_half_the_price_before_it_sends_more(
    assay: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "judging.yaml"
    file.write_text("projects:\n  pool: {batch: backfills, budget_usd_per_day: 1}\n")
    monkeypatch.setenv("ASSAY_JUDGING", str(file))
    monkeypatch.setenv("ASSAY_SHARD_SIZE", "100")
    assay.log(*rows(200, NINE))
    with provider() as openai:
        judge = {"conn_type": "generic", "host": openai.url, "password": KEY, "extra": {"model": "gpt-4o-mini"}}
        monkeypatch.setenv("AIRFLOW_CONN_ASSAY_JUDGE", json.dumps(judge))
        _, [first, second] = assay.admit(live=False)
        pipeline.submit_batches(first)
        [(requests, expected)] = assay.ask("SELECT count(*), sum(expected) FROM judge_batch_requests")
        with psycopg.connect(assay.store) as store:  # as if each cost a thousand times as much
            store.execute("UPDATE assay.judge_batch_requests SET expected = 1000 * expected")
        pipeline.submit_batches(second)
        [(all_requests,)] = assay.ask("SELECT count(*) FROM judge_batch_requests")
    assert step(assay) == [("3",)]
    assert requests <= all_requests < 1.2 * requests
    per_call = expected / requests
    # About 700 input and 120 output tokens at 0.15 and 0.6 USD a million, of which a batch costs half.
    assert Decimal("0.00005") < per_call < Decimal("0.0002")


def test_a_budget_that_cannot_be_kept_since_a_price_is_unknown_stops_before_money_is_spent(
    assay: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assay.log(*rows(4, NINE))
    budget(tmp_path, monkeypatch, "1", cheaper=None)
    with judging(tmp_path / "calls") as address:
        monkeypatch.setenv("AIRFLOW_CONN_ASSAY_JUDGE", connection(address, model="nobody-knows-it"))
        with pytest.raises(ConfigError, match=r"price of its judge is unknown\. Remedy: "):
            assay.admit()
    assert (tmp_path / "calls").read_text() == ""


def test_a_new_day_starts_anew(assay: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assay.log(*rows(4, NINE), *rows(4, NINE + HOUR))
    with psycopg.connect(assay.store) as store:
        store.execute(
            """INSERT INTO assay.judge_calls (request_hash, project, dimension, judge, provider_name, request_model,
                   outcome, cost, latency_ms, called_at)
               VALUES ('x', 'pool', 'd', 'j', 'p', 'm', 'ok', 99, 1, now() - %s)""",
            (timedelta(days=1),),
        )
    budget(tmp_path, monkeypatch, "10")
    with judging(tmp_path / "calls") as address:
        monkeypatch.setenv("AIRFLOW_CONN_ASSAY_JUDGE", connection(address))
        monkeypatch.setenv("AIRFLOW_CONN_ASSAY_JUDGE_SMALL", connection(address, model="gpt-4.1-nano"))
        assert assay.run()["scored"] == 4
    assert step(assay) == [("0",)]

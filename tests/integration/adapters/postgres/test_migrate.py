"""The store's schema, on a real Postgres."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime

import psycopg
import pytest
from psycopg.types.json import Jsonb

from include.adapters.postgres import connect, migrate
from include.domain.score import epoch_set
from include.errors import StoreSchemaError, StoreUnreachable

TABLES = {
    *("runs", "staged", "interactions", "quarantine", "judge_epochs", "scores", "score_failures", "composites"),
    *("judge_calls", "segments_hourly", "rule_results", "alerts", "silences", "notification_log", "costs_daily"),
    *("reports", "first_seen", "judge_batches", "bias_probes", "fence"),
}


def test_migrating_twice_and_at_the_same_time_changes_nothing(source_dsn: str) -> None:
    command = [sys.executable, "-m", "include.adapters.postgres.migrate"]
    at_once = [subprocess.Popen(command, env=os.environ | {"ASSAY_STORE_DSN": source_dsn}) for _ in range(3)]
    assert [process.wait(60) for process in at_once] == [0, 0, 0]
    migrate(source_dsn)
    with connect(source_dsn) as connection:
        found = {
            row[0]
            for row in connection.execute(
                "SELECT relname FROM pg_class WHERE relnamespace = 'assay'::regnamespace AND relkind IN ('r', 'p')"
            )
        }
    assert found >= TABLES


def test_what_an_older_store_holds_is_carried_over(source_dsn: str) -> None:
    migrate(source_dsn, "0001")
    epochs = {"tone": "b1", "facts": "a1"}
    with connect(source_dsn) as connection:
        connection.execute("SELECT assay.ensure_partitions('2026-11-20', '2026-11-20')")
        connection.execute(
            """INSERT INTO assay.runs (run_id, source, window_start, window_end, live, status, started_at, epochs)
               VALUES ('r', 's', '2026-11-20', '2026-11-21', true, 'settled', now(), %s),
                      ('new', 's', '2026-11-21', '2026-11-22', true, 'extracted', now(), '{}')""",
            (Jsonb(epochs),),
        )
        connection.execute(
            """INSERT INTO assay.interactions (interaction_id, logged_at, source, occurred_at, project, environment,
                   user_input, response, request_model, prompt_version, sampled, sampling_rate)
               SELECT n::text, '2026-11-20'::timestamptz + n * interval '1 h', 's', now(), 'p', 'e', '', '', 'm', 'v1',
                   true, 0.5
               FROM generate_series(1, 3) AS n"""
        )
        connection.execute(
            """INSERT INTO assay.segments_hourly
               VALUES (now(), 'p', 'e', 'm', 'v1', 'facts', 'a1', 3, 6, 12, 3, 2, 0, 1, '{1,2}')"""
        )
    migrate(source_dsn)
    with connect(source_dsn) as connection:
        assert connection.execute("SELECT run_id, epochs FROM assay.runs ORDER BY 1").fetchall() == [
            ("new", {}),
            ("r", {"": {**epochs, "composite": epoch_set(list(epochs.values()))}}),
        ]
        seen = connection.execute("SELECT what, value, first_at FROM assay.first_seen ORDER BY 1").fetchall()
        first = datetime(2026, 11, 20, 1, tzinfo=UTC)
        assert seen == [("model", "m", first), ("prompt_version", "v1", first)]
        sums = connection.execute("SELECT bins, total_w2, total_sq_w2, heaviest FROM assay.segments_hourly").fetchone()
        assert sums == ([2.0, 4.0], 6.0, 4.0, 2.0)
        columns = "project, model, measure, epoch, n, weight, total, low, high, bins, total_w2, heaviest"
        [day], [hour] = (
            connection.execute(f"SELECT {columns} FROM assay.segments_{step}").fetchall()
            for step in ("daily", "hourly")
        )
        assert day == hour


def test_partitions_are_made_for_every_month_of_a_span_and_only_once(store_dsn: str) -> None:
    with connect(store_dsn) as connection:
        for _ in range(2):
            connection.execute("SELECT assay.ensure_partitions('2026-11-30T23:59Z', '2027-01-01T00:00Z')")
        names = connection.execute(
            """SELECT relname FROM pg_inherits JOIN pg_class ON oid = inhrelid
                   WHERE inhparent = 'assay.scores'::regclass ORDER BY 1"""
        ).fetchall()
    assert [name for (name,) in names] == ["scores_2026_11", "scores_2026_12", "scores_2027_01"]


def test_a_second_open_episode_of_an_alert_is_refused_by_the_database(store_dsn: str) -> None:
    insert = """INSERT INTO assay.alerts (fingerprint, starts_at, state, labels, sentence, evidence, annotations, live,
                breached, breached_at, updated_at, incident_id)
                VALUES ('f', %s, 'firing', '{}', '', '{}', '{}', true, 1, now(), now(), 'i')"""
    with pytest.raises(psycopg.errors.UniqueViolation), connect(store_dsn) as connection:
        connection.execute(insert, ("2026-11-01T00:00Z",))
        connection.execute(insert, ("2026-11-02T00:00Z",))


def test_a_store_without_migrations_names_the_remedy(source_dsn: str) -> None:
    with pytest.raises(StoreSchemaError, match=r"assay\.runs.*Remedy: migrate the store"), connect(source_dsn) as c:
        c.execute("SELECT * FROM assay.runs")


def test_an_unreachable_store_is_one_line_without_its_password() -> None:
    with pytest.raises(StoreUnreachable) as caught, connect("postgresql://assay:sesame@127.0.0.1:1/assay"):
        pass
    assert "127.0.0.1:1/assay" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "sesame" not in str(caught.value)

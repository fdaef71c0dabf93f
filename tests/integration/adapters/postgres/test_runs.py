"""Runs and the coverage ledger, on a real Postgres."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import psycopg

from include.adapters.postgres import connect
from include.adapters.postgres.runs import Runs
from include.domain.interaction import Window
from include.domain.run import CoverageLedger, Epochs, Run

MIDNIGHT = datetime(2026, 11, 20, tzinfo=UTC)
HOUR = timedelta(hours=1)


def hour(n: int, *, live: bool = True) -> Run:
    return Run("native", Window(MIDNIGHT + n * HOUR, MIDNIGHT + (n + 1) * HOUR), live)


def day(n: int) -> Run:
    return Run("native", Window(MIDNIGHT + n * 24 * HOUR, MIDNIGHT + (n + 1) * 24 * HOUR), live=False)


def settled(runs: Runs, run: Run) -> None:
    runs.begin(run, datetime.now(UTC))
    runs.validated(run.run_id, Epochs({"": {"correctness": "x"}}), "w", [])
    runs.settle(run.run_id, CoverageLedger(0, 0, 0, 0, 0), datetime.now(UTC))


def interaction(connection: psycopg.Connection, name: str, at: datetime, *, sampled: bool = True) -> None:
    connection.execute("SELECT assay.ensure_partitions(%s, %s)", (at, at))
    connection.execute(
        """INSERT INTO assay.interactions (interaction_id, logged_at, source, occurred_at, project, environment,
               user_input, response, sampled, sampling_rate)
           VALUES (%s, %s, 'native', %s, 'p', 'e', 'q', 'a', %s, 1)""",
        (name, at, at, sampled),
    )


def composite(connection: psycopg.Connection, name: str, at: datetime, value: float | None, epochs: str = "E") -> None:
    connection.execute("INSERT INTO assay.composites VALUES (%s, %s, 'w', %s, %s, '{}')", (name, at, epochs, value))


def failure(connection: psycopg.Connection, name: str, at: datetime) -> None:
    connection.execute(
        """INSERT INTO assay.score_failures (interaction_id, logged_at, dimension, epoch, source, error_type, message,
               retryable, failed_at)
           VALUES (%s, %s, 'correctness', 'x', 'LLM_JUDGE', 'judge_timeout', '', true, now())""",
        (name, at),
    )


def test_every_interaction_counts_once_and_one_that_nobody_judged_is_a_gap(store_dsn: str) -> None:
    run, at = hour(3), MIDNIGHT + 3 * HOUR
    with connect(store_dsn) as connection:
        interaction(connection, "scored", at)
        composite(connection, "scored", at, 0.5)
        failure(connection, "scored", at)
        interaction(connection, "failed", at)
        failure(connection, "failed", at)
        composite(connection, "failed", at, None)
        interaction(connection, "lost", at)
        interaction(connection, "of other judges", at)
        composite(connection, "of other judges", at, 0.5, epochs="other")
        interaction(connection, "left out", at, sampled=False)
        interaction(connection, "of the next hour", at + HOUR)
        connection.execute(
            """INSERT INTO assay.quarantine (source, row_key, run_id, logged_at, expectations, raw, quarantined_at)
               VALUES ('native', '1', 'r', %s, '{x}', '{}', now())""",
            (at,),
        )
        ledger = Runs(connection).count(run, logged=6, epochs=["E"])
    assert ledger == CoverageLedger(logged=6, quarantined=1, excluded=1, scored=1, failed=1)
    assert ledger.gap == 2


def test_the_same_window_is_the_same_run_and_is_evaluated_again_after_it_ran_again(store_dsn: str) -> None:
    run = hour(0)
    with connect(store_dsn) as connection:
        runs = Runs(connection)
        settled(runs, run)
        runs.evaluated(run.run_id, MIDNIGHT)
        assert runs.unevaluated() == []
        settled(runs, run)
        assert [found.run for found in runs.unevaluated()] == [run]
        assert connection.execute("SELECT count(*), max(attempts) FROM assay.runs").fetchone() == (1, 2)


def test_a_live_run_that_a_backfill_repeats_stays_live(store_dsn: str) -> None:
    with connect(store_dsn) as connection:
        runs = Runs(connection)
        runs.begin(hour(0), MIDNIGHT)
        runs.begin(hour(0, live=False), MIDNIGHT)
        assert runs.get(hour(0).run_id).live


def test_a_day_of_the_past_waits_for_the_days_before_it_and_a_live_hour_for_nobody(store_dsn: str) -> None:
    with connect(store_dsn) as connection:
        runs = Runs(connection)
        runs.begin(day(0), datetime.now(UTC))
        settled(runs, day(1))
        settled(runs, hour(60))
        assert [found.run for found in runs.unevaluated()] == [hour(60)]
        settled(runs, day(0))
        assert [found.run for found in runs.unevaluated()] == [day(0), day(1), hour(60)]


def test_a_day_that_was_given_up_holds_nobody_back(store_dsn: str) -> None:
    with connect(store_dsn) as connection:
        runs = Runs(connection)
        runs.begin(day(0), datetime.now(UTC) - 2 * HOUR)
        settled(runs, day(1))
        assert [found.run for found in runs.unevaluated()] == [day(1)]


def test_windows_whose_interactions_a_later_run_scored_again_are_found(store_dsn: str) -> None:
    with connect(store_dsn) as connection:
        runs = Runs(connection)
        for run in (hour(0), hour(1), day(0), hour(30)):
            settled(runs, run)
        runs.overdue(hour(30).run_id, MIDNIGHT + HOUR, MIDNIGHT + 1.5 * HOUR)
        found = runs.touched_by(hour(30).run_id)
        assert runs.touched_by(hour(0).run_id) == []
    assert [one.run for one in found] == [hour(1), day(0)]

"""A window is taken in again, repaired, interrupted, or late, and every row of the log is still held exactly once."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import timedelta
from threading import Thread
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from include.adapters.postgres import connect
from include.adapters.postgres.intake import PostgresIntake
from include.adapters.postgres.runs import Runs
from include.domain.intake import Admitted, Decision, StagedRow
from include.domain.interaction import Window
from include.domain.run import CoverageLedger, Run
from include.ingest.intake import take_in
from include.ingest.strata import SamplingPlan
from tests.integration.ingest.house import AT, HOUR, NOW, START, House

MIXED = [{"interaction_id": "a"}, {"interaction_id": "b", "input_tokens": -1}, {"interaction_id": "c"}]


def test_a_window_taken_in_twice_leaves_the_same_tables(house: House) -> None:
    house.log(*MIXED)
    house.run()
    before = house.tables()
    assert house.run(now=NOW + timedelta(days=1))[0].interactions == 0
    runs = house.tables()
    assert runs == before
    assert house.query("SELECT * FROM assay.staged") == []


def test_deciding_again_without_extracting_again_changes_nothing(house: House) -> None:
    house.log(*MIXED)
    run_id = house.extract()
    house.take_in(run_id)
    before = house.tables()
    assert house.take_in(run_id) == (Admitted(0, 0), ())
    assert house.tables() == before


def test_an_empty_window_is_no_error(house: House) -> None:
    assert house.run() == (Admitted(0, 0), ())


def test_a_row_that_is_repaired_in_the_log_leaves_the_quarantine(house: House) -> None:
    house.log(*MIXED)
    house.run()
    house.change_log("UPDATE llm_interactions SET input_tokens = 1 WHERE interaction_id = 'b'")
    later = NOW + timedelta(hours=1)
    assert house.run(now=later)[0] == Admitted(1, 0)
    assert house.ids() == ["a", "b", "c"]
    (row,) = house.quarantine()
    assert (row["released_at"], row["quarantined_at"]) == (later, NOW)


def test_a_row_that_was_judged_stays_as_it_was_whatever_becomes_of_it_in_the_log(house: House) -> None:
    house.log({"interaction_id": "a"}, {"interaction_id": "b"})
    house.run()
    before = house.tables()
    house.change_log("UPDATE llm_interactions SET interaction_id = 'renamed' WHERE interaction_id = 'a'")
    house.change_log("UPDATE llm_interactions SET response = NULL WHERE interaction_id = 'b'")
    house.run()
    assert house.tables() == before


def test_a_late_duplicate_waits_and_the_interaction_stays(house: House) -> None:
    house.log({"interaction_id": "a"})
    house.run()
    house.log({"interaction_id": "a"})  # of the same microsecond
    house.log({"interaction_id": "a", "logged_at": AT + timedelta(minutes=1)})
    house.run()
    assert [row["row_key"] for row in house.interactions()] == ["1"]
    assert house.waiting() == {"2": {"id_unique"}, "3": {"id_unique"}}


def test_an_id_of_the_same_hour_is_known_across_windows_and_not_across_logs(house: House) -> None:
    half = START + timedelta(minutes=30)
    house.log({"interaction_id": "a"}, {"interaction_id": "a", "logged_at": half})
    house.run(Window(START, half))
    other = dataclasses.replace(house, mapping=house.mapping.model_copy(update={"name": "other"}))
    other.change_log("UPDATE llm_interactions SET logged_at = logged_at + interval '1 s' WHERE row_id = 1")
    other.run(Window(START, half))
    house.run(Window(half, HOUR.end))
    assert [(row["source"], row["row_key"]) for row in house.interactions()] == [("native", "1"), ("other", "1")]
    assert house.waiting() == {"2": {"id_unique"}}


def test_a_window_is_half_open_and_leaves_its_neighbours_alone(house: House) -> None:
    instant = timedelta(microseconds=1)
    times = {"before": START - instant, "first": START, "last": HOUR.end - instant, "after": HOUR.end}
    bad = {f"bad-{name}": at for name, at in times.items()}
    house.log(*({"interaction_id": name, "logged_at": at, "occurred_at": at} for name, at in times.items()))
    house.log(*({"interaction_id": name, "logged_at": at, "response": None} for name, at in bad.items()))
    hours = [Window(START + timedelta(hours=n), START + timedelta(hours=n + 1)) for n in (-1, 0, 1)]

    house.run(hours[1])
    assert house.ids() == ["first", "last"]
    assert [row["interaction_id"] for row in house.quarantine()] == ["bad-first", "bad-last"]

    for hour in hours:
        house.run(hour)
    before = house.tables()
    house.run(hours[1], NOW + timedelta(days=1))
    assert house.tables() == before
    assert sorted(house.ids()) == sorted(times)


def test_a_larger_sampling_rate_keeps_whom_the_smaller_one_chose(house: House) -> None:
    house.log(*({"interaction_id": f"{n}"} for n in range(60)))
    chosen = []
    for rate in (0.1, 0.5, 1.0):
        dataclasses.replace(house, plan=SamplingPlan(rate=rate)).run()
        rows = house.interactions()
        chosen.append({row["interaction_id"] for row in rows if row["sampled"]})
        assert {row["sampling_rate"] for row in rows} == {rate}
    assert chosen[0] < chosen[1] < chosen[2]
    assert len(chosen[2]) == 60


class Crash(Exception):
    """What no code catches."""


class CrashesWhileAdmitting(PostgresIntake):
    def admit(self, *arguments: Any) -> Admitted:
        super().admit(*arguments)
        raise Crash


class CrashesWhileDeciding(PostgresIntake):
    def decide(self, decisions: Iterator[Decision]) -> None:
        super().decide(decisions)
        raise Crash


@pytest.mark.parametrize("intake", [CrashesWhileAdmitting, CrashesWhileDeciding])
def test_a_crash_while_a_window_is_taken_in_leaves_nothing_and_the_next_try_everything(
    house: House, intake: type[PostgresIntake]
) -> None:
    house.log(*MIXED)
    run_id = house.extract()
    before = house.tables()
    with pytest.raises(Crash), connect(house.store_dsn) as store:
        take_in(run_id, "native", intake(store), house.desk, NOW)
    assert house.tables() == before
    house.take_in(run_id)
    assert house.ids() == ["a", "c"]
    assert house.waiting() == {"2": {"input_tokens_range"}}


def test_a_crash_while_a_window_is_extracted_keeps_what_was_staged_before(house: House) -> None:
    house.log(*MIXED)
    run_id = house.extract()
    before = house.query("SELECT * FROM assay.staged ORDER BY row_key")

    def broken() -> Iterator[StagedRow]:
        yield StagedRow("9", AT, {})
        raise Crash

    with pytest.raises(Crash), connect(house.store_dsn) as store:
        PostgresIntake(store).stage(run_id, broken())
    assert house.query("SELECT * FROM assay.staged ORDER BY row_key") == before


def test_a_task_that_was_given_up_and_its_successor_do_not_meet(house: House) -> None:
    house.log(*MIXED)
    run_id = house.extract()
    second = Thread(target=house.run)
    with connect(house.store_dsn) as store:
        take_in(run_id, "native", PostgresIntake(store), house.desk, NOW)
        second.start()
        second.join(0.5)
        assert second.is_alive()
    second.join(30)
    assert not second.is_alive()
    assert house.ids() == ["a", "c"]
    assert house.waiting() == {"2": {"input_tokens_range"}}


def test_an_unusual_volume_is_a_warning_that_refuses_nothing(house: House) -> None:
    with connect(house.store_dsn) as store:
        for weeks, logged in ((1, 100), (2, 140), (3, 120), (5, 1), (6, 1)):
            ago = timedelta(weeks=weeks)
            past = Run("native", Window(HOUR.start - ago, HOUR.end - ago), live=True)
            Runs(store).begin(past, NOW)
            Runs(store).settle(past.run_id, CoverageLedger(logged, 0, 0, logged, 0), NOW)
        Runs(store).begin(Run("native", HOUR, live=True), NOW)
        assert PostgresIntake(store).usual_volume(Run("native", HOUR, live=True).run_id) == [100, 140, 120]
    house.log(*({"interaction_id": f"{n}"} for n in range(49)))
    assert [warning.partition(":")[0] for warning in house.run()[1]] == ["volume_as_in_past_weeks"]
    house.log({"interaction_id": "49"})
    assert house.run()[1] == ()
    assert len(house.ids()) == 50


def test_a_warning_is_told_once_however_long_the_window_is(house: House) -> None:
    house.log(*({"interaction_id": f"{n}", "finish_reason": f"bored {n}"} for n in range(9)))
    with connect(house.store_dsn) as store:
        intake = PostgresIntake(store, chunk=2)
        _, warnings = take_in(house.extract(), "native", intake, house.desk, NOW)
    assert [warning.partition(":")[0] for warning in warnings] == ["finish_reason_known"]
    assert len(house.ids()) == 9


FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "interaction_id": st.sampled_from(["a", "b", "c", "d", "e", None, ""]),
    "logged_at": st.sampled_from([AT, AT + timedelta(minutes=1)]),
    "project": st.sampled_from(["bank", None]),
    "response": st.sampled_from(["Nothing.", "Nothing.", None]),
    "error_type": st.sampled_from([None, "timeout"]),
    "input_tokens": st.sampled_from([5, None, -1]),
    "occurred_at": st.sampled_from([AT, None, "infinity", AT + timedelta(days=1)]),
    "latency_ms": st.sampled_from([5.0, None, float("nan")]),
}


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(st.fixed_dictionaries({}, optional=FIELDS), max_size=5), min_size=1, max_size=3))
def test_every_row_of_the_log_is_an_interaction_or_waits_however_they_come(
    house: House, arrivals: list[list[dict[str, Any]]]
) -> None:
    """Each time some rows arrive, the window is taken in again; what was let in is never taken back."""
    house.change_log("TRUNCATE llm_interactions RESTART IDENTITY")
    with psycopg.connect(house.store_dsn) as store:
        store.execute("TRUNCATE assay.interactions, assay.quarantine")
    for rows in arrivals:
        known = {row["row_key"]: row for row in house.interactions()}
        house.log(*({"interaction_id": "x", **row} for row in rows))
        house.run()
        judged = {row["row_key"]: row for row in house.interactions()}
        assert known.items() <= judged.items()
        assert judged.keys().isdisjoint(house.waiting())
    assert len(judged) + len(house.waiting()) == sum(map(len, arrivals))

"""Hourly tallies on a real Postgres, against the same tallies computed in Python."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import astuple
from datetime import UTC, datetime, timedelta
from random import Random

import psycopg
import pytest

from include.adapters.postgres import connect
from include.adapters.postgres.runs import Runs
from include.adapters.postgres.segments import Segments
from include.domain.interaction import Window
from include.domain.run import COMPOSITE, CoverageLedger, Epochs, Run
from include.domain.segment import SCORE_BINS, Tally, merged

MIDNIGHT = datetime(2026, 11, 20, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
WINDOW = Window(MIDNIGHT, MIDNIGHT + 3 * HOUR)
EPOCHS = {"correctness": "c1", "faithfulness": "f1"}
SET, WEIGHTS = "set1", "w1"
JUDGES = Epochs({"": {**EPOCHS, COMPOSITE: SET}})
Key = tuple[datetime, str, str, str, str, str, str]


@pytest.fixture
def connection(store_dsn: str) -> Iterator[psycopg.Connection]:
    with connect(store_dsn) as opened:
        opened.execute("SELECT assay.ensure_partitions(%s, %s)", (MIDNIGHT - DAY, MIDNIGHT + DAY))
        yield opened


def interaction(connection: psycopg.Connection, name: str, at: datetime, **given: object) -> None:
    row = {
        "interaction_id": name,
        "logged_at": at,
        "source": "native",
        "occurred_at": at,
        "project": "p",
        "environment": "prod",
        "user_input": "why?",
        "response": "because",
        "sampled": True,
        "sampling_rate": 1.0,
        **given,
    }
    connection.execute(
        f"INSERT INTO assay.interactions ({', '.join(row)}) VALUES ({', '.join(['%s'] * len(row))})",
        list(row.values()),
    )


def score(
    connection: psycopg.Connection,
    name: str,
    at: datetime,
    dimension: str,
    value: float,
    epoch: str,
    source: str = "CODE",
) -> None:
    connection.execute(
        """INSERT INTO assay.scores (interaction_id, logged_at, dimension, epoch, source, value, explanation, scored_at)
           VALUES (%s, %s, %s, %s, %s, %s, '', now())""",
        (name, at, dimension, epoch, source, value),
    )


def composite(
    connection: psycopg.Connection, name: str, at: datetime, value: float | None, weights: str = WEIGHTS
) -> None:
    connection.execute(
        "INSERT INTO assay.composites VALUES (%s, %s, %s, %s, %s, '{}')", (name, at, weights, SET, value)
    )


def failure(connection: psycopg.Connection, name: str, at: datetime, error: str, epoch: str = "f1") -> None:
    connection.execute(
        """INSERT INTO assay.score_failures (interaction_id, logged_at, dimension, epoch, source, error_type, message,
               retryable, failed_at)
           VALUES (%s, %s, 'faithfulness', %s, 'CODE', %s, '', true, now())""",
        (name, at, epoch, error),
    )


def quarantined(connection: psycopg.Connection, key: str, at: datetime, project: str | None, raw: str = "{}") -> None:
    connection.execute(
        """INSERT INTO assay.quarantine (source, row_key, run_id, project, logged_at, expectations, raw, quarantined_at)
           VALUES ('native', %s, 'r', %s, %s, '{x}', %s, now())""",
        (key, project, at, raw),
    )


def tally(values: list[tuple[float, float]], *, binned: bool, heaviest: float = 1.0) -> Tally:
    """Of (value, sampling weight)."""
    bins = [sum(w for x, w in values if min(19, math.floor(x * 20 + 1e-9)) == bin_) for bin_ in range(SCORE_BINS)]
    return Tally(
        len(values),
        sum(w for _, w in values),
        sum(w * w for _, w in values),
        sum(w * x for x, w in values),
        sum(w * x * x for x, w in values),
        min(x for x, _ in values),
        max(x for x, _ in values),
        sum(w * w * x for x, w in values),
        sum(w * w * x * x for x, w in values),
        heaviest,
        tuple(bins) if binned else (),
    )


def stored(connection: psycopg.Connection) -> dict[Key, tuple[object, ...]]:
    rows = connection.execute(
        """SELECT hour, project, environment, model, prompt_version, measure, epoch,
                  n, weight, weight_sq, total, total_sq, low, high, total_w2, total_sq_w2, heaviest,
                  coalesce(bins, '{}') FROM assay.segments_hourly"""
    )
    return {row[:7]: (*row[7:17], *row[17]) for row in rows}


def log_at_random(connection: psycopg.Connection, rng: Random) -> dict[Key, Tally]:
    """Writes interactions of three hours with all that can be missing, and returns what they amount to."""
    values: dict[Key, list[tuple[float, float]]] = defaultdict(list)
    heaviest: dict[tuple[datetime, str], float] = defaultdict(float)
    for number in range(120):
        name, at = f"i{number}", MIDNIGHT + timedelta(minutes=rng.uniform(0, 180))
        project, model = rng.choice("pq"), rng.choice([None, "m1", "m2"])
        version, rate = rng.choice([None, "v1"]), rng.choice([1.0, 0.25])
        logged = {
            "latency_ms": rng.choice([None, rng.uniform(1, 900)]),
            "input_tokens": rng.choice([None, rng.randrange(2000)]),
            "output_tokens": rng.choice([None, rng.randrange(200)]),
            "error_type": rng.choice([None, None, "timeout"]),
            "cost": rng.choice([None, round(rng.random(), 6)]),
            "user_input": "x" * rng.randrange(1, 9),
            "response": "ü" * rng.randrange(9),
        }
        interaction(
            connection,
            name,
            at,
            project=project,
            request_model="asked" if model is None else "other",
            response_model=model,
            prompt_version=version,
            sampling_rate=rate,
            sampled=number % 7 > 0,
            **logged,
        )
        hour, model, version = at.replace(minute=0, second=0, microsecond=0), model or "asked", version or ""
        heaviest[hour, project] = max(heaviest[hour, project], 1 / rate)

        def note(
            measure: str,
            value: float | None,
            weight: float = 1.0,
            epoch: str = "",
            where: tuple[str, str] = (model, version),
            hour: datetime = hour,
            project: str = project,
        ) -> None:
            if value is not None:
                values[hour, project, "prod", *where, measure, epoch].append((float(value), weight))

        for measure in ("latency_ms", "input_tokens", "output_tokens"):
            note(measure, logged[measure])
        note("spend", logged["cost"])
        note("error", float(logged["error_type"] is not None))
        note("volume", 1)
        note("user_input_chars", len(str(logged["user_input"])))
        note("response_chars", len(str(logged["response"])))
        note("quarantine", 0, where=("", ""))
        fate = rng.choice(["scored", "scored", "judge_timeout", "no_contexts", "nobody came"])
        if fate == "scored":
            given = {dimension: rng.choice([0.0, 0.15, 0.75, 1.0, rng.random()]) for dimension in EPOCHS}
            for dimension, value in given.items():
                score(connection, name, at, dimension, value, EPOCHS[dimension])
                if number % 7:
                    note(dimension, value, 1 / rate, EPOCHS[dimension])
            mean = sum(given.values()) / 2
            composite(connection, name, at, mean)
            if number % 7:
                note("composite", mean, 1 / rate, SET)
            note("failure", 0)
        elif fate != "nobody came":
            composite(connection, name, at, None)
            failure(connection, name, at, fate)
            note("failure", float(fate.startswith("judge_")))
    return {
        key: tally(found, binned=bool(key[-1]), heaviest=heaviest[key[:2]] if key[-1] else 1.0)
        for key, found in values.items()
    }


def test_the_tallies_are_those_of_the_interactions_however_often_they_are_computed(
    connection: psycopg.Connection,
) -> None:
    expected = log_at_random(connection, Random(7))
    segments = Segments(connection)
    for _ in range(2):
        segments.rebuild(WINDOW, JUDGES, WEIGHTS)
        found = stored(connection)
        assert found.keys() == expected.keys()
        for key, one in expected.items():
            sums = astuple(one)
            assert found[key] == pytest.approx((*sums[:-1], *sums[-1])), key


def test_what_people_said_what_other_weights_made_and_what_lies_outside_is_left_out(
    connection: psycopg.Connection,
) -> None:
    interaction(connection, "in", MIDNIGHT)
    interaction(connection, "after", WINDOW.end)
    score(connection, "in", MIDNIGHT, "correctness", 0.1, "c1", source="HUMAN")
    score(connection, "after", WINDOW.end, "correctness", 0.2, "c1")
    composite(connection, "in", MIDNIGHT, 0.3, weights="older")
    Segments(connection).rebuild(WINDOW, JUDGES, WEIGHTS)
    assert {key[5] for key in stored(connection)} == {
        "volume",
        "error",
        "quarantine",
        "response_chars",
        "user_input_chars",
    }
    assert {key[0] for key in stored(connection)} == {MIDNIGHT}


def test_a_window_within_an_hour_computes_the_whole_hour(connection: psycopg.Connection) -> None:
    interaction(connection, "early", MIDNIGHT)
    interaction(connection, "late", MIDNIGHT + timedelta(minutes=59))
    segments, part = Segments(connection), Window(MIDNIGHT + timedelta(minutes=10), MIDNIGHT + timedelta(minutes=20))
    segments.rebuild(WINDOW, JUDGES, WEIGHTS)
    segments.rebuild(part, JUDGES, WEIGHTS)
    [row] = segments.read("volume", WINDOW, ["project"], HOUR)
    assert (row.starts_at, row.segment, row.tally.n) == (MIDNIGHT, ("p",), 2)


def test_tallies_of_other_judges_stay_and_are_told_apart(connection: psycopg.Connection) -> None:
    interaction(connection, "i", MIDNIGHT)
    score(connection, "i", MIDNIGHT, "correctness", 0.25, "c0")
    score(connection, "i", MIDNIGHT, "correctness", 0.75, "c1")
    segments = Segments(connection)
    segments.rebuild(WINDOW, Epochs({"": {"correctness": "c0", COMPOSITE: "set0"}}), WEIGHTS)
    segments.rebuild(WINDOW, JUDGES, WEIGHTS)
    means = {row.epoch: row.tally.mean for row in segments.read("correctness", WINDOW, [], HOUR)}
    assert means == {"c0": 0.25, "c1": 0.75}


def test_quarantined_rows_count_in_their_project_until_they_are_released(connection: psycopg.Connection) -> None:
    interaction(connection, "fit", MIDNIGHT)
    quarantined(connection, "1", MIDNIGHT, "p", '{"environment": "prod"}')
    quarantined(connection, "2", MIDNIGHT, None)
    quarantined(connection, "3", MIDNIGHT, "p", '{"environment": "prod"}')
    connection.execute("UPDATE assay.quarantine SET released_at = now() WHERE row_key = '3'")
    segments = Segments(connection)
    segments.rebuild(WINDOW, JUDGES, WEIGHTS)
    rows = segments.read("quarantine", WINDOW, ["project", "environment"], HOUR)
    assert {row.segment: (row.tally.n, row.tally.total) for row in rows} == {
        ("p", "prod"): (2, 1.0),
        ("unknown", "unknown"): (1, 1.0),
    }


def test_hours_add_up_to_days_over_the_columns_that_are_left_out(connection: psycopg.Connection) -> None:
    for number, model in enumerate(("m1", "m2", "m1")):
        at = MIDNIGHT + number * HOUR
        interaction(connection, f"i{number}", at, response_model=model)
        score(connection, f"i{number}", at, "correctness", number / 2, "c1")
    segments = Segments(connection)
    segments.rebuild(WINDOW, JUDGES, WEIGHTS)
    [day] = segments.read("correctness", WINDOW, ["project"], DAY)
    by_hour = segments.read("correctness", WINDOW, ["model"], HOUR)
    assert day.starts_at == MIDNIGHT
    assert day.tally == merged(row.tally for row in by_hour)
    assert day.tally.bins == tuple(float(bin_ in (0, 10, 19)) for bin_ in range(SCORE_BINS))
    assert [row.segment for row in by_hour] == [("m1",), ("m2",), ("m1",)]


def test_an_hour_counts_as_settled_when_a_run_that_covers_it_is(connection: psycopg.Connection) -> None:
    runs = Runs(connection)
    for start, length, settle in ((0, 1, True), (1, 1, False), (2, 24, True)):
        run = Run("native", Window(MIDNIGHT + start * HOUR, MIDNIGHT + (start + length) * HOUR), live=True)
        runs.begin(run, MIDNIGHT)
        if settle:
            runs.settle(run.run_id, CoverageLedger(0, 0, 0, 0, 0), MIDNIGHT)
    found = Segments(connection).settled_hours(Window(MIDNIGHT - HOUR, MIDNIGHT + 4 * HOUR))
    assert found == {MIDNIGHT, MIDNIGHT + 2 * HOUR, MIDNIGHT + 3 * HOUR}


def test_a_drawn_sample_has_the_mixture_of_what_was_logged_and_not_of_what_was_judged(
    connection: psycopg.Connection,
) -> None:
    """A tenth of the good answers is judged and every poor one; in the second hour no good one was drawn."""
    for hour in range(2):
        for number in range(400):
            name, at = f"{hour}-{number}", MIDNIGHT + hour * HOUR + timedelta(seconds=number)
            poor = number % 10 == 0
            sampled = poor or (hour == 0 and number % 10 == 1)
            interaction(connection, name, at, sampled=sampled, sampling_rate=1.0 if poor else 0.1)
            score(connection, name, at, "correctness", 0.2 if poor else 0.9, "c1")
    segments = Segments(connection)
    first, second = (
        segments.values("correctness", Window(start, start + HOUR), [], "c1", 1000)[()]
        for start in (MIDNIGHT, MIDNIGHT + HOUR)
    )
    assert first.count(0.9) == 40
    assert first.count(0.2) == pytest.approx(4, abs=4)
    assert len(second) == pytest.approx(4, abs=4)  # and not forty, though only poor ones were judged in that hour


def test_a_drawn_sample_is_bounded_and_the_same_each_time(connection: psycopg.Connection) -> None:
    for number in range(40):
        at = MIDNIGHT + timedelta(minutes=number)
        interaction(connection, f"i{number}", at)
        score(connection, f"i{number}", at, "correctness", number / 40, "c1")
        composite(connection, f"i{number}", at, None if number % 2 else number / 40)
    segments = Segments(connection)
    drawn = segments.values("correctness", WINDOW, ["project", "environment"], "c1", 10)
    assert drawn == segments.values("correctness", WINDOW, ["project", "environment"], "c1", 10)
    assert len(set(drawn["p", "prod"])) == 10
    assert len(segments.values("composite", WINDOW, [], SET, 100)[()]) == 20
    assert segments.values("correctness", WINDOW, ["project"], "another epoch", 10) == {}

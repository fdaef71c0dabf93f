"""Hourly tallies on a real Postgres, against the same tallies computed in Python."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple
from datetime import UTC, datetime, timedelta
from random import Random

import psycopg
import pytest
from psycopg.types.json import Jsonb

from include.adapters.postgres import connect
from include.adapters.postgres.runs import Runs
from include.adapters.postgres.segments import PLACES_OF_A_PROJECT, Segments
from include.domain.interaction import Window
from include.domain.run import COMPOSITE, CoverageLedger, Epochs, Run
from include.domain.segment import AMOUNT_EDGES, AMOUNTS, SCORE_BINS, Tally, merged
from tests.fakes.store_rows import insert_interaction as interaction

MIDNIGHT = datetime(2026, 11, 20, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
WINDOW = Window(MIDNIGHT, MIDNIGHT + 3 * HOUR)
EPOCHS = {"correctness": "c1", "faithfulness": "f1"}
SET, WEIGHTS = "set1", "w1"
JUDGES = Epochs({"": {**EPOCHS, COMPOSITE: SET}})
Key = tuple[datetime, str, str, str, str, str, str]
Values = dict[Key, list[tuple[float, float]]]
Heaviest = dict[tuple[datetime, str], float]


@pytest.fixture
def connection(store_dsn: str) -> Iterator[psycopg.Connection]:
    with connect(store_dsn) as opened:
        opened.execute("SELECT assay.ensure_partitions(%s, %s)", (MIDNIGHT - DAY, MIDNIGHT + DAY))
        yield opened


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


def bins_of(key: Key, values: list[tuple[float, float]]) -> tuple[float, ...]:
    """Weights by bin: of scores all twenty, of amounts up to the last that was seen, of other measures none."""
    if key[6]:
        of = [min(SCORE_BINS - 1, math.floor(x * SCORE_BINS + 1e-9)) for x, _ in values]
    elif key[5] in AMOUNTS:
        of = [bisect_right(AMOUNT_EDGES, x) for x, _ in values]
    else:
        return ()
    count = SCORE_BINS if key[6] else max(of) + 1
    return tuple(sum(w for bin_, (_, w) in zip(of, values, strict=True) if bin_ == wanted) for wanted in range(count))


def tally(key: Key, values: list[tuple[float, float]], heaviest: float) -> Tally:
    """Of (value, sampling weight)."""
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
        heaviest if key[6] else 1.0,
        bins_of(key, values),
    )


def stored(
    connection: psycopg.Connection, parts: str = "segments_hourly, model, prompt_version"
) -> dict[Key, tuple[object, ...]]:
    table, first, second = parts.split(", ")
    rows = connection.execute(
        f"""SELECT hour, project, environment, {first}, {second}, measure, epoch,
                  n, weight, weight_sq, total, total_sq, low, high, total_w2, total_sq_w2, heaviest,
                  coalesce(bins, '{{}}') FROM assay.{table}"""
    )
    return {row[:7]: (*row[7:17], *row[17]) for row in rows}


def log_at_random(connection: psycopg.Connection, rng: Random) -> tuple[Values, Values, Heaviest]:
    """Writes interactions of three hours with all that can be missing; returns their values by segment and by tenant.

    And the largest sampling weight of each hour and project.
    """
    values: Values = defaultdict(list)
    tenants: Values = defaultdict(list)
    heaviest: dict[tuple[datetime, str], float] = defaultdict(float)
    for number in range(120):
        name, at = f"i{number}", MIDNIGHT + timedelta(minutes=rng.uniform(0, 180))
        project, model = rng.choice("pq"), rng.choice([None, "m1", "m2"])
        version, rate = rng.choice([None, "v1"]), rng.choice([1.0, 0.25])
        logged = {
            "latency_ms": rng.choice([None, rng.uniform(1, 900)]),
            "input_tokens": rng.choice([None, rng.randrange(2000)]),
            "output_tokens": rng.choice([None, rng.randrange(200)]),
            "cached_input_tokens": rng.choice([None, rng.randrange(200)]),
            "error_type": rng.choice([None, None, "timeout"]),
            "finish_reason": rng.choice([None, "stop", "length", "content_filter", "SAFETY"]),
            "cost": (cost := rng.choice([None, round(rng.random(), 6)])),
            "billed_cost": rng.choice([None, rng.random(), 0 if cost is None else cost * rng.choice([1, 1.02, 1.005])]),
            "user_input": "x" * rng.randrange(1, 9),
            "response": "ü" * rng.randrange(9),
        }
        tenant, feedback = rng.choice(["", *(f"t{min(rng.randrange(40), rng.randrange(40))}" for _ in range(9))]), None
        if rng.random() < 0.5:
            feedback = rng.choice(["positive", "Negative", "shrug"])
        attributes = {"tenant": tenant} if tenant else {}
        if feedback:
            attributes["feedback"] = feedback
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
            attributes=Jsonb(attributes),
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
            tenant: str = tenant,
        ) -> None:
            if value is not None:
                values[hour, project, "prod", *where, measure, epoch].append((float(value), weight))
                if measure != "quarantine":
                    tenants[hour, project, "prod", "attributes.tenant", tenant, measure, epoch].append(
                        (float(value), weight)
                    )

        for measure in ("latency_ms", "input_tokens", "output_tokens", "cached_input_tokens"):
            note(measure, logged[measure])
        note("spend", logged["cost"])
        is_call = (logged["input_tokens"], logged["output_tokens"], logged["error_type"]) != (None, None, "timeout")
        note("unpriced", float(cost is None) if is_call else None)
        if cost is not None and (billed := logged["billed_cost"]) is not None:
            note("bill_differs", float(abs(billed - cost) > max(0.01 * billed, 1e-6)))
        note("error", float(logged["error_type"] is not None))
        reason = logged["finish_reason"]
        note("refusal", None if reason is None else float(reason in ("content_filter", "SAFETY")))
        note("feedback", float(feedback in ("positive", "Negative")))
        note("negative_feedback", {"positive": 0.0, "Negative": 1.0}.get(feedback or ""))
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
    return values, tenants, heaviest


def agree(found: dict[Key, tuple[object, ...]], values: Values, heaviest: Heaviest) -> None:
    """What is stored is what the values add up to."""
    assert found.keys() == values.keys()
    for key, some in values.items():
        sums = astuple(tally(key, some, heaviest[key[:2]]))
        assert found[key] == pytest.approx((*sums[:-1], *sums[-1])), key


def places(connection: psycopg.Connection, project: str) -> set[str]:
    rows = connection.execute("SELECT value FROM assay.slice_places WHERE project = %s", (project,))
    return {value for (value,) in rows}


def by_place(connection: psycopg.Connection, values: Values) -> Values:
    """The same with tenants that have no place of their own as one."""
    own = {project: places(connection, project) | {""} for project in "pq"}
    found: Values = defaultdict(list)
    for key, some in values.items():
        found[*key[:4], key[4] if key[4] in own[key[1]] else "other", *key[5:]] += some
    return found


@pytest.mark.parametrize("seed", range(4))
def test_the_tallies_are_those_of_the_interactions_however_often_they_are_computed(
    connection: psycopg.Connection, seed: int
) -> None:
    values, tenants, heaviest = log_at_random(connection, Random(seed))
    segments = Segments(connection)
    for _ in range(2):
        segments.rebuild(WINDOW, JUDGES, WEIGHTS, ["attributes.tenant"])
        agree(stored(connection), values, heaviest)
        agree(stored(connection, "slices_hourly, attribute, value"), by_place(connection, tenants), heaviest)


@pytest.mark.parametrize("seed", range(3))
def test_the_most_frequent_values_of_an_attribute_are_counted_by_themselves(
    connection: psycopg.Connection, seed: int
) -> None:
    _, tenants, _ = log_at_random(connection, Random(seed))
    Segments(connection).rebuild(WINDOW, JUDGES, WEIGHTS, ["attributes.tenant"])
    for project in "pq":
        often = Counter[str]()
        for key, found in tenants.items():
            if key[1] == project and key[5] == "volume" and key[4]:
                often[key[4]] += len(found)
        own = places(connection, project)
        assert len(own) == PLACES_OF_A_PROJECT < len(often)
        assert min(often[one] for one in own) >= max(often[one] for one in often.keys() - own)


def test_a_value_keeps_its_place_and_a_place_that_nobody_uses_is_free_after_sixty_days(
    connection: psycopg.Connection,
) -> None:
    def log(days: int, names: list[str]) -> set[str]:
        at = MIDNIGHT + days * DAY
        connection.execute("SELECT assay.ensure_partitions(%s, %s)", (at, at + DAY))
        for number, name in enumerate(names):
            interaction(connection, f"{days}-{number}", at, attributes=Jsonb({"tenant": name}))
        Segments(connection).rebuild(Window(at, at + HOUR), JUDGES, WEIGHTS, ["attributes.tenant"])
        rows = Segments(connection).read("volume", Window(at, at + HOUR), ["attributes.tenant"], HOUR)
        return {row.segment[0] for row in rows}

    first = {f"t{number:02}" for number in range(PLACES_OF_A_PROJECT)}
    assert log(0, sorted(first)) == first
    assert log(1, ["t00", *["late"] * 9]) == {"t00", "other"}
    assert log(59, ["late", "t00"]) == {"t00", "other"}
    assert log(62, ["late", "t00", "t01"]) == {"late", "t00", "t01"}


def test_languages_are_told_apart_without_region_and_hours_are_read_in_quarters(connection: psycopg.Connection) -> None:
    for number, language in enumerate(["de", "de-AT", "DE_ch", "en", None]):
        attributes = {"language": language} if language else {}
        interaction(connection, f"i{number}", MIDNIGHT + 2 * number * HOUR, attributes=Jsonb(attributes))
    segments, day = Segments(connection), Window(MIDNIGHT, MIDNIGHT + DAY)
    segments.rebuild(day, JUDGES, WEIGHTS, ["language"])
    rows = segments.read("volume", day, ["project", "language"], 6 * HOUR)
    assert {(row.starts_at, row.segment): row.tally.n for row in rows} == {
        (MIDNIGHT, ("p", "de")): 3,
        (MIDNIGHT + 6 * HOUR, ("p", "en")): 1,
        (MIDNIGHT + 6 * HOUR, ("p", "")): 1,
    }
    assert segments.read("volume", day, ["attributes.tenant"], HOUR) == []  # nobody asked to have it counted


def in_days(connection: psycopg.Connection, step: str) -> dict[tuple[object, ...], list[float]]:
    """What is kept by day, or what hours add up to, of segments and slices; None and no bins as -1."""
    found: dict[tuple[object, ...], list[float]] = {}
    for table, places in (("segments", "model, prompt_version"), ("slices", "attribute, value")):
        at = "day" if step == "daily" else "date_trunc('day', hour, 'UTC')"
        bins = ", ".join(f"coalesce(sum(bins[{place}]), -1)" for place in range(1, 53))
        rows = connection.execute(
            f"""SELECT {at}, project, environment, {places}, measure, epoch, sum(n)::float8, sum(weight),
                       sum(weight_sq), sum(total), sum(total_sq), coalesce(min(low), -1), coalesce(max(high), -1),
                       sum(total_w2), sum(total_sq_w2), max(heaviest), {bins}
                FROM assay.{table}_{step} GROUP BY 1, 2, 3, 4, 5, 6, 7"""
        )
        found |= {(table, *row[:7]): [*row[7:]] for row in rows}
    return found


def test_days_are_what_their_hours_add_up_to_whenever_one_is_rebuilt(connection: psycopg.Connection) -> None:
    segments, rng = Segments(connection), Random(5)
    log_at_random(connection, rng)
    interaction(connection, "before", MIDNIGHT - HOUR, latency_ms=30.0, attributes=Jsonb({"tenant": "old"}))
    for window in (Window(MIDNIGHT - HOUR, WINDOW.end), Window(MIDNIGHT + HOUR, MIDNIGHT + 2 * HOUR)):
        segments.rebuild(window, JUDGES, WEIGHTS, ["attributes.tenant"])
        days, hours = in_days(connection, "daily"), in_days(connection, "hourly")
        assert days.keys() == hours.keys()
        assert len({key[:2] for key in days}) == 4  # two tables, two days
        for key, sums in hours.items():
            assert days[key] == pytest.approx(sums, rel=1e-12)
        connection.execute("DELETE FROM assay.interactions WHERE logged_at >= %s", (MIDNIGHT + HOUR,))


def test_of_two_hours_that_are_rebuilt_at_once_the_day_holds_both(store_dsn: str) -> None:
    windows = [Window(MIDNIGHT + number * HOUR, MIDNIGHT + (number + 1) * HOUR) for number in range(4)]
    with connect(store_dsn) as opened:
        opened.execute("SELECT assay.ensure_partitions(%s, %s)", (MIDNIGHT, MIDNIGHT + DAY))
        for number, window in enumerate(windows):
            interaction(opened, f"i{number}", window.start)

    def rebuild(window: Window) -> None:
        with connect(store_dsn) as own:
            Segments(own).rebuild(window, JUDGES, WEIGHTS)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(rebuild, windows))
    with connect(store_dsn) as opened:
        [day] = Segments(opened).read("volume", Window(MIDNIGHT, MIDNIGHT + DAY), ["project"], DAY)
        assert day.tally.n == 4


def test_amounts_add_up_bin_by_bin(connection: psycopg.Connection) -> None:
    for number, latency in enumerate([9.0, 10.0, 12.4, 1e6, 2e6]):
        interaction(connection, f"i{number}", MIDNIGHT + number * HOUR, latency_ms=latency)
    segments = Segments(connection)
    segments.rebuild(Window(MIDNIGHT, MIDNIGHT + 6 * HOUR), JUDGES, WEIGHTS)
    [day] = segments.read("latency_ms", Window(MIDNIGHT, MIDNIGHT + DAY), [], DAY)
    assert (len(day.tally.bins), {at: n for at, n in enumerate(day.tally.bins) if n}) == (52, {0: 1, 1: 2, 51: 2})


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
        "feedback",
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


def test_each_of_some_windows_is_added_up_by_itself(connection: psycopg.Connection) -> None:
    for number in range(3):
        for model in ("m1", "m2"):
            at = MIDNIGHT + number * HOUR
            interaction(connection, f"{model}-{number}", at, response_model=model, cost=number + 1, input_tokens=7)
    segments = Segments(connection)
    segments.rebuild(WINDOW, JUDGES, WEIGHTS, ["language"])
    windows = [
        Window(MIDNIGHT, MIDNIGHT + 2 * HOUR),
        Window(MIDNIGHT - DAY, MIDNIGHT),
        Window(WINDOW.end - HOUR, WINDOW.end),
    ]
    told = {
        (row.starts_at, row.segment): (row.tally.n, row.tally.total)
        for row in segments.read_each("spend", windows, ["project", "model"])
    }
    two, last = MIDNIGHT, WINDOW.end - HOUR
    assert told == {(at, ("p", model)): of for model in ("m1", "m2") for at, of in ((two, (2, 3.0)), (last, (1, 3.0)))}
    [early, late] = segments.read_each("input_tokens", windows, ["language"])
    assert (early.tally.n, early.tally.bins, late.tally.total) == (4, (), 14.0)
    assert list(segments.read_each("spend", [], ["project"])) == []


def test_models_of_a_project_add_up_as_they_do_of_all_projects(connection: psycopg.Connection) -> None:
    for number, latency in enumerate([9.0, None, 12.4, 1e6, 2e6, 700.0]):
        at = MIDNIGHT + number // 4 * HOUR
        interaction(
            connection, f"i{number}", at, response_model=f"m{number % 3}", latency_ms=latency, sampling_rate=0.5
        )
    segments = Segments(connection)
    segments.rebuild(WINDOW, JUDGES, WEIGHTS)
    for measure in ("latency_ms", "volume"):
        of_project = segments.read(measure, WINDOW, ["project"], HOUR)
        assert [row.tally for row in of_project] == [row.tally for row in segments.read(measure, WINDOW, [], HOUR)]
        assert [row.starts_at for row in of_project] == [MIDNIGHT, MIDNIGHT + HOUR]


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

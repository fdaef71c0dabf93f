"""Rows of tallies as they arrive from a real Postgres, against sums in Python."""

from __future__ import annotations

import gc
from collections import defaultdict
from dataclasses import astuple
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from include.adapters.postgres import connect
from include.adapters.postgres.segments import Segments
from include.domain.interaction import Window
from include.domain.segment import SCORE_BINS, Tally, merged

MIDNIGHT = datetime(2026, 11, 20, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SPAN = Window(MIDNIGHT - DAY, MIDNIGHT + DAY)
Row = tuple[datetime, str, str, str, Tally]


def tally(rng: Random, *, sampled: bool, binned: bool) -> Tally:
    n = rng.randint(1, 5000)
    sums = [rng.uniform(0, 9) if sampled else float(rng.randint(0, 9000)) for _ in range(6)]
    low, high = (None, None) if rng.random() < 0.3 else (rng.random() / 2, 1.0)
    bins = tuple(rng.uniform(0, 3) if sampled else float(rng.randint(0, 4)) for _ in range(SCORE_BINS))
    weight, weight_sq, total, total_sq, w2, sq_w2 = sums
    heaviest = rng.uniform(1, 5) if sampled else 1.0
    return Tally(n, weight, weight_sq, total, total_sq, low, high, w2, sq_w2, heaviest, bins if binned else ())


def figures(one: Tally) -> list[float]:
    return [figure for figure in astuple(one)[:-1] if figure is not None]


def stored(dsn: str, seed: int, *, sampled: bool, binned: bool) -> list[Row]:
    rng, rows = Random(seed), []
    for number in range(30):
        for project in ("p", "q' \\ é"):
            for model in ("m", "n"):
                if rng.random() < 0.6:
                    at = SPAN.start + number * HOUR
                    rows.append((at, project, model, rng.choice("ab"), tally(rng, sampled=sampled, binned=binned)))
    with connect(dsn) as connection, connection.cursor() as cursor:
        cursor.executemany(
            """INSERT INTO assay.segments_hourly (hour, project, environment, model, prompt_version, measure, epoch,
                   n, weight, weight_sq, total, total_sq, low, high, total_w2, total_sq_w2, heaviest, bins)
               VALUES (%s, %s, 'prod', %s, '', 'x', %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s::float8[])""",
            [(*key, *astuple(one)[:-1], list(one.bins) or None) for *key, one in rows],
        )
        cursor.execute("SELECT assay.sum_days(%s, %s)", (SPAN.start, SPAN.end))
    return rows


@pytest.mark.parametrize("sampled", [False, True])
@pytest.mark.parametrize("binned", [False, True])
@pytest.mark.parametrize(("by", "step"), [(("project", "model"), HOUR), (("project",), DAY), ((), DAY)])
def test_what_is_read_is_what_the_hours_add_up_to(
    store_dsn: str, sampled: bool, binned: bool, by: tuple[str, ...], step: timedelta
) -> None:
    expected: dict[tuple[datetime, tuple[str, ...], str], list[Tally]] = defaultdict(list)
    for at, project, model, epoch, one in stored(store_dsn, 1, sampled=sampled, binned=binned):
        named = {"project": project, "model": model}
        starts = at if step == HOUR else at.replace(hour=0)
        expected[starts, tuple(named[column] for column in by), epoch].append(one)
    with connect(store_dsn) as connection:
        found = Segments(connection).read("x", SPAN, by, step)
    assert {(row.starts_at, row.segment, row.epoch) for row in found} == expected.keys()
    assert [row.starts_at for row in found] == sorted(row.starts_at for row in found)
    for row in found:
        sums = merged(expected[row.starts_at, row.segment, row.epoch])
        assert (row.tally.low, row.tally.high) == (sums.low, sums.high)
        assert figures(row.tally) == pytest.approx(figures(sums), rel=1e-12)
        assert row.tally.bins == pytest.approx(sums.bins, rel=1e-12)
        assert isinstance(row.tally.n, int)


def test_nothing_stored_is_nothing_read(store_dsn: str) -> None:
    with connect(store_dsn) as connection:
        assert Segments(connection).read("x", SPAN, ("project",), HOUR) == []


@pytest.mark.parametrize("collects", [True, False])
def test_the_collector_is_left_as_it_was(store_dsn: str, collects: bool) -> None:
    before = gc.isenabled()
    (gc.enable if collects else gc.disable)()
    try:
        with connect(store_dsn) as connection:
            Segments(connection).read("x", SPAN, ("project",), HOUR)
        assert gc.isenabled() is collects
    finally:
        (gc.enable if before else gc.disable)()

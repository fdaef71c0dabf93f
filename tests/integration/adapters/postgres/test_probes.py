"""What is drawn to be probed of a real Postgres, and how far scores shifted, summed up."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import psycopg
import pytest
from psycopg.types.json import Jsonb

from include.adapters.postgres import connect
from include.adapters.postgres.fence import fence_secret
from include.adapters.postgres.probes import Probes
from include.domain.interaction import Turn, Window
from include.domain.probe import Shift, ShiftTally
from include.domain.run import COMPOSITE, Epochs

DAY = Window(datetime(2026, 11, 20, tzinfo=UTC), datetime(2026, 11, 21, tzinfo=UTC))
HOUR = timedelta(hours=1)
EPOCHS = Epochs({"": {"facts": "f1", "tone": "t1", COMPOSITE: "c1"}, "shop": {"facts": "f2", COMPOSITE: "c2"}})


@pytest.fixture
def connection(store_dsn: str) -> Iterator[psycopg.Connection]:
    with connect(store_dsn) as opened:
        opened.execute("SELECT assay.ensure_partitions(%s, %s)", (DAY.start - HOUR, DAY.end))
        yield opened


def judged(connection: psycopg.Connection, name: str, at: datetime, project: str = "bank", **scores: float) -> None:
    """An interaction with values by epoch, whose first letter tells the dimension."""
    connection.execute(
        """INSERT INTO assay.interactions (interaction_id, logged_at, source, occurred_at, project, environment,
               user_input, response, retrieved_contexts, history, sampled, sampling_rate)
           VALUES (%s, %s, 'native', %s, %s, 'prod', 'why?', 'because', %s, %s, true, 1)""",
        (name, at, at, project, Jsonb(["one", "two"]), Jsonb([{"role": "user", "content": "hello"}])),
    )
    for epoch, value in scores.items():
        connection.execute(
            """INSERT INTO assay.scores
                   (interaction_id, logged_at, dimension, epoch, source, value, explanation, scored_at)
               VALUES (%s, %s, %s, %s, 'LLM_JUDGE', %s, '', %s)""",
            (name, at, {"f": "facts", "t": "tone"}[epoch[0]], epoch, value, at),
        )


def test_of_each_project_some_are_drawn_and_always_the_same(connection: psycopg.Connection) -> None:
    for number in range(30):
        judged(connection, f"b{number}", DAY.start + number * timedelta(minutes=40), f1=0.5, t1=0.75)
        judged(connection, f"s{number}", DAY.start + number * timedelta(minutes=40), "shop", f2=0.25)
    drawn = [asked.interaction_id for asked, _ in Probes(connection).sample(DAY, EPOCHS, 20)]
    assert len(set(drawn)) == 40
    assert sum(name.startswith("s") for name in drawn) == 20
    assert drawn == [asked.interaction_id for asked, _ in Probes(connection).sample(DAY, EPOCHS, 20)]
    fewer = {asked.interaction_id for asked, _ in Probes(connection).sample(DAY, EPOCHS, 5)}
    assert fewer < set(drawn)
    assert fewer != {f"{project}{number}" for project in "bs" for number in range(5)}, "not simply the first"


def test_only_what_the_judges_in_force_scored_on_the_day_is_drawn_whole(connection: psycopg.Connection) -> None:
    judged(connection, "in", DAY.start, f1=0.5, t0=1.0)
    judged(connection, "shop", DAY.start, "shop", f1=0.5, f2=0.25)
    judged(connection, "of an earlier judge", DAY.start, f0=0.5)
    judged(connection, "unscored", DAY.start)
    judged(connection, "before", DAY.start - HOUR, f1=0.5)
    judged(connection, "after", DAY.end, f1=0.5)
    drawn = Probes(connection).sample(DAY, EPOCHS, 20)
    assert {asked.interaction_id: found for asked, found in drawn} == {"in": {"f1": 0.5}, "shop": {"f2": 0.25}}
    assert drawn[0][0].retrieved_contexts == ("one", "two")
    assert drawn[0][0].history == (Turn("user", "hello"),)


def shift(name: str, probed: float, at: datetime = DAY.start, probe: str = "planted", epoch: str = "f1") -> Shift:
    return Shift(probe, "facts", epoch, "bank", name, at, 0.25, probed)


def test_shifts_are_summed_up_by_probe_dimension_and_judge(connection: psycopg.Connection) -> None:
    probes, day = Probes(connection), date(2026, 11, 20)
    shifts = [shift("a", 0.25), shift("b", 0.75), shift("c", 0.25, probe="padded"), shift("d", 1.0, epoch="f2")]
    probes.save(day, shifts)
    probes.save(day, [shift("a", 1.0)])
    probes.save(day, [shift("after", 1.0, DAY.end)])
    probes.save(date(2026, 11, 19), [shift("before", 1.0, DAY.start - HOUR)])
    assert probes.tallies(DAY) == [
        ShiftTally("padded", "facts", "f1", 1, 0.0, None),
        ShiftTally("planted", "facts", "f1", 2, 0.25, 0.125),
        ShiftTally("planted", "facts", "f2", 1, 0.75, None),
    ]
    assert [tally.n for tally in probes.tallies(Window(DAY.start - HOUR, DAY.end + HOUR))] == [1, 4, 1]


def test_every_worker_has_the_same_secret_for_fences(store_dsn: str) -> None:
    with connect(store_dsn) as one, connect(store_dsn) as other:
        assert fence_secret(one) == fence_secret(other)
        assert len(fence_secret(one)) == 32
        with pytest.raises(psycopg.errors.UniqueViolation):
            one.execute("INSERT INTO assay.fence (secret) VALUES (sha256('another'))")
        one.rollback()

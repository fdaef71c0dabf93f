"""Who is drawn of a window on a real Postgres: strata, floors, rules, late rows, budgets, and the weights of all."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from psycopg.types.json import Jsonb

from include.adapters.postgres import connect
from include.adapters.postgres.intake import LEAST, PostgresIntake
from include.adapters.postgres.runs import Runs
from include.adapters.postgres.segments import Segments
from include.domain.interaction import Window
from include.domain.run import COMPOSITE, Epochs, Run
from include.domain.segment import Tally, merged
from include.ingest.sample import lot
from include.ingest.strata import SamplingPlan
from tests.integration.ingest.house import AT, HOUR, NOW, START, House

DAY = timedelta(days=1)
JUDGES = Epochs({"": {"correctness": "E", COMPOSITE: "S"}})
BY_PROJECT = SamplingPlan(rate=0.1, strata=("project",))


def planned(house: House, plan: SamplingPlan = BY_PROJECT, **changes: object) -> House:
    return dataclasses.replace(house, plan=plan.model_copy(update=changes))


def rows(house: House) -> dict[str, dict[str, Any]]:
    """Interactions by id, each with whether it is sampled as its lot and its rate say."""
    found = {row["interaction_id"]: row for row in house.interactions()}
    for name, row in found.items():
        assert row["sampled"] == (lot(name) < row["sampling_rate"])
    return found


def many(count: int, prefix: str = "", **given: Any) -> list[dict[str, Any]]:
    step = timedelta(seconds=1)
    return [
        {"interaction_id": f"{prefix}{n}", "logged_at": START + n * step, "occurred_at": START, **given}
        for n in range(count)
    ]


def test_each_stratum_has_its_rate_and_small_ones_their_floor(house: House) -> None:
    house.log(*many(200, "bank-"), *many(8, "clinic-", project="clinic"), *many(2, "tiny-", project="tiny"))
    planned(house, floor=4).run()
    rates = {(row["project"], row["stratum"]): row["sampling_rate"] for row in rows(house).values()}
    assert rates == {
        ("bank", "project=bank"): 0.1,
        ("clinic", "project=clinic"): 0.5,
        ("tiny", "project=tiny"): 1.0,
    }


def test_rules_have_some_judged_whatever_their_lot(house: House) -> None:
    house.log(
        *many(50),
        {"interaction_id": "flag", "attributes": Jsonb({"flagged": True})},
        {"interaction_id": "flag as text", "attributes": Jsonb({"flagged": "true"})},
        {"interaction_id": "thumb", "attributes": Jsonb({"feedback": "Negative"})},
        {"interaction_id": "liked", "attributes": Jsonb({"feedback": "positive", "flagged": False})},
        {"interaction_id": "odd", "attributes": Jsonb({"feedback": {"a": 1}, "language": 5})},
        {"interaction_id": "failed", "response": "", "error_type": "timeout"},
    )
    planned(house, rate=0.01).run()
    always = {name for name, row in rows(house).items() if row["always"]}
    assert always == {"flag", "flag as text", "thumb", "failed"}
    assert all(row["sampling_rate"] == (1 if name in always else 0.01) for name, row in rows(house).items())


def test_a_logged_language_counts_without_its_region(house: House) -> None:
    tags = {"a": "DE-at", "b": "de_CH", "c": " de ", "d": "en"}
    house.log(*({"interaction_id": name, "attributes": Jsonb({"language": tag})} for name, tag in tags.items()))
    planned(house, strata=("language",)).run()
    assert [row["stratum"] for row in rows(house).values()] == [*["language=de"] * 3, "language=en"]


def test_an_answer_whose_language_was_not_logged_is_read_and_only_then(house: House) -> None:
    read: list[str] = []

    def detect(text: str) -> str:
        read.append(text)
        return "fr"

    class Reading(House):
        @property
        def desk(self) -> Any:
            return dataclasses.replace(super().desk, detect=detect)

    reading = Reading(house.store_dsn, house.owner_dsn, house.reader_dsn, house.suite)
    reading.log({"interaction_id": "a", "response": "x" * 400}, {"interaction_id": "b"})
    planned(reading).run()
    assert read == []
    planned(reading, strata=("language",)).run()
    assert sorted(read) == ["Nothing.", "x" * 300]
    assert {row["stratum"] for row in rows(house).values()} == {"language=fr"}


def test_the_first_day_of_a_new_prompt_version_is_judged_whole_and_first_sights_are_kept(house: House) -> None:
    later, next_day = HOUR.start + 3 * DAY, HOUR.start + 4 * DAY + timedelta(hours=1)
    plan = planned(house, rate=0.01)
    logged = [(START, "v1", "old"), (later, "v2", "first"), (later, "v1", "usual"), (next_day, "v2", "after")]
    for at, version, name in logged:
        house.log({"interaction_id": name, "logged_at": at, "occurred_at": at, "prompt_version": version})
    for at in (START, later, next_day, later):  # the last again: nothing changes
        plan.run(Window(at, at + timedelta(hours=1)))
    assert {name: row["always"] for name, row in rows(house).items()} == {
        "old": False,  # the project was new itself
        "first": True,
        "usual": False,
        "after": False,
    }
    seen = house.query("SELECT what, value, first_at FROM assay.first_seen ORDER BY what, value")
    assert [tuple(one.values()) for one in seen] == [
        ("model", "gpt-4.1-mini", START),
        ("prompt_version", "v1", START),
        ("prompt_version", "v2", later),
    ]


def test_an_earlier_window_that_is_run_later_moves_a_first_sight_back(house: House) -> None:
    for hour in (1, 0):
        at = START + hour * timedelta(hours=1)
        house.log({"interaction_id": f"{hour}", "logged_at": at, "occurred_at": at})
        house.run(Window(at, at + timedelta(hours=1)))
    assert house.query("SELECT DISTINCT first_at FROM assay.first_seen") == [{"first_at": START}]


def test_late_rows_end_as_if_all_had_come_at_once(house: House) -> None:
    plan = planned(house, floor=20)
    house.log(*many(40))
    plan.run()
    assert {row["sampling_rate"] for row in rows(house).values()} == {0.5}
    house.log(*many(60, "late-"))
    for _ in range(2):
        plan.run()
        assert {row["sampling_rate"] for row in rows(house).values()} == {0.2}
        assert len(rows(house)) == 100


def test_a_flag_that_is_read_when_the_window_is_run_again_has_the_interaction_judged(house: House) -> None:
    house.log(*many(30))
    plan = planned(house, rate=0.01)
    plan.run()
    house.change_log("""UPDATE llm_interactions SET attributes = '{"flagged": true}' WHERE row_id = 7""")
    plan.run()
    flagged = [row for row in rows(house).values() if row["always"]]
    assert [(row["row_key"], row["sampled"], row["sampling_rate"]) for row in flagged] == [("7", True, 1.0)]


def score(house: House, names: Callable[[str], bool] = lambda name: True, value: float = 0.5) -> set[str]:
    """A score for each sampled interaction that has none; returns whom."""
    chosen = [row for name, row in rows(house).items() if row["sampled"] and names(name)]
    with connect(house.store_dsn) as store:
        for row in chosen:
            store.execute(
                """INSERT INTO assay.scores (interaction_id, logged_at, dimension, epoch, source, value, explanation,
                       scored_at) VALUES (%s, %s, 'correctness', 'E', 'CODE', %s, '', now()) ON CONFLICT DO NOTHING""",
                (row["interaction_id"], row["logged_at"], value),
            )
            store.execute(
                "INSERT INTO assay.composites VALUES (%s, %s, 'w', 'S', %s, '{}') ON CONFLICT DO NOTHING",
                (row["interaction_id"], row["logged_at"], value),
            )
    return {row["interaction_id"] for row in chosen}


FIRST, LAST = (HOUR.start, ""), (HOUR.end, "")


def thin(
    house: House,
    factor: float,
    project: str = "bank",
    first: Any = FIRST,
    last: Any = LAST,
    epochs: list[str] | None = None,
) -> int:
    with connect(house.store_dsn) as store:
        return PostgresIntake(store).thin("native", project, first, last, factor, epochs)


def test_a_smaller_sample_is_part_of_the_larger_one_however_often_it_is_asked_for(house: House) -> None:
    house.log(*many(300), *many(20, "other-", project="clinic"), *many(5, "f-", attributes=Jsonb({"flagged": True})))
    planned(house, rate=0.8).run()
    full = {name for name, row in rows(house).items() if row["sampled"]}
    lost = thin(house, 0.25)
    for _ in range(2):
        found = rows(house)
        smaller = {name for name, row in found.items() if row["sampled"]}
        assert smaller < full
        assert len(full) - len(smaller) == lost
        assert {row["sampling_rate"] for name, row in found.items() if name.isdigit()} == {0.2}
        assert {row["sampling_rate"] for name, row in found.items() if name.startswith("other")} == {0.8}
        assert all(row["sampled"] for name, row in found.items() if name.startswith("f-"))
        assert thin(house, 0.25) == 0
        assert thin(house, 0.5) == 0  # never larger again


def test_nobody_loses_every_chance(house: House) -> None:
    house.log(*many(50))
    house.run()
    thin(house, 0.0)
    assert {row["sampling_rate"] for row in rows(house).values()} == {LEAST}


def test_only_what_comes_after_the_last_that_was_judged_is_thinned(house: House) -> None:
    house.log(*many(100))
    house.run()
    judged = score(house, lambda name: int(name) < 40)
    thin(house, 0.1)
    found = rows(house)
    assert {found[name]["sampling_rate"] for name in judged} == {1.0}
    assert {row["sampling_rate"] for name, row in found.items() if name not in judged} == {0.1}


def test_what_other_judges_did_protects_nobody_from_those_that_come_now(house: House) -> None:
    house.log(*many(100))
    house.run()
    score(house)
    assert thin(house, 0.1, epochs=["E"]) == 0
    assert thin(house, 0.1, epochs=["another"]) > 70


def test_a_stretch_is_thinned_alone(house: House) -> None:
    house.log(*many(30))
    house.run()
    inside = [START + timedelta(seconds=second) for second in (10, 19)]
    thin(house, 0.1, first=(inside[0], "10"), last=(inside[1], "19"))
    thinner = {name for name, row in rows(house).items() if row["sampling_rate"] < 1}
    assert thinner == {str(number) for number in range(10, 20)}


def test_a_window_that_is_run_again_keeps_what_a_budget_left_out_until_its_plan_changes(house: House) -> None:
    house.log(*many(100))
    house.run()
    thin(house, 0.25)
    before = house.tables()
    house.run(now=NOW + DAY)
    assert house.tables() == before
    planned(house, rate=0.6).run()
    assert {(row["sampling_rate"], row["planned_rate"]) for row in rows(house).values()} == {(0.6, None)}


def test_a_flag_has_an_interaction_judged_that_a_budget_left_out(house: House) -> None:
    house.log(*many(100))
    house.run()
    thin(house, 0.01)
    out = next(row for row in rows(house).values() if not row["sampled"])
    house.change_log(
        f"""UPDATE llm_interactions SET attributes = '{{"flagged": true}}' WHERE row_id = {out["row_key"]}"""
    )
    house.run()
    back = rows(house)[out["interaction_id"]]
    assert (back["sampled"], back["sampling_rate"], back["planned_rate"]) == (True, 1.0, None)
    assert sum(row["sampling_rate"] == 1 for row in rows(house).values()) == 1


def test_the_ledger_closes_over_a_thinned_window(house: House) -> None:
    house.log(*many(200), {"interaction_id": None})
    planned(house, rate=0.5).run()
    thin(house, 0.5)
    judged = score(house)
    run = Run("native", HOUR, live=True)
    with connect(house.store_dsn) as store:
        ledger = Runs(store).count(run, 201, ["S"])
    assert ledger.closes
    assert (ledger.quarantined, ledger.scored, ledger.excluded) == (1, len(judged), 200 - len(judged))


def test_what_was_judged_before_it_left_the_sample_no_longer_counts(house: House) -> None:
    house.log(*many(60))
    house.run()
    score(house)
    planned(house, rate=0.2).run()
    kept = [row for row in rows(house).values() if row["sampled"]]
    [tally] = tallies(house)
    assert (tally.n, tally.weight) == (len(kept), pytest.approx(5 * len(kept)))


def tallies(house: House, measure: str = "composite") -> list[Tally]:
    with connect(house.store_dsn) as store:
        segments = Segments(store)
        segments.rebuild(HOUR, JUDGES, "w")
        return [row.tally for row in segments.read(measure, HOUR, ["project"], timedelta(hours=1))]


def test_the_mean_of_a_stratified_and_thinned_sample_is_that_of_the_log(house: House) -> None:
    """Two models, a rare one that is worse, flagged answers that are worst; a budget steps in half way."""
    rng, truth = Random(4), {}
    logged = many(2_400)
    for number, row in enumerate(logged):
        kind = rng.choices(["usual", "rare", "flagged"], (0.90, 0.07, 0.03))[0]
        row |= {"request_model": kind, "attributes": Jsonb({"flagged": kind == "flagged"})}
        truth[str(number)] = {"usual": 0.9, "rare": 0.5, "flagged": 0.1}[kind] + rng.uniform(-0.1, 0.1)
    house.log(*logged)
    planned(house, SamplingPlan(rate=0.4, strata=("model",), floor=100)).run()
    middle = START + timedelta(seconds=1_200)
    thin(house, 0.25, first=(middle, ""))
    drawn = [name for name, row in rows(house).items() if row["sampled"]]
    with connect(house.store_dsn) as store:
        for name in drawn:
            at = START + timedelta(seconds=int(name))
            store.execute("INSERT INTO assay.composites VALUES (%s, %s, 'w', 'S', %s, '{}')", (name, at, truth[name]))
    one = merged(tallies(house))
    mean = sum(truth.values()) / len(truth)
    by_head = sum(truth[name] for name in drawn) / len(drawn)
    assert one.mean is not None
    assert one.mean_variance is not None
    assert one.n == len(drawn) < 900
    assert one.weight == pytest.approx(2_400, rel=0.1)
    assert one.heaviest == pytest.approx(10.0)
    assert abs(one.mean - mean) < 3 * one.mean_variance**0.5 < 0.05
    assert mean - by_head > 0.04


def test_a_row_that_is_released_is_a_window_of_its_own(house: House) -> None:
    house.log(*many(50), {"interaction_id": "mute", "response": None})
    plan = planned(house, rate=0.01, floor=1)
    plan.run()
    assert plan.release("51", response="x") == 1
    assert rows(house)["mute"]["sampling_rate"] == 1.0
    assert AT in HOUR

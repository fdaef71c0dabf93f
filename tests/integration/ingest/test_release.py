"""A person lets rows out of quarantine: what is fit by then is scored, and what is not stays where it is."""

from __future__ import annotations

from datetime import timedelta

import pytest

from include.adapters.postgres import connect
from include.adapters.postgres.scores import Scores
from include.domain.interaction import Json, Window
from include.domain.run import Epochs, Run
from include.errors import RepairRefused
from tests.integration.ingest.house import AT, HOUR, NOW, House


def refused(house: House, *row_keys: str, **repair: Json) -> str:
    """Why a release is refused; it changes nothing."""
    before = house.tables()
    with pytest.raises(RepairRefused) as caught:
        house.release(*row_keys, **repair)
    assert house.tables() == before
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_repaired_row_becomes_an_interaction_and_its_repair_is_kept(house: House) -> None:
    house.log({"interaction_id": "a", "response": None})
    house.run()
    assert house.release("1", response="Nothing.") == 1
    (row,) = house.interactions()
    assert (row["interaction_id"], row["logged_at"], row["response"], row["row_key"]) == ("a", AT, "Nothing.", "1")
    assert row["cost"] > 0
    (kept,) = house.quarantine()
    assert (kept["released_at"], kept["repair"]) == (NOW, {"response": "Nothing."})
    assert kept["raw"]["response"] is None
    assert house.query("SELECT * FROM assay.staged") == []


def test_a_row_that_its_repair_named_is_planned_by_the_next_run(house: House) -> None:
    house.log({"interaction_id": None})
    house.run()
    house.release("1", interaction_id="named")
    later = Run("native", Window(HOUR.end, HOUR.end + timedelta(hours=1)), live=True)
    with connect(house.store_dsn) as store:
        (shard,) = Scores(store).plan(later, Epochs({"": {"correctness": "epoch"}}), 10, HOUR.start, 5)
    assert (shard.overdue, shard.first[1]) == (True, "named")


def test_one_repair_mends_many_rows(house: House) -> None:
    house.log(*({"interaction_id": name, "input_tokens": -1} for name in "abc"))
    house.run()
    assert house.release("1", "2", "3", input_tokens=None) == 3
    assert [(row["interaction_id"], row["cost"]) for row in house.interactions()] == [
        ("a", None),
        ("b", None),
        ("c", None),
    ]


def test_one_of_two_duplicates_is_let_in_without_a_repair_and_the_other_under_another_id(house: House) -> None:
    house.log({"interaction_id": "a"}, {"interaction_id": "a", "logged_at": AT + timedelta(minutes=1)})
    house.run()
    assert house.release("1") == 1
    assert "row 2 is still refused by id_unique" in refused(house, "2")
    assert house.release("2", interaction_id="b") == 1
    assert house.ids() == ["a", "b"]


@pytest.mark.parametrize(
    ("row_keys", "repair", "told"),
    [
        (["1"], {}, "row 1 is still refused by response_present"),
        (["1"], {"input_tokens": 5}, "row 1 is still refused by response_present"),
        (["1"], {"response": 5}, "row 1 is still refused by types_readable, response_present"),
        (["1"], {"response": "x", "occurred_at": "now"}, "row 1 is still refused by types_readable"),
        (["1"], {"response": "x", "interaction_id": "fit"}, "row 1 is still refused by id_unique"),
        (["1", "2"], {"response": "x"}, "row 2 is still refused by input_tokens_range"),
        (["1", "2"], {"response": "x", "input_tokens": 1, "interaction_id": "same"}, "refused by id_unique"),
        (["1", "3"], {"response": "x"}, "not in quarantine: rows 3 of source native"),
        (["nowhere"], {}, "not in quarantine: rows nowhere of source native"),
        (["1"], {"reponse": "x"}, "no such fields: reponse. Known: interaction_id, "),
        (["1"], {"logged_at": "2026-11-21"}, "no such fields: logged_at"),
    ],
)
def test_what_is_not_fit_is_refused_whole(
    house: House, row_keys: list[str], repair: dict[str, Json], told: str
) -> None:
    house.log(
        {"interaction_id": "mute", "response": None},
        {"interaction_id": "negative", "input_tokens": -1},
        {"interaction_id": "fit"},
    )
    house.run()
    assert told in refused(house, *row_keys, **repair)


def test_a_row_is_released_once(house: House) -> None:
    house.log({"interaction_id": "a", "response": None})
    house.run()
    house.release("1", response="x")
    assert "not in quarantine" in refused(house, "1", response="y")


@pytest.mark.parametrize("repair", [{"input_tokens": 1}, {"input_tokens": 1, "interaction_id": "renamed"}])
@pytest.mark.parametrize("mended", [False, True])
def test_what_a_person_released_stays_when_its_window_is_taken_in_again(
    house: House, repair: dict[str, Json], mended: bool
) -> None:
    house.log({"interaction_id": "a", "input_tokens": -1}, {"interaction_id": "b"})
    house.run()
    house.release("1", **repair)
    before = house.tables()
    if mended:  # in the log as well, later
        house.change_log("UPDATE llm_interactions SET input_tokens = 2 WHERE row_id = 1")
    house.run(now=NOW + timedelta(days=1))
    assert house.tables() == before

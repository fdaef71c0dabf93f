"""The page of runs: ledgers as bars and in numbers, and the quarantine with its way out."""

from __future__ import annotations

import re

import pytest
from fastapi.testclient import TestClient

from include.domain.run import CoverageLedger
from plugins.quality.runs import bar
from plugins.quality.site import PREFIX
from tests.fakes.pages import Desk
from tests.fakes.runs_page import record, runs_page


def token(client: TestClient) -> str:
    found = re.search('name="token" value="([^"]+)"', client.get("runs").text)
    assert found is not None
    return found[1]


def test_a_ledger_is_told_in_numbers_beside_its_bar() -> None:
    page = Desk().client().get("runs").text
    for told in ("1,000", "250", "700", ">25<", ">20<", ">5<", "2 min", "120 rows, usually 800"):
        assert told in page, told
    assert page.count('<rect class="gap"') == 2  # that of the legend, and that of the one run that has a gap
    assert 'target="_top" href="/dags/score_interactions/runs"' in page
    for told in ("being scored", "it has no ledger yet", "backfill", "2 attempts"):
        assert told in page, told


def test_a_time_without_runs_and_refusals_says_so() -> None:
    page = Desk(ran=runs_page(runs=(), refusals=(), held=())).client().get("runs").text
    assert "No run is on record in this time" in page
    assert "Nothing that was logged in this time was refused" in page


def test_older_runs_are_one_link_away() -> None:
    page = Desk(ran=runs_page(has_older=True)).client().get("runs?range=28d").text
    assert 'href="?range=28d&amp;until=2026-11-20T09%3A00Z"' in page


@pytest.mark.parametrize(
    ("ledger", "parts"),
    [
        (CoverageLedger(100, 10, 20, 70, 0), [("scored", 0, 70), ("excluded", 70, 20), ("quarantined", 90, 10)]),
        (CoverageLedger(100, 0, 0, 60, 0), [("scored", 0, 60), ("gap", 60, 40)]),
        (CoverageLedger(0, 0, 0, 0, 0), []),
        (CoverageLedger(10, 0, 0, 15, 5), [("scored", 0, 75), ("failed", 75, 25)]),
    ],
)
def test_a_bar_shows_each_term_of_the_ledger(ledger: CoverageLedger, parts: list[tuple[str, float, float]]) -> None:
    assert list(bar(ledger)) == parts


def test_a_row_is_released_in_the_readers_name_and_the_view_is_kept() -> None:
    desk = Desk(triggers=("score_interactions",))
    client = desk.client()
    answer = client.post("runs?range=24h", data={"row_key": "row-7", "token": token(client)})
    assert (answer.status_code, answer.headers["location"]) == (303, f"{PREFIX}/runs?range=24h")
    assert desk.done == [("release", "row-7", "ada")]


def test_a_row_that_is_still_unfit_stays_and_the_page_says_why() -> None:
    desk = Desk(triggers=("score_interactions",))
    client = desk.client()
    answer = client.post("runs", data={"row_key": "bad", "token": token(client)})
    assert answer.status_code == 409
    assert "row bad is still refused by id_is_unique" in answer.text
    assert desk.done == []


def test_nobody_releases_without_permission_or_from_another_site() -> None:
    ours = token(Desk(triggers=("score_interactions",)).client())
    for desk, given in (
        (Desk(triggers=("watch_quality",)), ours),
        (Desk(triggers=("score_interactions",)), ""),
        (Desk(triggers=("score_interactions",), user_id="u2"), ours),
    ):
        assert desk.client().post("runs", data={"row_key": "row-7", "token": given}).status_code == 403
        assert desk.done == []
    page = Desk(triggers=()).client().get("runs").text
    assert "<button" not in page
    assert "permission to trigger the DAG score_interactions" in page


def test_how_long_a_run_took_is_unknown_while_it_is_under_way_again() -> None:
    assert record(None).duration is None

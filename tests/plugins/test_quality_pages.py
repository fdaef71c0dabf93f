"""The pages inside Airflow: what they show, to whom, under which policy, and who may act there."""

from __future__ import annotations

import re
from datetime import timedelta
from itertools import pairwise

import pytest
from fastapi import Depends, HTTPException
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from itsdangerous import timed

from include.domain.alert import AlertState
from include.domain.interaction import Window
from plugins.quality.curve import LABEL_HEIGHT, curve
from plugins.quality.site import PREFIX
from tests.fakes.interactions import AT
from tests.fakes.pages import DAY, HOUR, NOW, Desk, dossier, overview, state

TOP = NOW.replace(minute=0) + HOUR
PAGES = [
    "",
    "projects/bank",
    "runs",
    "interactions",
    "interactions/x0",
    "incidents",
    "incidents/i1",
    "silences",
    "costs",
    "judges",
    "reports",
    "reports/weekly_2026-11-09_2026-11-16/",
]
ACTS = [
    ("incidents/i1", {"verb": "acknowledge"}, ("acknowledge", "i1", "ada")),
    ("incidents/i1", {"verb": "snooze_1h"}, ("snooze", "i1", 1.0, "ada")),
    ("incidents/i1", {"verb": "snooze_1d"}, ("snooze", "i1", 24.0, "ada")),
    ("incidents/i1", {"verb": "not_useful"}, ("judge", "i1", "ada", False)),
    ("incidents/i1", {"verb": "useful"}, ("judge", "i1", "ada", True)),
    (
        "silences",
        {"matchers": "project=bank", "lasts": "2h", "why": "x"},
        ("silence", "project=bank", "2h", "ada", "x"),
    ),
    ("silences/7/expire", {}, ("expire", 7)),
    (
        "interactions/x0?at=2026-11-20T17:05:00.123456Z",
        {"act": "correct", "answer": "At ten."},
        ("correct", "x0", AT, "At ten.", "ada"),
    ),
    (
        "interactions/x0?at=2026-11-20T17:05:00.123456Z",
        {"act": "keep", "dataset": "d", "expected": "e\0", "note": "n"},
        ("keep", "x0", AT, "d", "e", "n", "ada"),
    ),
    (
        "interactions/x0?at=2026-11-20T17:05:00.123456Z",
        {"act": "disagree", "dimension": "tone", "epoch": "e1", "grade": "2", "why": "so"},
        ("disagree", "x0", AT, "tone", "e1", 0.25, "so", "ada"),
    ),
]


def token(client: TestClient) -> str:
    found = re.search('name="token" value="([^"]+)"', client.get("silences").text)
    assert found is not None
    return found[1]


def test_a_project_in_trouble_is_shown_with_what_is_known_of_it() -> None:
    page = Desk().client().get("").text
    for told in ("bank", "0.800", "0.700 – 0.900", "1,000 logged", "28.0 % scored", "3 failed", "7 in quarantine"):
        assert told in page, told
    assert "$12.34" in page
    assert "12 calls of unknown price" in page
    assert f'href="{PREFIX}/incidents/i1"' in page
    assert 'aria-label="bank, composite score by day: ' in page


def test_before_the_first_window_the_page_says_what_will_fill_it() -> None:
    page = Desk(over=overview(settled=None)).client().get("").text
    assert "Nothing was scored yet" in page
    assert 'href="/dags/score_interactions"' in page


def test_a_store_that_fell_behind_is_told_with_a_way_to_what_it_has() -> None:
    behind = overview(state(), settled=NOW - 30 * DAY)
    page = Desk(over=behind).client().get("").text
    assert "ended 21 Oct 2026, 18:20 UTC, before the time that is shown here" in page
    assert 'href="?until=2026-10-21T18%3A20Z"' in page


@pytest.mark.parametrize(
    ("query", "window", "environment"),
    [
        ("", Window(TOP - 7 * DAY, TOP), ""),
        ("?range=24h&env=staging", Window(TOP - DAY, TOP), "staging"),
        (
            "?range=28d&until=2026-11-01T00:00Z",
            Window(TOP.replace(day=1, hour=0) - 28 * DAY, TOP.replace(day=1, hour=0)),
            "",
        ),
        ("?until=2026-11-01T00:00%2B01:00", None, ""),
        ("?until=2026-11-01", None, ""),
    ],
)
def test_what_is_shown_stands_in_the_address(query: str, window: Window | None, environment: str) -> None:
    desk = Desk()
    assert desk.client().get(query).status_code == 200
    ((shown, where),) = desk.asked  # type: ignore[misc]
    assert where == environment
    assert window is None or shown == window


@pytest.mark.parametrize(
    "query",
    [
        "?range=1y",
        "?until=yesterday",
        "?until=9999-12-31",
        "?until=9999-12-31T23:59-05:00",
        "?until=0001-01-01",
        "?until=%00",
    ],
)
def test_an_address_that_means_nothing_is_refused_on_a_page(query: str) -> None:
    for page in ("", "incidents"):
        answer = Desk().client().get(page + query)
        assert answer.status_code == 400
        assert "This cannot be shown" in answer.text


def test_every_view_leads_to_the_others_of_the_same_time() -> None:
    page = Desk().client().get("?range=14d&env=staging").text
    assert f'href="{PREFIX}/incidents?range=14d&amp;env=staging"' in page
    assert 'href="?range=28d&amp;env=staging"' in page
    assert 'href="?range=14d&amp;env=staging&amp;until=2026-11-20T18%3A20Z"' in page


def test_an_incident_is_told_with_evidence_examples_and_history() -> None:
    page = Desk().client().get("incidents/i1").text
    for told in (
        "bank: composite drop",
        "Read the worst answers",
        "“Is it open?” → “Perhaps.”",
        "95 % interval 0.38 to 0.44",
    ):
        assert told in page, told
    assert "probably a consequence" in page
    assert "bob" in page
    assert '<svg class="curve"' in page


def test_a_curve_draws_gaps_as_gaps_and_keeps_its_labels_apart() -> None:
    message = dossier().message
    assert message.chart is not None
    drawn = curve(message.chart)
    assert len(drawn.lines) == 1
    assert len(drawn.dots) == 1
    heights = sorted(height for height, _ in drawn.labels)
    assert all(b - a >= LABEL_HEIGHT for a, b in pairwise(heights))


def test_what_people_see_of_an_incident_depends_on_what_they_may_do() -> None:
    may, may_not = Desk().client().get("incidents/i1").text, Desk(triggers=()).client().get("incidents/i1").text
    assert "Acknowledge</button>" in may
    assert "<button" not in may_not
    assert "permission to trigger the DAG watch_quality" in may_not


@pytest.mark.parametrize(("path", "form", "done"), ACTS)
def test_an_act_is_done_in_the_readers_name_and_shown(
    path: str, form: dict[str, str], done: tuple[object, ...]
) -> None:
    desk = Desk()
    client = desk.client()
    answer = client.post(path, data={**form, "token": token(client)})
    assert answer.status_code == 303
    assert answer.headers["location"].split("?")[0] == f"{PREFIX}/{path.split('?')[0].removesuffix('/7/expire')}"
    assert desk.done == [done]


@pytest.mark.parametrize(("path", "form", "done"), ACTS)
def test_nobody_acts_without_permission_or_from_another_site(
    path: str, form: dict[str, str], done: tuple[object, ...]
) -> None:
    ours = token(Desk().client())
    for desk, given in (
        (Desk(triggers=()), ours),
        (Desk(), ""),
        (Desk(), f"{ours}x"),
        (Desk(user_id="u2"), ours),
    ):
        answer = desk.client().post(path, data={**form, "token": given})
        assert answer.status_code == 403
        assert desk.done == []


def test_a_form_that_stood_open_for_too_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk()
    client = desk.client()
    given = token(client)
    later = timed.time.time() + timedelta(hours=13).total_seconds()
    monkeypatch.setattr(timed.time, "time", lambda: later)
    answer = client.post("incidents/i1", data={"verb": "acknowledge", "token": given})
    assert answer.status_code == 403
    assert "stood open for too long" in answer.text
    assert desk.done == []


def test_a_silence_that_is_refused_says_why_and_keeps_what_was_typed() -> None:
    desk = Desk()
    client = desk.client()
    answer = client.post("silences", data={"matchers": "project=b", "lasts": "3d", "token": token(client)})
    assert answer.status_code == 400
    assert "needs an author and a reason" in answer.text
    assert 'value="project=b"' in answer.text
    assert 'value="3d"' in answer.text


def test_an_unknown_verb_and_what_is_not_there_are_told_on_a_page() -> None:
    client = Desk().client()
    assert client.post("incidents/i1", data={"verb": "explode", "token": token(client)}).status_code == 400
    for path in ("incidents/unknown", "nothing", "static/app.py", "static/..%2fapp.py"):
        answer = client.get(path)
        assert answer.status_code == 404, path
        assert "This cannot be shown" in answer.text


@pytest.mark.parametrize("path", ["incidents/%00", "?env=%00", "?%00=1", "silences?matchers=a%3D%00"])
def test_an_address_with_a_nul_is_refused_on_a_page(path: str) -> None:
    answer = Desk().client().get(path)
    assert answer.status_code == 400
    assert "holds a NUL" in answer.text


def test_a_nul_in_a_form_is_dropped_and_a_form_of_another_shape_refused_on_a_page() -> None:
    desk = Desk()
    client = desk.client()
    given = {"matchers": "a=b\0", "lasts": "2h", "why": "x\0", "token": token(client)}
    assert client.post("silences", data=given).status_code == 303
    assert desk.done == [("silence", "a=b", "2h", "ada", "x")]
    answer = client.post("silences/seven/expire", data={"token": token(client)})
    assert answer.status_code == 400
    assert "This cannot be shown" in answer.text


def test_every_answer_has_its_policy() -> None:
    client = Desk().client()
    for path in (*PAGES, "nothing", "static/style.css", "static/page.js", "?range=1y"):
        headers = client.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'self'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "private, no-store"


def test_no_door_is_open_to_those_who_are_not_let_in() -> None:
    def nobody() -> None:
        raise HTTPException(401)

    app = Desk().pages(Depends(nobody))
    routes = [route for route in app.routes if isinstance(route, APIRoute)]
    assert len(routes) == len(app.routes) >= 8
    client = TestClient(app)
    for route in routes:
        path = route.path_format.format(
            project="bank", interaction_id="x0", incident_id="i1", silence_id=7, report_id="w1", name="style.css"
        )
        for method in route.methods:
            assert client.request(method, path).status_code == 401, (method, path)


def test_what_is_over_asks_nobody_to_look_after_it() -> None:
    over = dossier(ends_at=NOW - HOUR, state=AlertState.RESOLVED)
    page = Desk(one=over).client().get("incidents/i1").text
    assert "It is over." in page
    assert "Acknowledge</button>" not in page
    assert "Not useful</button>" in page

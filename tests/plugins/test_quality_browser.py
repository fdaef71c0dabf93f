"""The pages in a real Chromium: nothing that was logged runs or leaves, everybody can read them, on any screen."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from fastapi.responses import HTMLResponse
from playwright.sync_api import Browser

from plugins.quality.site import PREFIX
from tests.fakes.browser import HOSTILE, browser, served, watch
from tests.fakes.pages import Desk

PAGES = [
    "/?until=2026-11-20T18:00Z",
    "/projects/bank",
    "/runs",
    "/interactions",
    "/interactions/x0",
    "/incidents",
    "/incidents/i1",
    "/silences",
    "/costs",
    "/judges",
    "/reports",
    "/reports/weekly_2026-11-09_2026-11-16/",
    "/nothing",
]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as started:
        yield started


def test_nothing_that_was_logged_runs_or_leaves_whatever_field_holds_it(chromium: Browser) -> None:
    watched = watch(chromium.new_context())
    for text in HOSTILE:
        with served(Desk(text).app()) as address:
            for path in PAGES[:-1]:
                watched.page.goto(f"{address}{PREFIX}{path}")
                assert watched.ran() == [], (text, path)
                assert text in watched.page.locator("body").inner_text(), (text, path)
            assert all(url.startswith(address) for url in watched.requests), text
        watched.requests.clear()
    assert watched.dialogs == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_read_every_page(chromium: Browser, scheme: str) -> None:
    page = chromium.new_context(color_scheme=scheme, bypass_csp=True).new_page()  # type: ignore[arg-type]
    with served(Desk().app()) as address:
        for path in PAGES:
            page.goto(f"{address}{PREFIX}{path}")
            found = Axe().run(page).response["violations"]
            assert [(one["id"], one["nodes"][0]["html"]) for one in found] == [], path


def test_pages_fit_a_phone(chromium: Browser) -> None:
    page = chromium.new_context(viewport={"width": 390, "height": 800}).new_page()
    with served(Desk("x" * 300).app()) as address:
        for path in PAGES:
            page.goto(f"{address}{PREFIX}{path}")
            assert page.evaluate("document.documentElement.scrollWidth") <= 390, path


def test_a_link_out_of_the_frame_moves_the_page_around_it(chromium: Browser) -> None:
    """As in Airflow, whose sandbox lets no frame do that by itself."""
    app = Desk().app()
    sandbox = "allow-scripts allow-same-origin allow-forms allow-downloads"
    frame = f'<iframe sandbox="{sandbox}" src="{PREFIX}/incidents/i1" width=900 height=700></iframe>'
    app.get("/plugin")(lambda: HTMLResponse(frame))
    app.get("/dags/{rest:path}")(lambda rest: HTMLResponse("a DAG"))
    page = chromium.new_context().new_page()
    with served(app) as address:
        page.route("http://airflow/**", lambda route: route.fulfill(body="a DAG", content_type="text/html"))
        page.goto(f"{address}/plugin")
        page.frame_locator("iframe").get_by_role("link", name="Scoring runs").click()
        page.wait_for_url("http://airflow/dags/score_interactions/runs")
        assert page.locator("body").inner_text() == "a DAG"


def test_the_keyboard_leads_from_the_answer_to_the_statement_to_the_passage(chromium: Browser) -> None:
    page = chromium.new_context().new_page()
    with served(Desk().app()) as address:
        page.goto(f"{address}{PREFIX}/interactions/x0")
        page.locator("#answer-2").focus()
        for keys, place in ((["Enter"], "claim-2"), (["Tab", "Tab", "Enter"], "passage-2"), (["Enter"], "claim-2")):
            for key in keys:
                page.keyboard.press(key)
            page.wait_for_url(f"**#{place}")
            assert page.evaluate("document.activeElement.id") == place


def test_forms_act_with_the_keyboard_alone(chromium: Browser) -> None:
    desk = Desk()
    page = chromium.new_context().new_page()
    with served(desk.app()) as address:
        page.goto(f"{address}{PREFIX}/incidents/i1")
        page.get_by_role("button", name="Acknowledge").focus()
        with page.expect_navigation():
            page.keyboard.press("Enter")
        page.goto(f"{address}{PREFIX}/silences")
        page.get_by_label("Which alerts").fill("project=bank")
        page.get_by_label("Why").fill("a move")
        with page.expect_navigation():
            page.keyboard.press("Enter")
    assert desk.done == [("acknowledge", "i1", "ada"), ("silence", "project=bank", "2h", "ada", "a move")]

"""The pages inside a real Airflow API server: who gets in, who may act, where tasks lead and where pages lead back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page, expect

from include.adapters.postgres import connect
from include.adapters.postgres.alerts import Alerts
from include.adapters.postgres.reports import Reports
from include.adapters.postgres.runs import Runs
from include.domain.interaction import Window
from include.domain.run import CoverageLedger, Run
from include.notify.alerts import update_alerts
from include.notify.messages import incident_page
from include.reports.publish import publish
from plugins.quality.site import SECTIONS
from tests.fakes.airflow_server import (
    FAB,
    HOUR,
    PASSWORD,
    REPORTED,
    SCORED,
    SIMPLE,
    TEN,
    WATCHED,
    AirflowServer,
    serve,
)
from tests.fakes.browser import browser
from tests.fakes.notify import ROUTES, result
from tests.fakes.weekly import week

QUALITY = "/assay/quality/"
INSIDE = f"/plugin/quality{QUALITY}"
INCIDENT = "2026-11-20T0900Z_help-desk_production_quality"
UNTIL = "?until=2026-11-20T11%3A00Z"
REPORT = week().report_id
DOORS = [QUALITY + path for path, _ in SECTIONS] + [
    f"{QUALITY}{name}"
    for name in (f"incidents/{INCIDENT}", f"reports/{REPORT}/", f"reports/{REPORT}/files/{REPORT}.html")
]
DAG_RUNS = {
    "scored": f"/dags/score_interactions/runs/{quote(SCORED)}",
    "watched": f"/dags/watch_quality/runs/{WATCHED}",
    "reported": f"/dags/report_weekly/runs/{REPORTED}",
}
PATIENCE_MS = 60_000


@pytest.fixture(scope="module")
def assay_home(tmp_path_factory: pytest.TempPathFactory, lasting_store_dsn: str) -> Path:
    """Where the report lies that the store knows of, beside a run and an incident."""
    home = tmp_path_factory.mktemp("assay")
    run = Run("native", Window(TEN - HOUR, TEN), live=True)
    with connect(lasting_store_dsn) as connection:
        Runs(connection).begin(run, TEN)
        Runs(connection).settle(run.run_id, CoverageLedger(1000, 20, 700, 250, 30), TEN)
        publish(week(), Reports(connection), home, datetime(2026, 11, 16, 1, tzinfo=UTC))
        update_alerts([result("Breached", 9)], Alerts(connection), ROUTES, live=True)
    return home


@pytest.fixture(scope="module")
def simple(
    tmp_path_factory: pytest.TempPathFactory, lasting_store_dsn: str, assay_home: Path
) -> Iterator[AirflowServer]:
    """Airflow with SimpleAuthManager."""
    with serve(tmp_path_factory.mktemp("simple"), lasting_store_dsn, ASSAY_HOME=str(assay_home), **SIMPLE) as server:
        yield server


@pytest.fixture(scope="module")
def fab(tmp_path_factory: pytest.TempPathFactory, lasting_store_dsn: str, assay_home: Path) -> Iterator[AirflowServer]:
    """Airflow with FAB's users."""
    with serve(tmp_path_factory.mktemp("fab"), lasting_store_dsn, ASSAY_HOME=str(assay_home), **FAB) as server:
        yield server


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    expect.set_options(timeout=PATIENCE_MS)
    with browser() as started:
        yield started


@pytest.fixture(scope="module")
def vera(chromium: Browser, simple: AirflowServer) -> Page:
    """The browser of a viewer who has logged in."""
    page = new_page(chromium)
    page.goto(simple.address)
    log_in(page, "vera")
    expect(page.get_by_role("link", name="Quality", exact=True)).to_be_visible()
    return page


def new_page(chromium: Browser) -> Page:
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    context.set_default_timeout(PATIENCE_MS)
    return context.new_page()


def log_in(page: Page, who: str) -> None:
    page.fill("input[name=username]", who)
    page.fill("input[name=password]", PASSWORD)
    page.click("button[type=submit]")


def token_of(server: AirflowServer, who: str) -> str:
    found = re.search('name="token" value="([^"]+)"', server.get(f"{QUALITY}silences", who).text)
    return found[1] if found else ""


@pytest.mark.parametrize("manager", ["simple", "fab"])
def test_pages_stand_behind_airflows_login_and_acting_needs_more(
    manager: str, request: pytest.FixtureRequest, lasting_store_dsn: str
) -> None:
    server: AirflowServer = request.getfixturevalue(manager)
    for door in DOORS:
        assert server.get(door).status_code == 401, door
        assert server.get(door, "vera").status_code == 200, door

    incident = f"{QUALITY}incidents/{INCIDENT}"
    assert token_of(server, "vera") == ""
    for who in ("olga", "admin"):
        snooze = {"verb": "acknowledge", "token": token_of(server, who)}
        assert server.post(incident, snooze).status_code == 401
        assert server.post(incident, snooze, "vera").status_code == 403
        assert server.post(incident, {"verb": "acknowledge"}, who).status_code == 403
        assert server.post(incident, snooze, who).status_code == 303
    with connect(lasting_store_dsn) as store:
        store.execute("DELETE FROM assay.acknowledgements")


def test_whom_fab_lets_see_nothing_of_the_website_sees_no_page(fab: AirflowServer) -> None:
    for door in DOORS:
        assert fab.get(door, "nemo").status_code == 403, door
    assert fab.post(f"{QUALITY}incidents/{INCIDENT}", {"verb": "acknowledge"}, "nemo").status_code == 403


@pytest.mark.parametrize(
    ("dag_id", "run_id", "task_id", "page"),
    [
        ("score_interactions", SCORED, "extract", "runs?range=24h&until=2026-11-20T10%3A00Z"),
        ("score_interactions", SCORED, "validate", "runs?range=24h&until=2026-11-20T10%3A00Z#quarantine"),
        ("score_interactions", SCORED, "score", "runs?range=24h&until=2026-11-20T10%3A00Z"),
        ("watch_quality", WATCHED, "notify", f"incidents{UNTIL}"),
        ("report_weekly", REPORTED, "write", f"reports/{REPORT}/"),
    ],
)
def test_a_task_leads_to_the_page_of_what_it_did(
    simple: AirflowServer, dag_id: str, run_id: str, task_id: str, page: str
) -> None:
    asked = f"/api/v2/dags/{dag_id}/dagRuns/{quote(run_id)}/taskInstances/{task_id}/links"
    assert simple.get(asked, "vera").json()["extra_links"] == {"Show in Quality": INSIDE + page}
    assert simple.get(QUALITY + page, "vera").status_code == 200


def test_pages_lead_to_the_runs_that_did_the_work(simple: AirflowServer) -> None:
    runs = simple.get(f"{QUALITY}runs{UNTIL}", "vera").text
    assert f'href="{DAG_RUNS["scored"]}"' in runs
    assert f'href="{DAG_RUNS["scored"]}/tasks/settle"' in runs
    assert f'href="{DAG_RUNS["watched"]}"' in simple.get(f"{QUALITY}incidents/{INCIDENT}", "vera").text
    assert f'href="{DAG_RUNS["reported"]}"' in simple.get(f"{QUALITY}reports/{REPORT}/", "vera").text


def test_the_link_of_a_message_leads_through_the_login_to_the_incident_and_on_to_its_run(
    simple: AirflowServer, chromium: Browser
) -> None:
    page = new_page(chromium)
    link = incident_page(simple.address, INCIDENT)
    page.goto(link)
    log_in(page, "olga")
    inside = page.frame_locator("iframe")
    expect(inside.get_by_role("heading", name="help-desk: faithfulness low")).to_be_visible()
    expect(page).to_have_url(link)

    inside.get_by_role("button", name="Acknowledge").click()
    expect(inside.get_by_text("acknowledged by olga").first).to_be_visible()
    expect(inside.get_by_role("button", name="Acknowledge")).to_have_count(0)
    expect(page).to_have_url(link)

    inside.get_by_role("link", name="The run that found it").click()
    expect(page).to_have_url(re.compile(f"{re.escape(DAG_RUNS['watched'])}/?$"))
    page.go_back()
    expect(inside.get_by_role("heading", name="help-desk: faithfulness low")).to_be_visible()


def test_the_navigation_walks_through_every_page_and_keeps_its_place(simple: AirflowServer, vera: Page) -> None:
    page = vera
    page.goto(f"{simple.address}/dags")
    page.get_by_role("link", name="Quality", exact=True).click()
    inside = page.frame_locator("iframe[title=Quality]")
    for path, name in SECTIONS[1:] + SECTIONS[:1]:
        inside.get_by_role("navigation", name="Quality").get_by_role("link", name=name, exact=True).click()
        expect(inside.locator("nav [aria-current=page]")).to_have_text(name)
        expect(inside.get_by_role("heading", level=1)).to_be_visible()
        expect(page).to_have_url(re.compile(f"{INSIDE}{path}$"))

    page.goto(f"{simple.address}{INSIDE}reports")
    inside.get_by_role("link", name="LLM quality, 9 to 15 November 2026").click()
    report = inside.frame_locator("iframe[name=report]")
    expect(report.get_by_role("heading", name="Composite score by project")).to_be_visible()
    expect(page).to_have_url(re.compile(f"{INSIDE}reports/{REPORT}/$"))
    page.go_back()
    expect(inside.get_by_role("heading", name="Reports", level=1)).to_be_visible()
    page.go_forward()
    expect(inside.get_by_role("heading", name="LLM quality, 9 to 15 November 2026")).to_be_visible()


def test_a_tasks_button_leads_to_its_page_and_back_in_airflows_own_colours(simple: AirflowServer, vera: Page) -> None:
    page = vera
    page.goto(f"{simple.address}{DAG_RUNS['scored']}/tasks/extract")
    page.evaluate("localStorage.setItem('theme', 'dark')")  # as Airflow's own switch does
    page.reload()
    page.get_by_role("link", name="Details").click()
    page.get_by_role("link", name="Show in Quality").click()
    inside = page.frame_locator("iframe")
    expect(inside.get_by_role("heading", name=re.compile("^Runs"))).to_be_visible()
    expect(page).to_have_url(f"{simple.address}{INSIDE}runs?range=24h&until=2026-11-20T10%3A00Z")
    assert inside.locator("html").evaluate("page => getComputedStyle(page).colorScheme") == "dark"
    inside.get_by_role("link", name="settled").click()
    expect(page).to_have_url(re.compile(f"{re.escape(DAG_RUNS['scored'])}/tasks/settle"))

"""The pages inside a real Airflow API server: who gets in, who may act, and where the navigation leads."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from include.adapters.postgres import connect
from include.adapters.postgres.alerts import Alerts
from include.adapters.postgres.reports import Reports
from include.notify.alerts import update_alerts
from include.reports.publish import publish
from local.ports import free_port
from tests.fakes.browser import browser
from tests.fakes.notify import ROUTES, result
from tests.fakes.weekly import week

PROJECT = Path(__file__).parents[2]
AIRFLOW = str(Path(sys.executable).with_name("airflow"))
QUALITY, REPORTS = "/assay/quality/", "/assay/reports/"
INCIDENT = "2026-11-20T0900Z_help-desk_production_quality"
PASSWORDS = {"admin": "for tests only", "vera": "for tests only"}
READY_WITHIN_S = 180


@pytest.fixture
def airflow(tmp_path: Path, store_dsn: str) -> Iterator[str]:
    """The address of an API server with the project's plugins and a store that holds one report and one incident."""
    with connect(store_dsn) as connection:
        publish(week(), Reports(connection), tmp_path / "assay", datetime(2026, 11, 16, 1, tzinfo=UTC))
        update_alerts([result("Breached", 9)], Alerts(connection), ROUTES, live=True)
    address = f"http://127.0.0.1:{free_port('127.0.0.1', preferred=tmp_path / 'port')}"
    environment = settings(tmp_path, store_dsn, address)
    subprocess.run([AIRFLOW, "db", "migrate"], env=environment, check=True, capture_output=True)
    port = address.rsplit(":", 1)[1]
    with (tmp_path / "api-server.log").open("w") as log:
        command = [AIRFLOW, "api-server", "--host", "127.0.0.1", "--port", port, "--workers", "1"]
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        try:
            wait_for(address, server, Path(log.name))
            assert "Failed to import plugin" not in Path(log.name).read_text()
            yield address
        finally:
            server.terminate()
            server.wait(timeout=20)


def settings(home: Path, store_dsn: str, address: str) -> dict[str, str]:
    passwords = home / "passwords.json"
    passwords.write_text(json.dumps(PASSWORDS))
    (home / "dags").mkdir()
    store = store_dsn.replace("postgresql://", "postgres://", 1)
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")},
        "PYTHONPATH": str(PROJECT),
        "ASSAY_HOME": str(home / "assay"),
        "ASSAY_UI_URL": address,
        "AIRFLOW_HOME": str(home),
        "AIRFLOW_CONN_ASSAY_STORE": store,
        "AIRFLOW_CONN_ASSAY_SOURCE": store,
        "AIRFLOW__API__BASE_URL": address,
        "AIRFLOW__API_AUTH__JWT_SECRET": "for tests only " * 5,
        "AIRFLOW__CORE__DAGS_FOLDER": str(home / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(PROJECT / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "false",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": "admin:admin,vera:viewer",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords),
    }


def wait_for(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline and server.poll() is None:
        try:
            if httpx.get(f"{address}/api/v2/version").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.2)
    pytest.fail(f"the API server did not come up:\n{log.read_text()[-2000:]}")


def token_of(airflow: str, who: str) -> dict[str, str]:
    login = httpx.post(f"{airflow}/auth/token", json={"username": who, "password": PASSWORDS[who]})
    return {"Authorization": f"Bearer {login.json()['access_token']}"}


def test_pages_stand_behind_airflows_login_and_acting_needs_more(airflow: str, store_dsn: str) -> None:
    report_id = week().report_id
    doors = [f"{REPORTS}{name}" for name in ("", f"{report_id}/", f"{report_id}/files/{report_id}.html")]
    doors += [f"{QUALITY}{name}" for name in ("", "incidents", f"incidents/{INCIDENT}", "silences", "static/style.css")]
    for door in doors:
        assert httpx.get(airflow + door).status_code == 401, door
    vera, admin = token_of(airflow, "vera"), token_of(airflow, "admin")
    for door in doors:
        assert httpx.get(airflow + door, headers=vera).status_code == 200, door

    address, tokens = f"{airflow}{QUALITY}incidents/{INCIDENT}", {}
    for who, headers in (("vera", vera), ("admin", admin)):
        page = httpx.get(f"{airflow}{QUALITY}silences", headers=headers).text
        tokens[who] = found[1] if (found := re.search('name="token" value="([^"]+)"', page)) else ""
    assert tokens["vera"] == ""
    acknowledge = {"verb": "acknowledge", "token": tokens["admin"]}
    assert httpx.post(address, data=acknowledge).status_code == 401
    assert httpx.post(address, data=acknowledge, headers=vera).status_code == 403
    assert httpx.post(address, data={"verb": "acknowledge"}, headers=admin).status_code == 403
    assert httpx.post(address, data=acknowledge, headers=admin, timeout=30).status_code == 303
    with connect(store_dsn) as store:
        assert store.execute("SELECT incident_id, who FROM assay.acknowledgements").fetchall() == [(INCIDENT, "admin")]


def test_the_navigation_leads_to_what_is_wrong_and_out_again(airflow: str, tmp_path: Path) -> None:
    with browser() as chromium:
        page = chromium.new_context(viewport={"width": 1280, "height": 800}).new_page()
        page.goto(airflow)
        page.fill("input[name=username]", "vera")
        page.fill("input[name=password]", PASSWORDS["vera"])
        page.click("button[type=submit]")
        page.wait_for_url(lambda url: "login" not in url)
        page.get_by_role("link", name="Quality", exact=True).click()
        inside = page.frame_locator("iframe")
        inside.get_by_role("link", name="Incidents").click()
        inside.get_by_role("link", name="help-desk: faithfulness low").click()
        inside.get_by_role("heading", name="Evidence").wait_for()
        page.wait_for_url(f"**/plugin/quality{QUALITY}incidents/{INCIDENT}")  # an address that can be sent
        page.screenshot(path=tmp_path / "incident.png")
        page.reload()
        inside.get_by_role("link", name="Scoring runs").click()
        page.wait_for_url("**/dags/score_interactions/runs")

        page.goto(f"{airflow}/plugin/quality{QUALITY}")
        inside.get_by_role("link", name="Reports").click()
        inside.get_by_role("link", name="LLM quality, 9 to 15 November 2026").click()
        report = inside.frame_locator("iframe[name=report]")
        report.get_by_role("heading", name="Composite score by project").wait_for()
        page.screenshot(path=tmp_path / "airflow.png")

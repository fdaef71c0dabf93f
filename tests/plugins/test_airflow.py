"""The page inside a real Airflow API server: who gets in, and that the navigation leads to a report."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from include.adapters.postgres import connect
from include.adapters.postgres.reports import Reports
from include.reports.publish import publish
from local.ports import free_port
from tests.fakes.browser import browser
from tests.fakes.weekly import week

PROJECT = Path(__file__).parents[2]
AIRFLOW = str(Path(sys.executable).with_name("airflow"))
PAGE = "/assay/reports/"
PASSWORDS = {"admin": "for tests only", "vera": "for tests only"}
READY_WITHIN_S = 60


@pytest.fixture
def airflow(tmp_path: Path, store_dsn: str) -> Iterator[str]:
    """The address of an API server with the project's plugins and a store that holds one report."""
    with connect(store_dsn) as connection:
        publish(week(), Reports(connection), tmp_path / "assay", datetime(2026, 11, 16, 1, tzinfo=UTC))
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


def test_reports_stand_behind_airflows_login_and_in_its_navigation(airflow: str, tmp_path: Path) -> None:
    report_id = week().report_id
    doors = [PAGE, f"{PAGE}{report_id}/", f"{PAGE}{report_id}/files/{report_id}.html", f"{PAGE}static/style.css"]
    for door in doors:
        assert httpx.get(airflow + door).status_code == 401, door
    login = httpx.post(f"{airflow}/auth/token", json={"username": "vera", "password": PASSWORDS["vera"]})
    token = {"Authorization": f"Bearer {login.json()['access_token']}"}
    for door in doors:
        assert httpx.get(airflow + door, headers=token).status_code == 200, door

    with browser() as chromium:
        page = chromium.new_context(viewport={"width": 1280, "height": 800}).new_page()
        page.goto(airflow)
        page.fill("input[name=username]", "vera")
        page.fill("input[name=password]", PASSWORDS["vera"])
        page.click("button[type=submit]")
        page.wait_for_url(lambda url: "login" not in url)
        page.get_by_role("link", name="Quality", exact=True).click()
        listed = page.frame_locator("iframe")
        listed.get_by_role("link", name="LLM quality, 9 to 15 November 2026").click()
        report = listed.frame_locator("iframe[name=report]")
        report.get_by_role("heading", name="Composite score by project").wait_for()
        page.screenshot(path=tmp_path / "airflow.png")

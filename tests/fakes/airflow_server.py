"""A real API server of Airflow with the project's plugins and DAGs, people who may log in, and runs that it remembers.

As a program (`python -m tests.fakes.airflow_server`) it makes the metadata database that the server then serves.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from local.ports import free_port

PROJECT = Path(__file__).parents[2]
PASSWORD = "for tests only"
READY_WITHIN_S = 300
TEN = datetime(2026, 11, 20, 10, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SCORED, WATCHED, REPORTED = "scheduled__2026-11-20T10:00:00+00:00", "asset_triggered__found", "scheduled__week"
"""Runs of score_interactions, watch_quality and report_weekly: of an hour, of what it emitted, and of a week."""
SIMPLE = {"AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": "admin:admin,olga:user,vera:viewer"}
FAB = {"AIRFLOW__CORE__AUTH_MANAGER": "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager"}
ROLES = {"admin": "Admin", "olga": "User", "vera": "Viewer", "nemo": "Public"}
"""Of FAB's users; that of nemo may see nothing."""


@dataclass(frozen=True)
class AirflowServer:
    """Where it answers; tokens are asked for once."""

    address: str
    _tokens: dict[str, str] = field(default_factory=dict)

    def headers(self, who: str) -> dict[str, str]:
        """What proves to be somebody; nothing of nobody ("")."""
        if not who:
            return {}
        if who not in self._tokens:
            login = httpx.post(f"{self.address}/auth/token", json={"username": who, "password": PASSWORD}, timeout=60)
            self._tokens[who] = login.json()["access_token"]
        return {"Authorization": f"Bearer {self._tokens[who]}"}

    def get(self, path: str, who: str = "") -> httpx.Response:
        """A page or an answer of the API, as somebody."""
        return httpx.get(self.address + path, headers=self.headers(who), timeout=60)

    def post(self, path: str, form: Mapping[str, str], who: str = "") -> httpx.Response:
        """A form that is sent, as somebody."""
        return httpx.post(self.address + path, data=dict(form), headers=self.headers(who), timeout=60)


@contextmanager
def serve(home: Path, store_dsn: str, **settings: str) -> Iterator[AirflowServer]:
    """The server, until the end of the block; `settings` choose the auth manager and say where reports lie."""
    address = f"http://127.0.0.1:{free_port('127.0.0.1', preferred=home / 'port')}"
    environment = _environment(home, store_dsn, address) | settings
    made = subprocess.run(
        [sys.executable, "-m", "tests.fakes.airflow_server"],
        env=environment,
        cwd=PROJECT,
        check=False,
        capture_output=True,
    )
    assert made.returncode == 0, (made.stdout + made.stderr)[-3000:].decode()
    airflow = str(Path(sys.executable).with_name("airflow"))
    command = [airflow, "api-server", "--host", "127.0.0.1", "--port", address.rsplit(":", 1)[1], "--workers", "1"]
    log = home / "api-server.log"
    with log.open("w") as written:
        server = subprocess.Popen(command, env=environment, stdout=written, stderr=written)
        try:
            _wait_for(address, server, log)
            assert "Failed to import plugin" not in log.read_text()
            yield AirflowServer(address)
        finally:
            server.terminate()
            server.wait(timeout=60)


def _environment(home: Path, store_dsn: str, address: str) -> dict[str, str]:
    passwords = home / "passwords.json"
    passwords.write_text(json.dumps(dict.fromkeys(ROLES, PASSWORD)))
    store = store_dsn.replace("postgresql://", "postgres://", 1)
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")},
        "PYTHONPATH": str(PROJECT),
        "ASSAY_UI_URL": address,
        "AIRFLOW_HOME": str(home),
        "AIRFLOW_CONN_ASSAY_STORE": store,
        "AIRFLOW_CONN_ASSAY_SOURCE": store,
        "AIRFLOW__API__BASE_URL": address,
        "AIRFLOW__API_AUTH__JWT_SECRET": "for tests only " * 5,
        "AIRFLOW__CORE__DAGS_FOLDER": str(PROJECT / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(PROJECT / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "false",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords),
    }


def _wait_for(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline and server.poll() is None:
        try:
            if httpx.get(f"{address}/api/v2/version").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.2)
    pytest.fail(f"the API server did not come up:\n{log.read_text()[-2000:]}")


def _make() -> None:
    from airflow.configuration import conf
    from airflow.utils.db import initdb
    from airflow.utils.session import create_session

    initdb()
    with create_session() as session:
        _remember(session)
    if conf.get("core", "auth_manager").endswith("FabAuthManager"):
        _admit()


def _remember(session: Any) -> None:
    """The DAGs, an hour that was scored, the look at it, and the week's report."""
    from airflow.dag_processing.bundles.manager import DagBundlesManager
    from airflow.dag_processing.dagbag import BundleDagBag, sync_bag_to_db
    from airflow.models.asset import AssetEvent, AssetModel
    from sqlalchemy import select

    manager: Any = DagBundlesManager()  # type: ignore[no-untyped-call]
    manager.sync_bundles_to_db(session=session)
    session.commit()
    for bundle in manager.get_all_dag_bundles():
        bundle.initialize()
        dags = BundleDagBag(bundle.path, bundle_path=bundle.path, bundle_name=bundle.name)
        assert not dags.import_errors, dags.import_errors
        sync_bag_to_db(dags, bundle.name, bundle_version=None, session=session)
    session.commit()
    _run(session, "score_interactions", SCORED, (TEN - HOUR, TEN))
    week = datetime(2026, 11, 16, tzinfo=UTC)
    _run(session, "report_weekly", REPORTED, (week - 7 * DAY, week))
    watched = _run(session, "watch_quality", WATCHED, None)
    asset = session.scalars(select(AssetModel).where(AssetModel.name == "scores")).one()
    emitted = AssetEvent(asset_id=asset.id, source_dag_id="score_interactions", source_run_id=SCORED, extra={})
    emitted.source_task_id, emitted.source_map_index = "settle", -1
    watched.consumed_asset_events.append(emitted)


def _run(session: Any, dag_id: str, run_id: str, interval: tuple[datetime, datetime] | None) -> Any:
    from airflow.models.dagbag import DBDagBag
    from airflow.utils.state import DagRunState
    from airflow.utils.types import DagRunTriggeredByType, DagRunType

    dag = DBDagBag().get_latest_version_of_dag(dag_id, session=session)
    assert dag is not None
    return dag.create_dagrun(
        run_id=run_id,
        logical_date=interval[0] if interval else None,
        data_interval=interval,
        run_after=interval[1] if interval else TEN,
        run_type=DagRunType.SCHEDULED if interval else DagRunType.ASSET_TRIGGERED,
        triggered_by=DagRunTriggeredByType.TEST,
        state=DagRunState.SUCCESS,
        session=session,
    )


def _admit() -> None:
    """FAB's users, one of each role."""
    from airflow.providers.fab.auth_manager.cli_commands.utils import get_application_builder

    with get_application_builder() as builder:
        for name, role in ROLES.items():
            assert builder.sm.add_user(name, name, role, f"{name}@example.com", builder.sm.find_role(role), PASSWORD)


if __name__ == "__main__":
    _make()

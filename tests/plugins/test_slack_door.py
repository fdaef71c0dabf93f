"""Slack's door in a real Airflow API server: no login, only the signature, and what is pressed is in the store."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import httpx
import psycopg
import pytest
from slack_sdk.signature import SignatureVerifier

from include.adapters.postgres import connect
from include.adapters.postgres.alerts import Alerts
from include.notify.alerts import update_alerts
from tests.fakes.airflow_server import SIMPLE, serve
from tests.fakes.notify import ROUTES, result
from tests.fakes.slack_server import SIGNING_SECRET, TOKEN, SlackServer, running

WITHIN_S = 20


@pytest.fixture
def slack() -> Iterator[SlackServer]:
    with running() as server:
        yield server


@pytest.fixture
def airflow(tmp_path: Path, store_dsn: str, source_dsn: str, slack: SlackServer) -> Iterator[str]:
    """The address of an API server whose connection assay_slack has a signing secret."""
    extra = {"channel": "#quality", "base_url": slack.base_url, "signing_secret": SIGNING_SECRET}
    connections = {
        "AIRFLOW_CONN_ASSAY_SLACK": json.dumps({"conn_type": "generic", "password": TOKEN, "extra": extra}),
        "AIRFLOW_CONN_ASSAY_SOURCE": source_dsn.replace("postgresql://", "postgres://", 1),
    }
    with serve(tmp_path, store_dsn, **SIMPLE, **connections) as server:
        yield server.address


def press(address: str, secret: str, incident: str) -> int:
    payload = {
        "type": "block_actions",
        "user": {"id": "U1", "username": "alice"},
        "actions": [{"action_id": "assay.acknowledge", "value": incident}],
    }
    body, now = urlencode({"payload": json.dumps(payload)}), str(int(time.time()))
    signature = SignatureVerifier(secret).generate_signature(timestamp=now, body=body)
    headers = {
        "X-Slack-Request-Timestamp": now,
        "X-Slack-Signature": str(signature),
        "Content-Type": "application/x-www-form-urlencoded",
    }
    return httpx.post(f"{address}/assay/slack/interactions", content=body, headers=headers, timeout=20).status_code


def test_a_press_needs_no_login_but_slacks_signature(airflow: str, store_dsn: str, slack: SlackServer) -> None:
    with connect(store_dsn) as store:
        update_alerts([result("Breached", 9)], Alerts(store), ROUTES, live=True)
        (incident,) = Alerts(store).unsettled("slack")
    assert press(airflow, "another secret", incident) == 401
    assert press(airflow, SIGNING_SECRET, incident) == 200
    deadline = time.monotonic() + WITHIN_S
    while not slack.messages() and time.monotonic() < deadline:
        time.sleep(0.1)
    (head,) = slack.messages()
    assert "Acknowledged:* by alice" in json.dumps(head["attachments"])
    with psycopg.connect(store_dsn) as store:
        assert store.execute("SELECT incident_id, who FROM assay.acknowledgements").fetchall() == [(incident, "alice")]

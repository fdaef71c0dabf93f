"""The service that hears of buttons, as a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import psycopg

from include.adapters.postgres import connect
from include.adapters.postgres.alerts import Alerts
from include.notify.alerts import update_alerts
from tests.fakes.installation import Installation
from tests.fakes.notify import ROUTES, result
from tests.fakes.slack_server import APP_TOKEN, TOKEN, running
from tests.fakes.slack_socket import socket_mode

PROJECT = Path(__file__).parents[3]
WITHIN_S = 60


def start(assay: Installation, **extra: str) -> subprocess.Popen[str]:
    connection = {"conn_type": "generic", "password": TOKEN, "extra": {"channel": "#quality", **extra}}
    environment = {**os.environ, **assay.environment, "AIRFLOW_CONN_ASSAY_SLACK": json.dumps(connection)}
    command = [sys.executable, "-m", "include.slack_socket"]
    return subprocess.Popen(
        command, cwd=PROJECT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def test_without_an_app_token_the_service_says_so_and_ends_well(assay: Installation) -> None:
    with start(assay) as service:
        told, _ = service.communicate(timeout=WITHIN_S)
    assert (service.returncode, "has no app_token: buttons are off" in told) == (0, True)


def test_a_press_that_the_service_hears_of_is_in_the_store_and_it_ends_when_it_is_told_to(assay: Installation) -> None:
    with connect(assay.store) as store:
        update_alerts([result("Breached", 9)], Alerts(store), ROUTES, live=True)
        (incident,) = Alerts(store).unsettled("slack")
    pressed = {
        "type": "block_actions",
        "user": {"id": "U1", "username": "alice"},
        "actions": [{"action_id": "assay.acknowledge", "value": incident}],
    }
    with running() as slack, socket_mode(slack) as socket:
        with start(assay, app_token=APP_TOKEN, base_url=slack.base_url) as service:
            try:
                socket.wait_for_connection(1, WITHIN_S)
                socket.wait_for_acknowledgement(socket.press(pressed))
            finally:
                service.send_signal(signal.SIGTERM)  # what was begun is ended first
                told, _ = service.communicate(timeout=WITHIN_S)
        assert service.returncode == 0, told
        assert "acknowledge of" in told
        assert len(slack.messages()) == 1
    with psycopg.connect(assay.store) as store:
        assert store.execute("SELECT who FROM assay.acknowledgements").fetchall() == [("alice",)]


def test_a_token_that_slack_refuses_ends_the_service_with_one_line(assay: Installation) -> None:
    with running() as slack, socket_mode(slack), start(assay, app_token="xapp-no", base_url=slack.base_url) as service:
        told, _ = service.communicate(timeout=WITHIN_S)
    assert service.returncode == 1
    assert "Slack refuses the app token: invalid_auth. Remedy: put an app-level token" in told.splitlines()[-1]

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlencode

import pytest
from fastapi.testclient import TestClient
from slack_sdk.signature import SignatureVerifier

from include.adapters.slack_inbound import Press, is_genuine, listen, press_of
from include.domain.message import Verb
from include.errors import ChannelMisconfigured
from include.slack_buttons import Refusal, receive
from plugins.assay_slack import build_app
from tests.fakes.slack_server import APP_TOKEN, SIGNING_SECRET, TOKEN, SlackServer, running
from tests.fakes.slack_socket import SlackSocket, socket_mode

NOW = 1_800_000_000.0
PRESSED = {
    "type": "block_actions",
    "user": {"id": "U123", "username": "alice", "name": "alice"},
    "actions": [{"action_id": "assay.acknowledge", "type": "button", "value": "2026-11-20T0900Z_bank"}],
}
PRESS = Press(Verb.ACKNOWLEDGE, "2026-11-20T0900Z_bank", "alice")


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"type": "view_submission"},
        {**PRESSED, "actions": []},
        {**PRESSED, "actions": [{"action_id": "other.acknowledge", "value": "x"}]},
        {**PRESSED, "actions": [{"action_id": "assay.delete_everything", "value": "x"}]},
        {**PRESSED, "actions": [{"action_id": "assay.acknowledge"}]},
    ],
)
def test_what_is_not_a_press_of_ours_is_nothing(payload: dict[str, object]) -> None:
    assert press_of(payload) is None


@pytest.mark.parametrize("verb", Verb)
def test_a_press_says_who_means_what_about_which_incident(verb: Verb) -> None:
    pressed = {**PRESSED, "actions": [{"action_id": f"assay.{verb}", "value": "one"}]}
    assert press_of(pressed) == Press(verb, "one", "alice")


def body_of(payload: object = PRESSED) -> bytes:
    return urlencode({"payload": json.dumps(payload)}).encode()


def signed(body: bytes, at: float = NOW, secret: str = SIGNING_SECRET) -> dict[str, str]:
    signature = SignatureVerifier(secret).generate_signature(timestamp=str(int(at)), body=body)
    return {"X-Slack-Request-Timestamp": str(int(at)), "X-Slack-Signature": str(signature)}


@pytest.mark.parametrize(
    ("headers", "genuine"),
    [
        (signed(body_of()), True),
        (signed(body_of(), NOW - 299), True),
        (signed(body_of(), NOW - 301), False),
        (signed(body_of(), NOW + 301), False),
        (signed(body_of(), secret="another"), False),
        (signed(b"another body"), False),
        ({}, False),
        ({"X-Slack-Request-Timestamp": "now", "X-Slack-Signature": "v0="}, False),
        ({"X-Slack-Request-Timestamp": "9" * 5000, "X-Slack-Signature": "v0="}, False),
        ({**signed(body_of()), "X-Slack-Signature": "v0=ä"}, False),
    ],
)
def test_only_what_slack_signed_within_five_minutes_is_genuine(headers: dict[str, str], genuine: bool) -> None:
    assert is_genuine(SIGNING_SECRET, body_of(), headers, NOW) is genuine


@pytest.fixture
def presses() -> list[Press]:
    return []


def door(monkeypatch: pytest.MonkeyPatch, presses: list[Press], **extra: str) -> TestClient:
    """The plugin's app with a connection assay_slack of that extra."""
    monkeypatch.setenv("AIRFLOW_CONN_ASSAY_STORE", "postgres://u:p@127.0.0.1:1/assay")
    monkeypatch.setenv("AIRFLOW_CONN_ASSAY_SOURCE", "postgres://u:p@127.0.0.1:1/app")
    connection = {"conn_type": "generic", "password": TOKEN, "extra": {"channel": "#quality", **extra}}
    monkeypatch.setenv("AIRFLOW_CONN_ASSAY_SLACK", json.dumps(connection))
    return TestClient(build_app(receive, presses.append, lambda: NOW))


def test_a_signed_press_is_answered_and_acted_on(monkeypatch: pytest.MonkeyPatch, presses: list[Press]) -> None:
    app = door(monkeypatch, presses, signing_secret=SIGNING_SECRET)
    answer = app.post("/interactions", content=body_of(), headers=signed(body_of()))
    assert (answer.status_code, answer.content, presses) == (200, b"", [PRESS])


@pytest.mark.parametrize("headers", [{}, signed(body_of(), secret="another"), signed(body_of(), NOW - 301)])
def test_a_forged_press_is_refused(
    monkeypatch: pytest.MonkeyPatch, presses: list[Press], headers: dict[str, str]
) -> None:
    app = door(monkeypatch, presses, signing_secret=SIGNING_SECRET)
    answer = app.post("/interactions", content=body_of(), headers=headers)
    assert (answer.status_code, presses) == (401, [])


@pytest.mark.parametrize("body", [b"", b"payload=%7B", b"payload=%5B%5D", b"\xff\xfe", body_of({"type": "shortcut"})])
def test_a_genuine_request_that_is_no_press_is_answered_and_nothing_happens(
    monkeypatch: pytest.MonkeyPatch, presses: list[Press], body: bytes
) -> None:
    app = door(monkeypatch, presses, signing_secret=SIGNING_SECRET)
    headers = signed(body) if b"\xff" not in body else signed(b"")
    assert app.post("/interactions", content=body, headers=headers).status_code in {200, 401}
    assert presses == []


def test_without_a_signing_secret_there_is_no_door(monkeypatch: pytest.MonkeyPatch, presses: list[Press]) -> None:
    app = door(monkeypatch, presses)
    assert app.post("/interactions", content=body_of(), headers=signed(body_of())).status_code == 404
    assert receive(body_of(), signed(body_of()), NOW) is Refusal.OFF


def test_a_body_without_end_is_refused(monkeypatch: pytest.MonkeyPatch, presses: list[Press]) -> None:
    app = door(monkeypatch, presses, signing_secret=SIGNING_SECRET)
    body = b"x" * 1_000_001
    assert app.post("/interactions", content=body, headers=signed(body)).status_code == 413


@contextmanager
def listening(slack: SlackServer, presses: list[Press]) -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(
        target=listen, args=(APP_TOKEN, presses.append, stop), kwargs={"base_url": slack.base_url}
    )
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(10)
        assert not thread.is_alive()


@pytest.fixture
def slack() -> Iterator[SlackServer]:
    with running() as server:
        yield server


@pytest.fixture
def socket(slack: SlackServer) -> Iterator[SlackSocket]:
    with socket_mode(slack) as opened:
        yield opened


def test_presses_arrive_by_socket_mode_and_are_acknowledged(
    slack: SlackServer, socket: SlackSocket, presses: list[Press]
) -> None:
    with listening(slack, presses):
        socket.wait_for_connection(1)
        socket.wait_for_acknowledgement(socket.press(PRESSED))
        socket.wait_for_acknowledgement(socket.press({"type": "event_callback"}, kind="events_api"))
    assert presses == [PRESS]


def test_a_connection_that_slack_ends_is_made_again_with_a_new_ticket(
    slack: SlackServer, socket: SlackSocket, presses: list[Press]
) -> None:
    with listening(slack, presses):
        socket.wait_for_connection(1)
        socket.hang_up()
        socket.wait_for_connection(2)
        socket.wait_for_acknowledgement(socket.press(PRESSED))
    assert (presses, len(socket.tickets)) == ([PRESS], 2)


@pytest.mark.parametrize(("token", "reason"), [(TOKEN, "not_allowed_token_type"), ("xapp-revoked", "invalid_auth")])
def test_a_token_that_slack_refuses_is_one_line_with_the_remedy(
    slack: SlackServer, socket: SlackSocket, token: str, reason: str
) -> None:
    with pytest.raises(ChannelMisconfigured, match=rf"app token: {reason}\. Remedy: .*connections:write"):
        listen(token, lambda press: None, threading.Event(), base_url=slack.base_url)

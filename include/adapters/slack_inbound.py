"""What Slack sends goes in: buttons that people press, by Socket Mode or by signed HTTP; who pressed what comes out."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Event
from typing import Any
from urllib.parse import parse_qs

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.signature import Clock, SignatureVerifier
from slack_sdk.socket_mode import SocketModeClient
from slack_sdk.socket_mode.client import BaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse

from include.domain.message import Verb
from include.errors import ChannelMisconfigured

log = logging.getLogger(__name__)

ACTION = "assay."
"""How the `action_id` of our buttons begins (`include.notify.blocks`)."""
FRESH_S = 300.0
MAX_STAMP = 20
BEAT_S = 5.0
REMEDY = "put an app-level token with connections:write into the extra of the Airflow connection assay_slack"


@dataclass(frozen=True, slots=True)
class Press:
    """Somebody pressed a button below an incident's message."""

    verb: Verb
    incident_id: str
    who: str


def press_of(payload: Mapping[str, Any]) -> Press | None:
    """Who pressed which of our buttons, of an interaction payload; None for whatever else it is.

    https://docs.slack.dev/reference/interaction-payloads/block_actions-payload
    """
    if payload.get("type") != "block_actions":
        return None
    user = payload.get("user") or {}
    who = str(user.get("username") or user.get("name") or user.get("id") or "somebody")
    for action in payload.get("actions") or []:
        verb = str(action.get("action_id", "")).removeprefix(ACTION)
        if verb in set(Verb) and action.get("value"):
            return Press(Verb(verb), str(action["value"]), who)
    return None


def payload_of(body: bytes) -> Mapping[str, Any]:
    """The interaction in a form's body; {} where there is none."""
    try:
        given = parse_qs(body.decode("utf-8")).get("payload", ["{}"])[0]
        found = json.loads(given)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def is_genuine(signing_secret: str, body: bytes, headers: Mapping[str, str], now: float) -> bool:
    """Whether Slack signed exactly this body within five minutes of `now`, in seconds.

    https://docs.slack.dev/authentication/verifying-requests-from-slack; compared in constant time.
    """

    class Now(Clock):
        def now(self) -> float:
            return now

    try:
        return is_fresh(headers, now) and SignatureVerifier(signing_secret, Now()).is_valid_request(body, dict(headers))
    except (ValueError, TypeError):  # a body that is no text, a signature that is not ASCII
        return False


def is_fresh(headers: Mapping[str, str], now: float) -> bool:
    """Whether a request says that it was signed within five minutes of `now`, in seconds."""
    stamp = {name.lower(): value for name, value in headers.items()}.get("x-slack-request-timestamp", "")
    return stamp.isdecimal() and len(stamp) < MAX_STAMP and abs(now - int(stamp)) <= FRESH_S


def listen(
    app_token: str,
    on_press: Callable[[Press], None],
    stop: Event,
    on_beat: Callable[[], None] = lambda: None,
    base_url: str = "https://slack.com/api/",
) -> None:
    """Hear of presses over a web socket that Slack keeps open, until `stop` is set; it reconnects by itself.

    Slack is answered before `on_press` runs: it waits three seconds and no longer. `on_beat` is called every few
    seconds while the connection stands. Raises `ChannelMisconfigured` where Slack refuses the token.
    """

    def hear(client: BaseSocketModeClient, request: SocketModeRequest) -> None:
        client.send_socket_mode_response(SocketModeResponse(envelope_id=request.envelope_id))
        press = press_of(request.payload) if request.type == "interactive" else None
        if press is not None:
            on_press(press)

    client = SocketModeClient(app_token, web_client=WebClient(base_url=base_url))
    client.socket_mode_request_listeners.append(hear)
    try:
        client.connect()
        log.info("connected to Slack: buttons work")
        while not stop.wait(BEAT_S):
            if client.is_connected():
                on_beat()
    except SlackApiError as error:
        reason = error.response["error"]
        raise ChannelMisconfigured(f"Slack refuses the app token: {reason}. Remedy: {REMEDY}") from error
    finally:
        client.close()

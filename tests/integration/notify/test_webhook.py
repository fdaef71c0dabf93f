from __future__ import annotations

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from include.adapters.webhook import Endpoint, WebhookTransport
from include.domain.message import Address, Chart, Message, Severity
from include.errors import ChannelMisconfigured, NotifyError
from tests.fakes.notify import HOUR, MIDNIGHT

SECRET, NOW = "for tests only", 1_800_000_000.4
MESSAGE = Message(
    "one",
    "help-desk: low",
    Severity.CRITICAL,
    "Grüße",
    chart=Chart("c", ((MIDNIGHT, 1.0), (MIDNIGHT + HOUR, None)), "a"),
)


class Receiver:
    """What arrived, and the statuses of the next answers."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.headers: list[dict[str, str]] = []
        self.statuses: list[int] = []
        self.url = ""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    kept = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            kept.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            kept.headers.append({name.lower(): value for name, value in self.headers.items()})
            self.send_response(kept.statuses.pop(0) if kept.statuses else 204)
            self.send_header("Location", kept.url)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            """Tests are quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    kept.url = f"http://127.0.0.1:{server.server_address[1]}/hook"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield kept
    server.shutdown()
    server.server_close()
    thread.join()


def transport(url: str, slept: list[float] | None = None) -> WebhookTransport:
    endpoints = {"pager": Endpoint(url, SECRET), "open": Endpoint(url)}
    return WebhookTransport(endpoints.get, sleep=(slept if slept is not None else []).append, clock=lambda: NOW)


def test_a_message_arrives_whole_and_signed_with_its_time(receiver: Receiver) -> None:
    assert transport(receiver.url).post("webhook:pager", MESSAGE) == Address("webhook:pager", "one")
    (body,), (headers,) = receiver.bodies, receiver.headers
    told = json.loads(body)
    assert (told["event"], told["message"]) == ("firing", json.loads(json.dumps(MESSAGE.to_json())))
    signed = hmac.new(SECRET.encode(), b"v1:1800000000:" + body, hashlib.sha256).hexdigest()
    assert (headers["x-assay-timestamp"], headers["x-assay-signature"]) == ("1800000000", f"v1={signed}")


def test_without_a_secret_nothing_pretends_to_be_signed(receiver: Receiver) -> None:
    transport(receiver.url).post("webhook:open", MESSAGE)
    assert "x-assay-signature" not in receiver.headers[0]


def test_the_same_state_has_the_same_key_so_that_a_receiver_can_drop_what_it_has(receiver: Receiver) -> None:
    sender = transport(receiver.url)
    address = sender.post("webhook:pager", MESSAGE)
    sender.post("webhook:pager", MESSAGE)
    sender.update(address, Message("one", "help-desk: low", Severity.CRITICAL, "It is over.", resolved=True))
    sender.reply(address, "resolved", "Resolved.")
    keys = [headers["idempotency-key"] for headers in receiver.headers]
    assert (keys[0] == keys[1], len(set(keys))) == (True, 3)
    assert [json.loads(body)["event"] for body in receiver.bodies] == ["firing", "firing", "resolved", "history"]


def test_a_receiver_that_is_busy_is_asked_again(receiver: Receiver) -> None:
    slept: list[float] = []
    receiver.statuses = [503, 429]
    transport(receiver.url, slept).post("webhook:pager", MESSAGE)
    assert (len(receiver.bodies), slept) == (3, [1.0, 2.0])


@pytest.mark.parametrize("status", [400, 401, 404, 302])
def test_what_only_a_person_can_mend_is_told_at_once_and_no_redirect_is_followed(
    receiver: Receiver, status: int
) -> None:
    receiver.statuses = [status]
    with pytest.raises(ChannelMisconfigured, match=rf"channel webhook:pager: HTTP {status}\. Remedy"):
        transport(receiver.url).post("webhook:pager", MESSAGE)
    assert len(receiver.bodies) == 1


def test_a_receiver_that_is_away_may_answer_later() -> None:
    with pytest.raises(NotifyError, match="channel webhook:pager: no answer") as told:
        transport("http://127.0.0.1:1/").post("webhook:pager", MESSAGE)
    assert not isinstance(told.value, ChannelMisconfigured)


def test_an_unknown_connection_is_named_with_the_remedy() -> None:
    with pytest.raises(ChannelMisconfigured, match=r"Airflow has no connection nobody\. Remedy: create it"):
        transport("http://127.0.0.1:1/").post("webhook:nobody", MESSAGE)

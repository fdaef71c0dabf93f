"""Messages go out as JSON by HTTP POST to any address, signed so that the receiver knows who sent them and when.

Headers, in the manner of Slack's own: `X-Assay-Timestamp` (seconds), and `X-Assay-Signature`, which is `v1=` and the
hexadecimal HMAC-SHA256 of `v1:{timestamp}:{body}` with the shared secret. `Idempotency-Key` is the same for the same
state of the same message: a sender that died before it could note that it had sent sends again.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from http.client import HTTPException
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from include.domain.interaction import Json
from include.domain.message import Address, Message
from include.errors import ChannelMisconfigured, NotifyError

PREFIX = "webhook:"
TIMEOUT_S = 15.0
TRIES = 3


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a webhook goes; without a `secret` it is not signed."""

    url: str
    secret: str = ""


class _NoRedirects(HTTPRedirectHandler):
    def redirect_request(self, *args: object) -> None:
        """A signed body goes where the operator said, and nowhere else."""


class WebhookTransport:
    """Carries messages to the endpoints that channels name: `webhook:assay_pager`; None where there is no such one."""

    receiver = "webhook"

    def __init__(
        self,
        endpoint: Callable[[str], Endpoint | None],
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._endpoint = endpoint
        self._open = build_opener(_NoRedirects).open
        self._sleep = sleep
        self._clock = clock

    def post(self, channel: str, message: Message) -> Address:
        """Send a new message."""
        told: dict[str, Json] = {"event": "resolved" if message.resolved else "firing", "message": message.to_json()}
        self._send(channel, told, f"{message.key}:{message.digest}")
        return Address(channel, message.key)

    def update(self, address: Address, message: Message) -> bool:
        """Send it as it stands now, under the same `message.key`."""
        self.post(address.channel, message)
        return True

    def find(self, channel: str, key: str, since: datetime) -> Address | None:
        """None: what arrived is not known. The receiver drops what it has by `Idempotency-Key`."""
        return None

    def reply(self, address: Address, event: str, text: str) -> bool:
        """Send what happened."""
        self._send(address.channel, {"event": "history", "key": address.ts, "text": text}, f"{address.ts}:{event}")
        return True

    def has_reply(self, address: Address, event: str) -> bool:
        """False: what arrived is not known, and is sent again under the same `Idempotency-Key`."""
        return False

    def _send(self, channel: str, told: Json, once: str) -> None:
        endpoint = self._endpoint(channel.removeprefix(PREFIX))
        if endpoint is None:
            name = channel.removeprefix(PREFIX)
            raise ChannelMisconfigured(f"channel {channel}: Airflow has no connection {name}. Remedy: create it")
        body = json.dumps(told, ensure_ascii=False).encode("utf-8", "replace")
        for tried in range(TRIES):
            try:
                self._try(endpoint, channel, body, once)
            except NotifyError as error:
                if tried == TRIES - 1 or isinstance(error, ChannelMisconfigured):
                    raise
                self._sleep(2.0**tried)
            else:
                return

    def _try(self, endpoint: Endpoint, channel: str, body: bytes, once: str) -> None:
        stamp = str(int(self._clock()))
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Idempotency-Key": hashlib.sha256(once.encode("utf-8", "surrogatepass")).hexdigest(),
            "X-Assay-Timestamp": stamp,
        }
        if endpoint.secret:
            headers["X-Assay-Signature"] = sign(endpoint.secret, stamp, body)
        request = Request(endpoint.url, body, headers, method="POST")  # noqa: S310  an operator's own connection
        try:
            self._open(request, timeout=TIMEOUT_S).close()
        except HTTPError as error:
            error.close()
            kind = NotifyError if error.code >= 500 or error.code == 429 else ChannelMisconfigured
            raise kind(f"channel {channel}: HTTP {error.code}. Remedy: mend its Airflow connection") from error
        except (OSError, HTTPException) as error:
            raise NotifyError(f"channel {channel}: no answer: {error}") from error


def sign(secret: str, timestamp: str, body: bytes) -> str:
    """The value of `X-Assay-Signature`."""
    return "v1=" + hmac.new(secret.encode(), f"v1:{timestamp}:".encode() + body, hashlib.sha256).hexdigest()

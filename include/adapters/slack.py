"""Messages go out to a Slack channel through slack-sdk; each is found again by the key in its metadata.

A failure after which nobody knows whether Slack took the message (a timeout, a broken connection, a 5xx) is followed
by a look into the channel, never by a blind second post: slack-sdk's own retries are off for that reason.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from http.client import HTTPException
from itertools import count
from typing import TypeVar

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.web import SlackResponse

from include.domain.interaction import Json
from include.domain.message import Address, Message
from include.errors import ChannelMisconfigured, NotifyError

Answer = TypeVar("Answer")

EVENT_TYPE = "assay_message"
PAGE, PAGES = 200, 25
"""How much of a channel is searched for a message: the newest 5,000 messages since the intent."""
CLOCK_SKEW = timedelta(minutes=5)
"""How far this machine's clock may be ahead of Slack's."""

INVITE = "invite the app to the channel (/invite in Slack) or correct the channel"
TOKEN = "put a valid bot token into the Airflow connection assay_slack"  # noqa: S105  a remedy, no token
REMEDIES = {
    "channel_not_found": INVITE,
    "not_in_channel": INVITE,
    "is_archived": "unarchive the channel or name another one",
    "restricted_action": "let the app post in Slack's settings of the channel",
    "missing_scope": "give the app chat:write, channels:read, channels:history, groups:read and groups:history",
    "invalid_auth": TOKEN,
    "not_authed": TOKEN,
    "token_revoked": TOKEN,
    "token_expired": TOKEN,
    "account_inactive": TOKEN,
}
RATE_LIMITED = {"ratelimited", "rate_limited"}
TRANSIENT = {"internal_error", "fatal_error", "service_unavailable", "request_timeout"}
LAYOUT = {"invalid_blocks", "invalid_blocks_format", "invalid_attachments", "msg_blocks_too_long", "msg_too_long"}
GONE = {"message_not_found", "cant_update_message", "edit_window_closed"}


class SlackTransport:
    """Carries messages to Slack; `channel` is where a message without a channel of its own goes.

    `patience_s` bounds the time that one message may take with all its waits, in seconds.
    """

    receiver = "slack"

    def __init__(
        self,
        token: str,
        channel: str,
        render: Callable[[Message], dict[str, Json]],
        *,
        base_url: str = "https://slack.com/api/",
        patience_s: float = 60.0,
        timeout_s: int = 15,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = WebClient(token, base_url=f"{base_url.rstrip('/')}/", timeout=timeout_s, retry_handlers=[])
        self._channel = channel
        self._render = render
        self._patience_s = patience_s
        self._sleep = sleep
        self._clock = clock

    def post(self, channel: str, message: Message) -> Address:
        """Send a new message; without layout where Slack refuses the layout."""
        channel = channel or self._channel
        send = partial(self._client.chat_postMessage, channel=channel, unfurl_links=False, unfurl_media=False)

        def attempt() -> Address:
            return self._send(send, message, channel)

        def attempt_unless_it_landed() -> Address:
            return self._search(channel, message.key, pages=1) or attempt()

        return self._patiently(attempt, attempt_unless_it_landed)

    def update(self, address: Address, message: Message) -> bool:
        """Edit a message in place; False where it is gone or can no longer be edited."""
        send = partial(self._client.chat_update, channel=address.channel, ts=address.ts)
        try:
            self._patiently(lambda: self._send(send, message, address.channel))
        except _Gone:
            return False
        return True

    def find(self, channel: str, key: str, since: datetime) -> Address | None:
        """The message of that key that was sent after `since`, if there is one."""
        oldest = str((since - CLOCK_SKEW).timestamp())
        return self._patiently(lambda: self._search(channel or self._channel, key, pages=PAGES, oldest=oldest))

    def _send(self, send: Callable[..., SlackResponse], message: Message, channel: str) -> Address:
        payload = self._render(message)
        send = partial(send, metadata={"event_type": EVENT_TYPE, "event_payload": {"key": message.key}})
        try:
            response = _ask(partial(send, **payload), channel)
        except _LayoutRefused as refusal:
            text = f"{payload['text']}\n(Slack refused the layout of this message: {refusal})"
            response = _ask(partial(send, text=text, blocks=[], attachments=[]), channel)
        return Address(str(response["channel"]), str(response["ts"]))

    def _search(self, channel: str, key: str, *, pages: int, oldest: str = "0") -> Address | None:
        channel_id = self._id_of(channel)
        read = partial(
            self._client.conversations_history,
            channel=channel_id,
            oldest=oldest,
            limit=PAGE,
            include_all_metadata=True,
        )
        cursor: str | None = None
        for _ in range(pages):
            page = _ask(partial(read, cursor=cursor), channel)
            for found in page["messages"]:
                if found.get("metadata", {}).get("event_payload", {}).get("key") == key:
                    return Address(channel_id, str(found["ts"]))
            cursor = _next(page)
            if not cursor:
                break
        return None

    def _id_of(self, channel: str) -> str:
        """Slack posts to a name, but reads and edits by id only."""
        if re.fullmatch(r"[CDG][A-Z0-9]{7,}", channel):
            return channel
        cursor: str | None = None
        while True:
            page = _ask(
                partial(
                    self._client.conversations_list,
                    types="public_channel,private_channel",
                    limit=PAGE,
                    cursor=cursor,
                ),
                channel,
            )
            for found in page["channels"]:
                if found["name"] == channel.lstrip("#"):
                    return str(found["id"])
            cursor = _next(page)
            if not cursor:
                raise ChannelMisconfigured(f"Slack channel {channel}: channel_not_found. Remedy: {INVITE}")

    def _patiently(self, attempt: Callable[[], Answer], when_unsure: Callable[[], Answer] | None = None) -> Answer:
        """The answer of `attempt`, tried again while waiting can help; by `when_unsure` once it may have worked."""
        deadline = self._clock() + self._patience_s
        for tried in count():
            try:
                return attempt()
            except _Setback as setback:
                wait_s = setback.wait_s if setback.wait_s is not None else min(2.0**tried, 10.0)
                if self._clock() + wait_s > deadline:
                    raise NotifyError(
                        f"Slack did not take the message: {setback} (tried {tried + 1} times, next wait {wait_s:g} s)"
                    ) from setback
                self._sleep(wait_s)
                if setback.unsure and when_unsure is not None:
                    attempt = when_unsure
        raise AssertionError("count() does not end")


def _ask(call: Callable[[], SlackResponse], channel: str) -> SlackResponse:
    """One call; what Slack refuses becomes the exception that says what helps."""
    try:
        return call()
    except (OSError, HTTPException) as error:
        raise _Setback(f"no answer: {error}", unsure=True) from error
    except SlackApiError as error:
        raise _refusal(error.response, channel) from error


def _refusal(response: SlackResponse, channel: str) -> NotifyError:
    error = str(response["error"] or "no reason given")
    if response.status_code == 429 or error in RATE_LIMITED:
        return _Setback("rate limited", wait_s=_retry_after(response))
    if response.status_code >= 500 or error in TRANSIENT:
        return _Setback(f"HTTP {response.status_code} {error}", unsure=True)
    if error in REMEDIES:
        return ChannelMisconfigured(f"Slack channel {channel}: {error}. Remedy: {REMEDIES[error]}")
    if error in LAYOUT:
        return _LayoutRefused(error)
    return _Gone(error) if error in GONE else NotifyError(f"Slack channel {channel}: {error}")


def _retry_after(response: SlackResponse) -> float | None:
    told = {name.lower(): value for name, value in response.headers.items()}.get("retry-after", "")
    return float(told) if told.isdecimal() else None


def _next(page: SlackResponse) -> str:
    return str((page["response_metadata"] or {}).get("next_cursor", ""))


class _Setback(NotifyError):
    """Waiting can help; `unsure` says that the call may have worked, `wait_s` how long Slack asks to wait."""

    def __init__(self, cause: str, *, unsure: bool = False, wait_s: float | None = None) -> None:
        super().__init__(cause)
        self.unsure = unsure
        self.wait_s = wait_s


class _LayoutRefused(NotifyError):
    """Slack takes the text of the message, but not its blocks."""


class _Gone(NotifyError):
    """The message cannot be edited."""

"""A call to Slack's Web API goes in, its answer comes out, or an exception that says what helps.

It waits as Slack asks (https://docs.slack.dev/apis/web-api/rate-limits): `Retry-After`, and one message per second
and channel. slack-sdk's own retries are off: after a timeout or a 5xx nobody knows whether a message was taken.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from http.client import HTTPException
from itertools import count
from typing import TypeVar

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.web import SlackResponse

from include.errors import ChannelMisconfigured, NotifyError

Answer = TypeVar("Answer")

BETWEEN_MESSAGES_S = 1.0

INVITE = "invite the app to the channel (/invite in Slack) or correct the channel in routes.yaml"
TOKEN = "put a valid bot token into the Airflow connection assay_slack"  # noqa: S105  a remedy, no token
REMEDIES = {
    "channel_not_found": INVITE,
    "not_in_channel": INVITE,
    "is_archived": "unarchive the channel or name another one in routes.yaml",
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
GONE = {"message_not_found", "cant_update_message", "edit_window_closed", "thread_not_found", "cannot_reply_to_message"}


class SlackCalls:
    """One workspace; `patience_s` bounds the seconds that one message may take with all its waits."""

    def __init__(
        self,
        token: str,
        *,
        base_url: str = "https://slack.com/api/",
        patience_s: float = 60.0,
        timeout_s: int = 15,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.client = WebClient(token, base_url=f"{base_url.rstrip('/')}/", timeout=timeout_s, retry_handlers=[])
        self.sleep = sleep
        self._patience_s = patience_s
        self._clock = clock
        self._posted: dict[str, float] = {}

    def pace(self, channel: str) -> None:
        """Wait until Slack takes another message in that channel."""
        due = self._posted.get(channel, float("-inf")) + BETWEEN_MESSAGES_S
        if (wait_s := due - self._clock()) > 0:
            self.sleep(wait_s)
        self.posted(channel)

    def posted(self, channel: str) -> None:
        """Note that a message went there; a channel has a name and an id."""
        self._posted[channel] = self._clock()

    def patiently(
        self,
        attempt: Callable[[], Answer],
        when_unsure: Callable[[], Answer] | None = None,
        patience_s: float | None = None,
    ) -> Answer:
        """The answer of `attempt`, tried again while waiting can help; by `when_unsure` once it may have worked."""
        deadline = self._clock() + (self._patience_s if patience_s is None else patience_s)
        for tried in count():
            try:
                return attempt()
            except Setback as setback:
                wait_s = setback.wait_s if setback.wait_s is not None else min(2.0**tried, 10.0)
                if self._clock() + wait_s > deadline:
                    raise NotifyError(
                        f"Slack did not take the message: {setback} (tried {tried + 1} times, next wait {wait_s:g} s)"
                    ) from setback
                self.sleep(wait_s)
                if setback.unsure and when_unsure is not None:
                    attempt = when_unsure
        raise AssertionError("count() does not end")


def ask(call: Callable[[], SlackResponse], channel: str) -> SlackResponse:
    """One call; what Slack refuses becomes the exception that says what helps."""
    try:
        return call()
    except (OSError, HTTPException) as error:
        raise Setback(f"no answer: {error}", unsure=True) from error
    except SlackApiError as error:
        raise _refusal(error.response, channel) from error


def next_cursor(page: SlackResponse) -> str:
    """Where the next page begins; empty after the last one."""
    return str((page.get("response_metadata") or {}).get("next_cursor", ""))


def _refusal(response: SlackResponse, channel: str) -> NotifyError:
    error = str(response["error"] or "no reason given")
    if response.status_code == 429 or error in RATE_LIMITED:
        return Setback("rate limited", wait_s=_retry_after(response))
    if response.status_code >= 500 or error in TRANSIENT:
        return Setback(f"HTTP {response.status_code} {error}", unsure=True)
    if error in REMEDIES:
        return ChannelMisconfigured(f"Slack channel {channel}: {error}. Remedy: {REMEDIES[error]}")
    if error in LAYOUT:
        return LayoutRefused(error)
    return Gone(error) if error in GONE else NotifyError(f"Slack channel {channel}: {error}")


def _retry_after(response: SlackResponse) -> float | None:
    told = {name.lower(): value for name, value in response.headers.items()}.get("retry-after", "")
    return float(told) if told.isdecimal() else None


class Setback(NotifyError):
    """Waiting can help; `unsure` says that the call may have worked, `wait_s` how long Slack asks to wait."""

    def __init__(self, cause: str, *, unsure: bool = False, wait_s: float | None = None) -> None:
        super().__init__(cause)
        self.unsure = unsure
        self.wait_s = wait_s


class LayoutRefused(NotifyError):
    """Slack takes the text of the message, but not its blocks."""


class Gone(NotifyError):
    """The message cannot be edited or answered."""

"""Messages go out to a Slack channel through slack-sdk; each is found again by the key in its metadata.

A failure after which nobody knows whether Slack took the message (a timeout, a broken connection, a 5xx) is followed
by a look into the channel, never by a blind second post.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from slack_sdk.errors import SlackClientError
from slack_sdk.web import SlackResponse

from include.adapters.slack_calls import INVITE, Gone, LayoutRefused, SlackCalls, ask, next_cursor
from include.domain.interaction import Json
from include.domain.message import Address, Chart, Message, Picture
from include.errors import ChannelMisconfigured, NotifyError

log = logging.getLogger(__name__)

Render = Callable[[Message, Json], dict[str, Json]]
"""A message and where its chart is (`{"slack_file": ...}` or None) to the arguments of chat.postMessage."""

MESSAGE, REPLY = "assay_message", "assay_reply"
"""Types of metadata."""
PAGE, PAGES = 200, 25
"""How much of a channel is searched for a message: the newest 5,000 messages since the intent."""
CLOCK_SKEW = timedelta(minutes=5)
"""How far this machine's clock may be ahead of Slack's."""
CHART_PATIENCE_S = 8.0
"""An alert does not wait longer for its picture."""
CHART_WAITS_S = (0.25, 0.5, 1.0, 2.0, 4.0)
"""Slack looks at a picture after it was uploaded; a message cannot show it before."""


class SlackTransport:
    """Carries messages to Slack; `channel` is where a message without a channel of its own goes.

    `draw` makes the PNG of a chart; without it, and where Slack takes no file, messages go without a picture.
    """

    receiver = "slack"

    def __init__(
        self,
        calls: SlackCalls,
        channel: str,
        render: Render,
        say: Callable[[str], str] = str,
        draw: Callable[[Chart | Picture], bytes] | None = None,
    ) -> None:
        self._calls = calls
        self._client = calls.client
        self._channel = channel
        self._render = render
        self._say = say
        self._draw = draw

    def post(self, channel: str, message: Message) -> Address:
        """Send a new message; without layout where Slack refuses the layout."""
        channel = channel or self._channel
        send = partial(self._client.chat_postMessage, channel=channel, unfurl_links=False, unfurl_media=False)
        image = self._upload(message)

        def attempt() -> Address:
            self._calls.pace(channel)
            address = self._send(send, message, image, channel)
            self._calls.posted(address.channel)
            return address

        def attempt_unless_it_landed() -> Address:
            return self._search(channel, message.key, pages=1) or attempt()

        return self._calls.patiently(attempt, attempt_unless_it_landed)

    def update(self, address: Address, message: Message) -> bool:
        """Edit a message in place; False where it is gone or can no longer be edited."""
        send = partial(self._client.chat_update, channel=address.channel, ts=address.ts)
        image = self._upload(message)
        try:
            self._calls.patiently(lambda: self._send(send, message, image, address.channel))
        except Gone:
            return False
        return True

    def find(self, channel: str, key: str, since: datetime) -> Address | None:
        """The message of that key that was sent after `since`, if there is one."""
        oldest = str((since - CLOCK_SKEW).timestamp())
        return self._calls.patiently(lambda: self._search(channel or self._channel, key, pages=PAGES, oldest=oldest))

    def reply(self, address: Address, event: str, text: str) -> bool:
        """Add to a message's thread; False where the message is gone. `event` finds the reply again."""
        send = partial(
            self._client.chat_postMessage,
            channel=address.channel,
            thread_ts=address.ts,
            text=self._say(text),
            unfurl_links=False,
            metadata={"event_type": REPLY, "event_payload": {"event": event}},
        )

        def attempt() -> bool:
            self._calls.pace(address.channel)
            ask(send, address.channel)
            return True

        try:
            return self._calls.patiently(attempt, lambda: self._has_reply(address, event) or attempt())
        except Gone:
            return False

    def has_reply(self, address: Address, event: str) -> bool:
        """Whether the thread holds the reply of that event; one that is gone holds nothing."""
        try:
            return self._calls.patiently(lambda: self._has_reply(address, event))
        except Gone:
            return False

    def _send(self, send: Callable[..., SlackResponse], message: Message, image: Json, channel: str) -> Address:
        send = partial(send, metadata={"event_type": MESSAGE, "event_payload": {"key": message.key}})
        for shown in (image, None) if image else (None,):
            payload = self._render(message, shown)
            try:
                return _address(ask(partial(send, **payload), channel))
            except LayoutRefused as error:
                refusal = error
        text = f"{payload['text']}\n(Slack refused the layout of this message: {refusal})"
        return _address(ask(partial(send, text=text, blocks=[], attachments=[]), channel))

    def _upload(self, message: Message) -> Json:
        """The message's chart in Slack, seen by nobody until a message shows it; None where Slack takes none."""
        if message.chart is None or self._draw is None:
            return None
        upload = partial(
            self._client.files_upload_v2,
            filename="chart.png",
            content=self._draw(message.chart),
            title=message.chart.title,
            alt_txt=message.chart.alt[:1000],
        )
        patiently = partial(self._calls.patiently, patience_s=CHART_PATIENCE_S)
        try:
            file_id = str(patiently(lambda: ask(upload, "for charts"))["file"]["id"])
            for wait_s in CHART_WAITS_S:
                info = patiently(lambda: ask(partial(self._client.files_info, file=file_id), "for charts"))
                if info["file"].get("mimetype"):
                    return {"slack_file": {"id": file_id}}
                self._calls.sleep(wait_s)
        except (NotifyError, SlackClientError) as error:
            log.warning("the message goes without its chart: %s. Scopes for charts: files:write, files:read", error)
        return None

    def _search(self, channel: str, key: str, *, pages: int, oldest: str = "0") -> Address | None:
        channel_id = self._id_of(channel)
        read = partial(self._client.conversations_history, channel=channel_id, oldest=oldest)
        ts = _find(read, channel, {"key": key}, pages)
        return Address(channel_id, ts) if ts else None

    def _has_reply(self, address: Address, event: str) -> bool:
        read = partial(self._client.conversations_replies, channel=address.channel, ts=address.ts)
        return _find(read, address.channel, {"event": event}, PAGES) is not None

    def _id_of(self, channel: str) -> str:
        """Slack posts to a name, but reads and edits by id only."""
        if re.fullmatch(r"[CDG][A-Z0-9]{7,}", channel):
            return channel
        listed = partial(self._client.conversations_list, types="public_channel,private_channel", limit=PAGE)
        cursor: str | None = None
        while True:
            page = ask(partial(listed, cursor=cursor), channel)
            for found in page["channels"]:
                if found["name"] == channel.lstrip("#"):
                    return str(found["id"])
            cursor = next_cursor(page)
            if not cursor:
                raise ChannelMisconfigured(f"Slack channel {channel}: channel_not_found. Remedy: {INVITE}")


def _find(read: Callable[..., SlackResponse], channel: str, payload: Mapping[str, str], pages: int) -> str | None:
    """`ts` of the message whose metadata say that."""
    cursor: str | None = None
    for _ in range(pages):
        page = ask(partial(read, cursor=cursor, limit=PAGE, include_all_metadata=True), channel)
        for found in page["messages"]:
            told: Mapping[str, Any] = found.get("metadata", {}).get("event_payload", {})
            if payload.items() <= told.items():
                return str(found["ts"])
        cursor = next_cursor(page)
        if not cursor:
            break
    return None


def _address(response: SlackResponse) -> Address:
    return Address(str(response["channel"]), str(response["ts"]))

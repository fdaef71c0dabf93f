"""A Slack Web API on loopback: enforces Slack's documented limits, keeps messages as Slack does, fails on demand.

Documented at https://docs.slack.dev/reference/block-kit/blocks, /reference/block-kit/composition-objects/text-object,
/methods/chat.postMessage, /methods/chat.update, /methods/conversations.history and /apis/web-api/rate-limits.
"""

from __future__ import annotations

import json
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

TOKEN = "xoxb-for-tests-only"
READ_BY_ID = {"chat.update", "conversations.history"}


class Refused(Exception):
    """Slack answers `{"ok": false, "error": ...}`."""


@dataclass(frozen=True)
class Fault:
    """What happens to the next call of `method` (of any, if empty).

    `error` is Slack's own; `status` another HTTP status than 200; `reset` breaks the connection and `stall_s` keeps
    the caller waiting. With `after` the call is carried out first: the caller cannot know.
    """

    method: str = ""
    error: str = ""
    status: int = 200
    retry_after: int | None = None
    reset: bool = False
    stall_s: float = 0.0
    after: bool = False


@dataclass
class Channel:
    """One channel with its messages by `ts`, oldest first."""

    id: str
    name: str
    joined: bool = True
    archived: bool = False
    messages: dict[str, dict[str, Any]] = field(default_factory=dict)


class SlackServer:
    """The state behind the API; `calls` counts what was carried out, `asked` what arrived."""

    def __init__(self) -> None:
        self.channels = {"C0GENERAL1": Channel("C0GENERAL1", "quality"), "C0PRIVATE2": Channel("C0PRIVATE2", "clinic")}
        self.scopes = {"chat:write", "channels:read", "channels:history"}
        self.faults: deque[Fault] = deque()
        self.limits_every_second_call = False
        self.calls: Counter[str] = Counter()
        self.asked: Counter[str] = Counter()
        self.base_url = ""
        self._clock = 1_700_000_000.0
        self._lock = threading.Lock()

    def messages(self, name: str = "quality") -> list[dict[str, Any]]:
        """What a person sees in a channel, oldest first."""
        return list(next(channel for channel in self.channels.values() if channel.name == name).messages.values())

    def answer(self, method: str, token: str, arguments: dict[str, Any]) -> tuple[dict[str, Any], Fault | None]:
        """Slack's answer to a call, and the fault that befalls it."""
        with self._lock:
            self.asked[method] += 1
            fault = self._fault(method)
            if fault and not fault.after:
                return {"ok": False, "error": fault.error}, fault
            try:
                check_token(token)
                result = METHODS[method](self, arguments)
            except KeyError:
                return {"ok": False, "error": "unknown_method"}, fault
            except Refused as refused:
                return {"ok": False, "error": str(refused)}, fault
            self.calls[method] += 1
            return {"ok": True, **result}, fault

    def _fault(self, method: str) -> Fault | None:
        if self.limits_every_second_call and self.asked.total() % 2:
            return Fault(status=429, error="ratelimited", retry_after=1)
        for fault in self.faults:
            if fault.method in {"", method}:
                self.faults.remove(fault)
                return fault
        return None

    def need(self, scope: str) -> None:
        if scope not in self.scopes:
            raise Refused("missing_scope")

    def channel(self, told: str, *, by_name: bool) -> Channel:
        found = self.channels.get(told)
        if found is None and by_name:
            found = next((c for c in self.channels.values() if c.name == told.lstrip("#")), None)
        if found is None:
            raise Refused("channel_not_found")
        return found

    def next_ts(self) -> str:
        self._clock += 1.000100
        return f"{self._clock:.6f}"


def check_token(token: str) -> None:
    if token != TOKEN:
        raise Refused("invalid_auth" if token else "not_authed")


def post_message(slack: SlackServer, arguments: dict[str, Any]) -> dict[str, Any]:
    slack.need("chat:write")
    channel = slack.channel(arguments["channel"], by_name=True)
    if not channel.joined:
        raise Refused("not_in_channel")
    if channel.archived:
        raise Refused("is_archived")
    message = content(arguments)
    ts = slack.next_ts()
    channel.messages[ts] = {"type": "message", "ts": ts, **message}
    return {"channel": channel.id, "ts": ts, "message": message}


def update_message(slack: SlackServer, arguments: dict[str, Any]) -> dict[str, Any]:
    slack.need("chat:write")
    channel = slack.channel(arguments["channel"], by_name=False)
    known = channel.messages.get(arguments["ts"])
    if known is None:
        raise Refused("message_not_found")
    kept = {name: known[name] for name in ("attachments", "metadata") if name in known and name not in arguments}
    edits = known.get("edits", 0) + 1
    ts = arguments["ts"]
    channel.messages[ts] = {"type": "message", "ts": ts, **kept, **content(arguments), "edits": edits}
    return {"channel": channel.id, "ts": ts, "text": arguments.get("text", "")}


def history(slack: SlackServer, arguments: dict[str, Any]) -> dict[str, Any]:
    slack.need("channels:history")
    channel = slack.channel(arguments["channel"], by_name=False)
    if not channel.joined:
        raise Refused("not_in_channel")
    oldest, limit = float(arguments.get("oldest", 0)), int(arguments.get("limit", 100))
    start = int(arguments.get("cursor") or 0)
    newest_first = [m for ts, m in reversed(channel.messages.items()) if float(ts) > oldest]
    shown = deepcopy(newest_first[start : start + limit])
    if str(arguments.get("include_all_metadata", "")).lower() not in {"1", "true"}:
        for message in shown:
            message.pop("metadata", None)
    following = str(start + limit) if start + limit < len(newest_first) else ""
    return {"messages": shown, "has_more": bool(following), "response_metadata": {"next_cursor": following}}


def list_channels(slack: SlackServer, arguments: dict[str, Any]) -> dict[str, Any]:
    slack.need("channels:read")
    listed = [{"id": channel.id, "name": channel.name} for channel in slack.channels.values()]
    return {"channels": listed, "response_metadata": {"next_cursor": ""}}


def auth_test(slack: SlackServer, arguments: dict[str, Any]) -> dict[str, Any]:
    return {"url": "https://assay.slack.com/", "team": "Assay", "user": "assay", "bot_id": "B0ASSAY01"}


METHODS: dict[str, Callable[[SlackServer, dict[str, Any]], dict[str, Any]]] = {
    "auth.test": auth_test,
    "chat.postMessage": post_message,
    "chat.update": update_message,
    "conversations.history": history,
    "conversations.list": list_channels,
}


def content(arguments: dict[str, Any]) -> dict[str, Any]:
    """The message that a call describes, or Slack's refusal of it."""
    blocks, attachments = arguments.get("blocks", []), arguments.get("attachments", [])
    text = arguments.get("text", "")
    if not (text or blocks or attachments):
        raise Refused("no_text")
    if len(text) > 40_000:
        raise Refused("msg_too_long")
    if len(attachments) > 100:
        raise Refused("too_many_attachments")
    inner = [block for attachment in attachments for block in attachment.get("blocks", [])]
    if len(blocks) + len(inner) > 50:
        raise Refused("msg_blocks_too_long")
    for block in [*blocks, *inner]:
        check_block(block)
    metadata = arguments.get("metadata")
    if metadata is not None and not (metadata.get("event_type") and isinstance(metadata.get("event_payload"), dict)):
        raise Refused("invalid_metadata_format")
    told = {"text": text, "blocks": blocks, "attachments": attachments, "metadata": metadata}
    return {name: value for name, value in told.items() if name in arguments}


def check_block(block: dict[str, Any]) -> None:
    match block.get("type"):
        case "header":
            check_text(block.get("text"), 150, only="plain_text")
        case "section":
            fields = block.get("fields")
            require("text" in block or bool(fields))
            if "text" in block:
                check_text(block["text"], 3000)
            for one in fields or []:
                check_text(one, 2000)
            require(len(fields or []) <= 10)
        case "context":
            require(1 <= len(block.get("elements", [])) <= 10)
            for element in block["elements"]:
                check_text(element, 3000)
        case "divider":
            require(set(block) <= {"type", "block_id"})
        case _:
            require(False)


def check_text(text: Any, limit: int, only: Literal["plain_text", ""] = "") -> None:
    require(isinstance(text, dict) and text.get("type") in {only or "mrkdwn", "plain_text"})
    require(set(text) <= ({"type", "text", "verbatim"} if text["type"] == "mrkdwn" else {"type", "text", "emoji"}))
    require(1 <= len(text.get("text", "")) <= limit)


def require(holds: bool) -> None:
    if not holds:
        raise Refused("invalid_blocks")


class Handler(BaseHTTPRequestHandler):
    """HTTP around the state."""

    slack: SlackServer

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        if self.headers.get("Content-Type", "").startswith("application/json"):
            arguments = json.loads(body)
        else:
            pairs = parse_qs(f"{urlsplit(self.path).query}&{body}", keep_blank_values=True)
            arguments = {name: values[0] for name, values in pairs.items()}
        method = urlsplit(self.path).path.rsplit("/", 1)[1]
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        answer, fault = self.slack.answer(method, token, arguments)
        if fault and fault.stall_s:
            threading.Event().wait(fault.stall_s)
        if fault and (fault.reset or fault.stall_s):
            self.close_connection = True
            return
        self._reply(answer, fault)

    def _reply(self, answer: dict[str, Any], fault: Fault | None) -> None:
        status = fault.status if fault else 200
        body = (json.dumps(answer) if status in {200, 429} else "<html>upstream error</html>").encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8" if status in {200, 429} else "text/html")
        self.send_header("Content-Length", str(len(body)))
        if fault and fault.retry_after is not None:
            self.send_header("Retry-After", str(fault.retry_after))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Tests are quiet."""


@contextmanager
def running() -> Iterator[SlackServer]:
    """A server on a free port of loopback, for as long as the block lasts."""
    slack = SlackServer()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"slack": slack}))
    server.daemon_threads = True
    slack.base_url = f"http://127.0.0.1:{server.server_address[1]}/api/"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield slack
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

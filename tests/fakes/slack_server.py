"""A Slack Web API on loopback: enforces Slack's documented limits, keeps messages as Slack does, fails on demand.

Documented at https://docs.slack.dev/reference/block-kit/blocks, /reference/block-kit/composition-objects/text-object,
/reference/methods (chat.postMessage, chat.update, conversations.history and .replies, files.getUploadURLExternal and
.completeUploadExternal, apps.connections.open), /apis/web-api/rate-limits and /apis/events-api/using-socket-mode.
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
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.fakes.slack_rules import Refused, content

TOKEN, APP_TOKEN, SIGNING_SECRET = "xoxb-for-tests-only", "xapp-for-tests-only", "for tests only"
BOT_SCOPES = {
    *("chat:write", "files:write", "files:read", "channels:read", "channels:history", "groups:read", "groups:history"),
}


class Clock:
    """Time that passes only by sleeping."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    def now(self) -> float:
        return sum(self.slept)


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
    private: bool = False
    messages: dict[str, dict[str, Any]] = field(default_factory=dict)
    replies: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    """By the `ts` of the thread's head."""
    posted_at: float = float("-inf")


@dataclass
class File:
    """An upload; Slack looks at it for a while after it is complete, and only then knows what it is."""

    name: str
    length: int
    content: bytes | None = None
    completed: bool = False
    looks: int = 0


class SlackServer:
    """The state behind the API; `calls` counts what was carried out, `asked` what arrived."""

    def __init__(self) -> None:
        self.channels = {
            "C0GENERAL1": Channel("C0GENERAL1", "quality"),
            "C0PRIVATE2": Channel("C0PRIVATE2", "clinic", private=True),
        }
        self.scopes = set(BOT_SCOPES)
        self.files: dict[str, File] = {}
        self.looks_needed = 2
        """How often a file must be asked for until Slack knows that it is a picture."""
        self.pace: Callable[[], float] | None = None
        """With a clock, more than one message per second and channel is refused."""
        self.new_socket_url: Callable[[], str] | None = None
        """Where the app has Socket Mode switched on."""
        self.faults: deque[Fault] = deque()
        self.limits_every_second_call = False
        self.calls: Counter[str] = Counter()
        self.asked: Counter[str] = Counter()
        self.base_url = ""
        self._clock = 1_700_000_000.0
        self._lock = threading.Lock()

    def thread(self, ts: str, name: str = "quality") -> list[dict[str, Any]]:
        """What a person sees below a message, oldest first."""
        channel = next(channel for channel in self.channels.values() if channel.name == name)
        return list(channel.replies.get(ts, {}).values())

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
                check_token(token, method)
                result = METHODS[method](self, arguments)
            except KeyError:
                return {"ok": False, "error": "unknown_method"}, fault
            except RateLimited:
                self.asked["too fast"] += 1
                return {"ok": False, "error": "ratelimited"}, Fault(status=429, error="ratelimited", retry_after=1)
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


class RateLimited(Exception):
    """Slack answers 429."""


def check_token(token: str, method: str) -> None:
    wanted = APP_TOKEN if method == "apps.connections.open" else TOKEN
    if token != wanted:
        known = {TOKEN, APP_TOKEN}
        raise Refused("not_allowed_token_type" if token in known else "invalid_auth" if token else "not_authed")


def post_message(slack: SlackServer, arguments: dict[str, Any]) -> dict[str, Any]:
    slack.need("chat:write")
    channel = slack.channel(arguments["channel"], by_name=True)
    if not channel.joined:
        raise Refused("not_in_channel")
    if channel.archived:
        raise Refused("is_archived")
    if slack.pace is not None:
        if slack.pace() - channel.posted_at < 1.0:
            raise RateLimited
        channel.posted_at = slack.pace()
    message = checked(slack, arguments)
    ts, head = slack.next_ts(), arguments.get("thread_ts")
    if head is not None:
        if head not in channel.messages:
            raise Refused("thread_not_found")
        channel.replies.setdefault(head, {})[ts] = {"type": "message", "ts": ts, "thread_ts": head, **message}
    else:
        channel.messages[ts] = {"type": "message", "ts": ts, **message}
    return {"channel": channel.id, "ts": ts, "message": message}


def checked(slack: SlackServer, arguments: dict[str, Any]) -> dict[str, Any]:
    """The message, where Slack takes it and can show every file in it."""
    message = content(arguments)
    blocks = [*message.get("blocks", []), *(b for a in message.get("attachments", []) for b in a.get("blocks", []))]
    for block in blocks:
        if "slack_file" in block:
            file = slack.files.get(block["slack_file"]["id"])
            if file is None or not file.completed or file.looks < slack.looks_needed:
                raise Refused("invalid_blocks")
    return message


def update_message(slack: SlackServer, arguments: dict[str, Any]) -> dict[str, Any]:
    slack.need("chat:write")
    channel = slack.channel(arguments["channel"], by_name=False)
    known = channel.messages.get(arguments["ts"])
    if known is None:
        raise Refused("message_not_found")
    kept = {name: known[name] for name in ("attachments", "metadata") if name in known and name not in arguments}
    edits = known.get("edits", 0) + 1
    ts = arguments["ts"]
    channel.messages[ts] = {"type": "message", "ts": ts, **kept, **checked(slack, arguments), "edits": edits}
    return {"channel": channel.id, "ts": ts, "text": arguments.get("text", "")}


def history(slack: SlackServer, arguments: dict[str, Any]) -> dict[str, Any]:
    channel = readable(slack, arguments["channel"])
    oldest = float(arguments.get("oldest", 0))
    return page([m for ts, m in reversed(channel.messages.items()) if float(ts) > oldest], arguments)


def replies(slack: SlackServer, arguments: dict[str, Any]) -> dict[str, Any]:
    channel, head = readable(slack, arguments["channel"]), arguments["ts"]
    if head not in channel.messages:
        raise Refused("thread_not_found")
    return page([channel.messages[head], *channel.replies.get(head, {}).values()], arguments)


def readable(slack: SlackServer, told: str) -> Channel:
    channel = slack.channel(told, by_name=False)
    slack.need("groups:history" if channel.private else "channels:history")
    if not channel.joined:
        raise Refused("not_in_channel")
    return channel


def page(messages: list[dict[str, Any]], arguments: dict[str, Any]) -> dict[str, Any]:
    limit, start = int(arguments.get("limit", 100)), int(arguments.get("cursor") or 0)
    shown = deepcopy(messages[start : start + limit])
    if str(arguments.get("include_all_metadata", "")).lower() not in {"1", "true"}:
        for message in shown:
            message.pop("metadata", None)
    following = str(start + limit) if start + limit < len(messages) else ""
    return {"messages": shown, "has_more": bool(following), "response_metadata": {"next_cursor": following}}


def list_channels(slack: SlackServer, arguments: dict[str, Any]) -> dict[str, Any]:
    slack.need("channels:read")
    seen = [one for one in slack.channels.values() if not one.private or "groups:read" in slack.scopes]
    listed = [{"id": channel.id, "name": channel.name} for channel in seen]
    return {"channels": listed, "response_metadata": {"next_cursor": ""}}


def auth_test(slack: SlackServer, arguments: dict[str, Any]) -> dict[str, Any]:
    return {"url": "https://assay.slack.com/", "team": "Assay", "user": "assay", "bot_id": "B0ASSAY01"}


def begin_upload(slack: SlackServer, arguments: dict[str, Any]) -> dict[str, Any]:
    slack.need("files:write")
    file_id = f"F{len(slack.files):09}"
    slack.files[file_id] = File(arguments["filename"], int(arguments["length"]))
    return {"file_id": file_id, "upload_url": f"{slack.base_url.removesuffix('/api/')}/upload/{file_id}"}


def complete_upload(slack: SlackServer, arguments: dict[str, Any]) -> dict[str, Any]:
    slack.need("files:write")
    told = arguments["files"]
    files = json.loads(told) if isinstance(told, str) else told
    for one in files:
        file = slack.files.get(one["id"])
        if file is None or file.content is None or file.completed:
            raise Refused("file_not_found")
        file.completed = True
    return {"files": [{"id": one["id"], "title": one.get("title")} for one in files]}


def file_info(slack: SlackServer, arguments: dict[str, Any]) -> dict[str, Any]:
    slack.need("files:read")
    file = slack.files.get(arguments["file"])
    if file is None or not file.completed:
        raise Refused("file_not_found")
    file.looks += 1
    return {"file": {"id": arguments["file"], "mimetype": "image/png" if file.looks >= slack.looks_needed else ""}}


def open_socket(slack: SlackServer, arguments: dict[str, Any]) -> dict[str, Any]:
    if slack.new_socket_url is None:
        raise Refused("access_denied")
    return {"url": slack.new_socket_url()}


METHODS: dict[str, Callable[[SlackServer, dict[str, Any]], dict[str, Any]]] = {
    "apps.connections.open": open_socket,
    "auth.test": auth_test,
    "chat.postMessage": post_message,
    "chat.update": update_message,
    "conversations.history": history,
    "conversations.list": list_channels,
    "conversations.replies": replies,
    "files.completeUploadExternal": complete_upload,
    "files.getUploadURLExternal": begin_upload,
    "files.info": file_info,
}


class Handler(BaseHTTPRequestHandler):
    """HTTP around the state."""

    slack: SlackServer

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path.startswith("/upload/"):
            self._take_file(self.path.removeprefix("/upload/"), raw)
            return
        body = raw.decode()
        if self.headers.get("Content-Type", "").startswith("application/json"):
            arguments = json.loads(body or "{}")
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

    def _take_file(self, file_id: str, content: bytes) -> None:
        file = self.slack.files[file_id]
        is_whole = file.content is None and len(content) == file.length
        if is_whole:
            file.content = content
        self._reply({"ok": is_whole}, None if is_whole else Fault(status=500))

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

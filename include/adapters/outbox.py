"""Where there is no Slack, messages go into a directory: Block Kit JSON and an HTML preview each, edited in place."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from include.domain.interaction import Json
from include.domain.message import Address, Chart, Message, Picture

MAX_NAME = 100


class Preview(Protocol):
    """Makes the HTML page of a message."""

    def __call__(
        self, payload: dict[str, Json], *, channel: str, edits: int, chart: bytes = b"", replies: Sequence[str] = ()
    ) -> str:
        """The page of a message that was edited `edits` times and answered by `replies` in its thread."""
        ...


class OutboxTransport:
    """Writes messages to `directory`, which is made when it is needed; a file is named by its message's key."""

    receiver = "outbox"

    def __init__(
        self,
        directory: Path,
        render: Callable[[Message, Json], dict[str, Json]],
        preview: Preview,
        say: Callable[[str], str] = str,
        draw: Callable[[Chart | Picture], bytes] | None = None,
    ) -> None:
        self._directory = directory
        self._render = render
        self._preview = preview
        self._say = say
        self._draw = draw

    def post(self, channel: str, message: Message) -> Address:
        """Write a new message; one of the same key is replaced."""
        address = Address(channel, file_name(message.key))
        self._write(address, message, {"edits": 0, "replies": []})
        return address

    def update(self, address: Address, message: Message) -> bool:
        """Rewrite a message; False where somebody removed it."""
        before = self._read(address)
        if before is None:
            return False
        self._write(address, message, {"edits": before["edits"] + 1, "replies": before["replies"]})
        return True

    def find(self, channel: str, key: str, since: datetime) -> Address | None:
        """The message of that key, if it was written."""
        name = file_name(key)
        return Address(channel, name) if (self._directory / f"{name}.json").exists() else None

    def reply(self, address: Address, event: str, text: str) -> bool:
        """Add to a message's thread; False where somebody removed the message."""
        record = self._read(address)
        if record is None:
            return False
        replies = [*record["replies"], {"event": event, "text": self._say(text)}]
        self._put(address, record | {"replies": replies}, self._chart(address))
        return True

    def has_reply(self, address: Address, event: str) -> bool:
        """Whether the thread holds the reply of that event."""
        record = self._read(address)
        return record is not None and any(reply["event"] == event for reply in record["replies"])

    def _write(self, address: Address, message: Message, kept: dict[str, Any]) -> None:
        chart = self._draw(message.chart) if self._draw and message.chart else b""
        image: Json = {"image_url": f"{address.ts}.png"} if chart else None
        self._directory.mkdir(parents=True, exist_ok=True)
        if chart:
            (self._directory / f"{address.ts}.png").write_bytes(chart)
        record = {"channel": address.channel, "key": message.key, **kept, **self._render(message, image)}
        self._put(address, record, chart)

    def _put(self, address: Address, record: dict[str, Any], chart: bytes) -> None:
        replies = [str(reply["text"]) for reply in record["replies"]]
        page = self._preview(record, channel=address.channel, edits=record["edits"], chart=chart, replies=replies)
        _replace(self._directory / f"{address.ts}.html", page)
        _replace(self._directory / f"{address.ts}.json", json.dumps(record, indent=1, ensure_ascii=False) + "\n")

    def _read(self, address: Address) -> dict[str, Any] | None:
        path = self._directory / f"{address.ts}.json"
        return {"replies": [], **json.loads(path.read_bytes())} if path.exists() else None

    def _chart(self, address: Address) -> bytes:
        path = self._directory / f"{address.ts}.png"
        return path.read_bytes() if path.exists() else b""


def file_name(key: str) -> str:
    """A key as a name that every file system takes; a digest keeps keys apart that look the same after that."""
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", key)[:MAX_NAME].strip("-")
    return (
        name
        if name and name == key
        else f"{name or 'message'}-{hashlib.sha256(key.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"
    )


def _replace(path: Path, text: str) -> None:
    """Nobody ever reads half a file."""
    unfinished = path.with_name(f".{path.name}.new")
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(path)

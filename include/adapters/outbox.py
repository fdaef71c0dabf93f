"""Where there is no Slack, messages go into a directory: Block Kit JSON and an HTML preview each, edited in place."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Protocol

from include.domain.interaction import Json
from include.domain.message import Address, Message

MAX_NAME = 100


class Preview(Protocol):
    """Makes the HTML page of a message."""

    def __call__(self, payload: dict[str, Json], *, channel: str, edits: int) -> str:
        """The page of a message that was edited `edits` times."""
        ...


class OutboxTransport:
    """Writes messages to `directory`, which is made when it is needed; a file is named by its message's key."""

    receiver = "outbox"

    def __init__(self, directory: Path, render: Callable[[Message], dict[str, Json]], preview: Preview) -> None:
        self._directory = directory
        self._render = render
        self._preview = preview

    def post(self, channel: str, message: Message) -> Address:
        """Write a new message; one of the same key is replaced."""
        address = Address(channel, file_name(message.key))
        self._write(address, message, edits=0)
        return address

    def update(self, address: Address, message: Message) -> bool:
        """Rewrite a message; False where somebody removed it."""
        path = self._directory / f"{address.ts}.json"
        if not path.exists():
            return False
        self._write(address, message, edits=json.loads(path.read_bytes())["edits"] + 1)
        return True

    def find(self, channel: str, key: str, since: datetime) -> Address | None:
        """The message of that key, if it was written."""
        name = file_name(key)
        return Address(channel, name) if (self._directory / f"{name}.json").exists() else None

    def _write(self, address: Address, message: Message, edits: int) -> None:
        payload = self._render(message)
        page = self._preview(payload, channel=address.channel, edits=edits)
        record = {"channel": address.channel, "edits": edits, "key": message.key, **payload}
        self._directory.mkdir(parents=True, exist_ok=True)
        _replace(self._directory / f"{address.ts}.html", page)
        _replace(self._directory / f"{address.ts}.json", json.dumps(record, indent=1, ensure_ascii=False) + "\n")


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

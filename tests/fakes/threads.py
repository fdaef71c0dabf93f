"""Receivers in memory that keep threads, and the log of what was said in them."""

from __future__ import annotations

from datetime import datetime

from include.domain.message import Address, Message
from include.errors import ChannelMisconfigured, NotifyError
from tests.fakes.notify import FakeLog, FakeTransport


class FakeThreads(FakeTransport):
    """A receiver that keeps threads; dies in "before reply" and "after reply" too."""

    def __init__(self, name: str = "fake") -> None:
        super().__init__()
        self.receiver = name  # type: ignore[misc]
        self.said: list[tuple[str, str, str]] = []
        self.refuses: set[str] = set()
        self.is_down = False
        self.locked: set[str] = set()
        self.places: dict[str, str] = {}

    def post(self, channel: str, message: Message) -> Address:
        self._open(channel)
        self.places[f"{self.posts + 1}.000"] = channel
        return super().post(channel, message)

    def find(self, channel: str, key: str, since: datetime) -> Address | None:
        self._open(channel)
        found = super().find(channel, key, since)
        return found if found and self.places[found.ts] == channel else None

    def reply(self, address: Address, event: str, text: str) -> bool:
        self._perhaps("before reply")
        if address.ts in self.locked:
            raise ChannelMisconfigured("channel is_archived. Remedy: unarchive it")
        if address.ts not in self.shown:
            return False
        self.said.append((address.ts, event, text))
        self._perhaps("after reply")
        return True

    def has_reply(self, address: Address, event: str) -> bool:
        return any((ts, name) == (address.ts, event) for ts, name, _ in self.said)

    def _open(self, channel: str) -> None:
        if channel in self.refuses:
            raise ChannelMisconfigured(f"channel {channel}: channel_not_found. Remedy: invite the app")
        if self.is_down:
            raise NotifyError("no answer")


class FakeThreadLog:
    """`ThreadLog` in memory, over a `FakeLog`."""

    def __init__(self, log: FakeLog) -> None:
        self._log = log
        self.events: dict[tuple[str, str], dict[str, bool]] = {}
        self.digests: dict[tuple[str, str], str] = {}

    def due(self, receiver: str) -> list[str]:
        return [
            key
            for (key, name), told in self._log.rows.items()
            if name == receiver and told.address and told.confirmed and self.digests.get((key, name)) != told.digest
        ]

    def told(self, key: str, receiver: str) -> dict[str, bool]:
        return dict(self.events.get((key, receiver), {}))

    def intend(self, key: str, receiver: str, event: str, text: str, now: datetime) -> None:
        self.events.setdefault((key, receiver), {}).setdefault(event, False)

    def confirm(self, key: str, receiver: str, event: str) -> None:
        self.events[key, receiver][event] = True

    def caught_up(self, key: str, receiver: str, digest: str) -> None:
        self.digests[key, receiver] = digest

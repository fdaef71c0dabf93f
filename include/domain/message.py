"""What people are told, before it is known through which channel: plain text in fields, without any markup."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum

from include.domain.score import digest


class Severity(StrEnum):
    """How loudly something is told, loudest first."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"

    @property
    def rank(self) -> int:
        """0 for the loudest."""
        return list(Severity).index(self)


@dataclass(frozen=True, slots=True)
class Fact:
    """One figure or circumstance: `Since`, `20 Nov 2026, 10:00 UTC`."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with a list under it."""

    heading: str
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Link:
    """Where a reader can go from here; only http and https addresses are rendered as links."""

    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Message:
    """One message, whole, as it stands now; telling it again under the same `key` edits what was told before.

    All text is data: it may hold whatever an application logged, and renderers escape and shorten it. `summary` is
    one sentence. `resolved` says that what was told is over, whatever its `severity` was.
    """

    key: str
    title: str
    severity: Severity
    summary: str
    facts: tuple[Fact, ...] = ()
    sections: tuple[Section, ...] = ()
    links: tuple[Link, ...] = ()
    footer: str = ""
    resolved: bool = False

    @property
    def digest(self) -> str:
        """Two messages that say the same have the same (64 hex digits)."""
        return digest(asdict(self))


@dataclass(frozen=True, slots=True)
class Address:
    """Where a message stands: the channel's own id and the receiver's name of the message in it (Slack's `ts`)."""

    channel: str
    ts: str

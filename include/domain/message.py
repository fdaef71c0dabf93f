"""What people are told, before it is known through which channel: plain text in fields, without any markup."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from enum import StrEnum

from include.domain.interaction import Json
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
class Chart:
    """How a measure went: `points` are ends of windows with their values, None where nothing was known.

    At least one value is known. `reference` is what they are held to, called `held_to`; `since` when what the message
    tells of began, `until` when it ended. `outlook` is what is expected after the last point: an end of a window with
    the low, the expected and the high value. `alt` says in words what the picture shows, for whoever cannot see it.
    """

    title: str
    points: tuple[tuple[datetime, float | None], ...]
    alt: str
    reference: float | None = None
    since: datetime | None = None
    until: datetime | None = None
    unit: str = ""
    held_to: str = "expected"
    outlook: tuple[tuple[datetime, float, float, float], ...] = ()

    def to_json(self) -> dict[str, Json]:
        """All of it; times are ISO 8601."""
        times = {name: at and at.isoformat() for name, at in (("since", self.since), ("until", self.until))}
        points = [[at.isoformat(), value] for at, value in self.points]
        outlook = [[at.isoformat(), low, expected, high] for at, low, expected, high in self.outlook]
        return {**asdict(self), **times, "points": points, "outlook": outlook}


@dataclass(frozen=True, slots=True)
class Picture:
    """A PNG that was drawn already; `alt` says in words what it shows, for whoever cannot see it."""

    title: str
    png: bytes
    alt: str

    def to_json(self) -> dict[str, Json]:
        """What it shows, with the picture by its SHA-256."""
        return {"title": self.title, "alt": self.alt, "sha256": hashlib.sha256(self.png).hexdigest()}


class Verb(StrEnum):
    """What a reader can do about an incident from where the message stands."""

    ACKNOWLEDGE = "acknowledge"
    SNOOZE_HOUR = "snooze_1h"
    SNOOZE_DAY = "snooze_1d"
    NOT_USEFUL = "not_useful"


@dataclass(frozen=True, slots=True)
class Message:
    """One message, whole, as it stands now; telling it again under the same `key` edits what was told before.

    All text is data: it may hold whatever an application logged, and renderers escape and shorten it. `summary` is
    one sentence. `resolved` says that what was told is over, whatever its `severity` was. `owner` is who is called,
    as the rules name it. `verbs` are offered where the receiver can send them back; they act on the incident `key`.
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
    owner: str = ""
    chart: Chart | Picture | None = None
    quotes: tuple[str, ...] = ()
    """Examples of what was logged, redacted."""
    verbs: tuple[Verb, ...] = ()

    @property
    def digest(self) -> str:
        """Two messages that say the same have the same (64 hex digits)."""
        return digest(self.to_json())

    def to_json(self) -> dict[str, Json]:
        """All of it; times are ISO 8601."""
        told: dict[str, Json] = asdict(replace(self, chart=None))
        if self.chart is not None:
            told["chart"] = self.chart.to_json()
        return told


@dataclass(frozen=True, slots=True)
class Address:
    """Where a message stands: the channel's own id and the receiver's name of the message in it (Slack's `ts`).

    `detour` says why it stands there and not where it was to go, with the remedy; it is not kept.
    """

    channel: str
    ts: str
    detour: str = ""

"""An alert over time, the incident that it belongs to, and why people are told of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from include.domain.message import Address, Severity
from include.domain.rule import Evidence


class AlertState(StrEnum):
    """Where an episode stands; it only moves forward."""

    PENDING = "pending"
    FIRING = "firing"
    RESOLVED = "resolved"


class NotifyReason(StrEnum):
    """Why an incident is told now, or that it is not."""

    FIRST = "first"
    NEW_ALERTS = "new_alerts"
    SOME_RESOLVED = "some_resolved"
    ALL_RESOLVED = "all_resolved"
    REPEAT = "repeat"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Alert:
    """One episode of an alert: from its first breached window until it was good for long enough.

    `starts_at` is the start of the first breached window. `ends_at` is the start of the good windows that resolved
    it, None while the episode is open. `fired_at`, `breached_at` and `updated_at` are ends of windows: of the one
    that made it fire, of the last breached one, of the last that was taken into account. `sentence` and `evidence` are
    of the last breached window,
    `recovery` is of the last good one. `breached` counts all breached windows, `good` the good ones in a row since
    `good_since`. `live` is False while only the past was looked at; such an episode is told to nobody. `explained_at`
    is the end of the last window in which another alert explained this one, which is then shown inside that alert's
    incident and called inhibited.
    """

    fingerprint: str
    starts_at: datetime
    state: AlertState
    labels: Mapping[str, str]
    sentence: str
    evidence: Evidence
    live: bool
    breached_at: datetime
    updated_at: datetime
    breached: int = 0
    good: int = 0
    good_since: datetime | None = None
    fired_at: datetime | None = None
    ends_at: datetime | None = None
    recovery: Evidence | None = None
    incident_id: str | None = None
    explained_at: datetime | None = None
    annotations: Mapping[str, str] = field(default_factory=dict)

    @property
    def episode(self) -> str:
        """Names this episode among all: fingerprint and start."""
        return f"{self.fingerprint}@{self.starts_at:%Y-%m-%dT%H:%M:%S.%fZ}"

    @property
    def is_open(self) -> bool:
        """Whether the episode is not over."""
        return self.state is not AlertState.RESOLVED

    @property
    def is_firing(self) -> bool:
        """Whether people should know."""
        return self.state is AlertState.FIRING

    @property
    def inhibited(self) -> bool:
        """Whether it is shown inside the incident of what explains it, rather than told."""
        return self.explained_at is not None

    @property
    def is_breached(self) -> bool:
        """Whether it fires, and the last window was a breached one."""
        return self.is_firing and self.breached_at == self.updated_at

    @property
    def severity(self) -> Severity:
        """How loudly it is told."""
        return Severity(self.labels["severity"])


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """Somebody looks after an incident: who, since when."""

    who: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Verdict:
    """What somebody thinks of having been told of an incident."""

    who: str
    useful: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class Precision:
    """How a rule did by on-call's own verdict: incidents that were told, and those that somebody called not useful."""

    rule: str
    told: int
    not_useful: int


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question and its answer as they were logged, which are hostile text, and the score that they show."""

    interaction_id: str
    logged_at: datetime
    project: str
    environment: str
    user_input: str
    response: str
    score: float | None


@dataclass(frozen=True, slots=True)
class Incident:
    """What on-call is told as one thing: the alerts of one cause, each firing or resolved, and those that they explain.

    At least one alert is not explained by another; the incident is over when all of those are. `muted` says by episode
    why an alert is not to be told now: it still is a member, so that the incident is not over before it is.
    """

    incident_id: str
    alerts: tuple[Alert, ...]
    acknowledged: Acknowledgement | None = None
    muted: Mapping[str, str] = field(default_factory=dict)

    @property
    def own(self) -> tuple[Alert, ...]:
        """The alerts that no other explains; all, where only explained ones are at hand."""
        return tuple(alert for alert in self.alerts if not alert.inhibited) or self.alerts

    @property
    def audible(self) -> tuple[Alert, ...]:
        """Of its own alerts those that nothing mutes; all, where everything is muted."""
        return tuple(alert for alert in self.own if alert.episode not in self.muted) or self.own

    @property
    def standing(self) -> str:
        """What people decided about it, as one text that changes when that does."""
        looked_after = [f"{self.acknowledged.who} {self.acknowledged.at.isoformat()}"] if self.acknowledged else []
        return "\n".join([*looked_after, *(f"{episode} {why}" for episode, why in sorted(self.muted.items()))])

    @property
    def is_resolved(self) -> bool:
        """Whether what broke is whole again."""
        return not any(alert.is_firing for alert in self.own)

    @property
    def severity(self) -> Severity:
        """That of the most severe alert; a muted one does not count beside others."""
        heard = [alert for alert in self.alerts if alert.episode not in self.muted] or self.alerts
        return min((alert.severity for alert in heard), key=lambda severity: severity.rank)

    @property
    def starts_at(self) -> datetime:
        """When its first breached window started."""
        return min(alert.starts_at for alert in self.own)

    @property
    def updated_at(self) -> datetime:
        """End of the last window that was taken into account."""
        return max(alert.updated_at for alert in self.own)

    @property
    def ends_at(self) -> datetime | None:
        """When the last of its own alerts ended; None while one is firing."""
        ends = [alert.ends_at for alert in self.own if alert.ends_at is not None]
        return max(ends) if self.is_resolved else None

    @property
    def duration(self) -> timedelta:
        """From the start to the end, or while it is open to the end of the last window."""
        return (self.ends_at or self.updated_at) - self.starts_at


@dataclass(frozen=True, slots=True)
class Told:
    """One row of the notification log: what was told under a message's key to one receiver, and how far that got.

    `firing` and `resolved` are the episodes that the message names as such. `address` is None until the receiver
    first confirmed: nobody knows then whether the message arrived, and it is looked up before it is sent again.
    `confirmed` says that what stands there is this; without an address, that it was withheld. `muted` are the episodes
    that it leaves out because they are muted; `standing` is the incident's, `closed` that the message says it is over.
    """

    key: str
    receiver: str
    channel: str
    digest: str
    reason: NotifyReason
    confirmed: bool
    address: Address | None
    first_intended_at: datetime
    updated_at: datetime
    firing: frozenset[str] = frozenset()
    resolved: frozenset[str] = frozenset()
    error: str | None = None
    muted: frozenset[str] = frozenset()
    standing: str = ""
    closed: bool = False

"""Alerts, the notification log and a receiver in memory, and rule results by the hour, for tests of telling."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import yaml

from include.domain.alert import Acknowledgement, Alert, AlertState, Incident, Told
from include.domain.interaction import Window
from include.domain.message import Address, Message
from include.domain.rule import Evidence, RuleOutcome, RuleResult
from include.notify.routes import Routes

MIDNIGHT = datetime(2026, 11, 20, tzinfo=UTC)
HOUR = timedelta(hours=1)
ROUTES = Routes.model_validate(
    yaml.safe_load(Path(__file__).parents[2].joinpath("include/notify/routes.yaml").read_text())
)
"""The shipped ones."""


def window(hour: int) -> Window:
    return Window(MIDNIGHT + hour * HOUR, MIDNIGHT + (hour + 1) * HOUR)


def result(
    outcome: str,
    hour: int = 0,
    *,
    alertname: str = "faithfulness_low",
    project: str = "help-desk",
    category: str = "quality",
    severity: str = "critical",
    dimension: str = "",
    value: float | None = 0.41,
    for_windows: int = 1,
    keep_firing_for: int = 1,
) -> RuleResult:
    """What a rule says of one hour."""
    labels = {
        "alertname": alertname,
        "project": project,
        "environment": "production",
        "dimension": dimension,
        "segment": "",
        "severity": severity,
        "category": category,
    }
    return RuleResult(
        rule=alertname,
        window=window(hour),
        outcome=RuleOutcome(outcome),
        labels=labels,
        evidence=Evidence(value=value, reference=0.8, low=0.38, high=0.44, confidence=0.95, n=214),
        sentence=f"{alertname} of {project} was found {outcome}.",
        for_windows=for_windows,
        keep_firing_for=keep_firing_for,
        annotations={"owner": "ml-platform", "runbook": "https://runbooks.example/faithfulness"},
    )


def results_of(
    alerts: Sequence[tuple[str, str, str, str]],
    outcomes: Sequence[str],
    hour: int,
    *,
    for_windows: int,
    keep_firing_for: int,
) -> list[RuleResult]:
    """What the rules of several alerts (project, name, category, severity) say of one hour; `absent` is nothing."""
    return [
        result(
            outcome,
            hour,
            project=project,
            alertname=name,
            category=category,
            severity=severity,
            for_windows=for_windows,
            keep_firing_for=keep_firing_for,
        )
        for (project, name, category, severity), outcome in zip(alerts, outcomes, strict=True)
        if outcome != "absent"
    ]


class FakeBook:
    """`AlertBook` in memory; refuses a second open episode as the database does."""

    def __init__(self) -> None:
        self.alerts: dict[str, Alert] = {}
        self.windows: dict[str, datetime] = {}
        self.settled: dict[str, Told] = {}
        self.blind_for: dict[str, int] = {}
        self.acknowledged: dict[str, Acknowledgement] = {}

    def lock(self) -> None:
        """Alone already."""

    def latest(self, fingerprints: Collection[str]) -> dict[str, Alert]:
        episodes = sorted(self.alerts.values(), key=lambda alert: alert.starts_at)
        return {alert.fingerprint: alert for alert in episodes if alert.fingerprint in fingerprints}

    def seen(self, fingerprints: Collection[str]) -> dict[str, datetime]:
        return {name: end for name, end in self.windows.items() if name in fingerprints}

    def see(self, windows: Mapping[str, datetime], blind: Mapping[str, int] | None = None) -> None:
        for name, end in windows.items():
            self.windows[name] = max(end, self.windows.get(name, end))
        self.blind_for |= blind or {}

    def blind(self, fingerprints: Collection[str]) -> dict[str, int]:
        return {name: count for name, count in self.blind_for.items() if name in fingerprints}

    def starts(self, fingerprints: Collection[str], since: datetime) -> dict[str, list[datetime]]:
        found: dict[str, list[datetime]] = {}
        for alert in self.alerts.values():
            if alert.fingerprint in fingerprints and alert.starts_at > since and alert.fired_at:
                found.setdefault(alert.fingerprint, []).append(alert.starts_at)
        return found

    def firing(self) -> list[Alert]:
        return [alert for alert in self.alerts.values() if alert.is_firing]

    def save(self, alerts: Sequence[Alert]) -> None:
        for alert in alerts:
            assert (alert.incident_id is None) == (alert.state is AlertState.PENDING)
            self.alerts[alert.episode] = alert
        for alert in alerts:
            assert sum(a.is_open for a in self.alerts.values() if a.fingerprint == alert.fingerprint) <= 1

    def forget(self, alert: Alert) -> None:
        del self.alerts[alert.episode]

    def unsettled(self, receiver: str) -> list[str]:
        live = sorted((a for a in self.alerts.values() if a.live and a.incident_id), key=lambda a: a.starts_at)
        names = list(dict.fromkeys(str(alert.incident_id) for alert in live))
        return [name for name in names if self._is_firing(name) or not self._is_settled(name)]

    def _is_firing(self, incident_id: str) -> bool:
        return any(alert.is_firing for alert in self.incident(incident_id).alerts)

    def _is_settled(self, incident_id: str) -> bool:
        told = self.settled.get(incident_id)
        return told is not None and told.confirmed and not told.firing and told.closed

    def incident(self, incident_id: str) -> Incident:
        alerts = [a for a in self.alerts.values() if a.live and a.incident_id == incident_id]
        if not alerts:
            raise KeyError(incident_id)
        alerts.sort(key=lambda alert: (alert.starts_at, alert.fingerprint))
        return Incident(incident_id, tuple(alerts), self.acknowledged.get(incident_id))


class FakeLog:
    """`NotificationLog` in memory; survives whatever kills the sender, as a committed row does."""

    def __init__(self, book: FakeBook | None = None) -> None:
        self.rows: dict[tuple[str, str], Told] = {}
        self.held: set[str] = set()
        self._book = book

    @contextmanager
    def hold(self, key: str) -> Iterator[None]:
        assert key not in self.held
        self.held.add(key)
        try:
            yield
        finally:
            self.held.remove(key)

    def get(self, key: str, receiver: str) -> Told | None:
        return self.rows.get((key, receiver))

    def put(self, told: Told, message: Message) -> None:
        assert told.key in self.held
        self.rows[told.key, told.receiver] = told
        if self._book is not None:
            self._book.settled[told.key] = told


class Killed(BaseException):
    """The process dies here; nothing that it would have done happens."""


class FakeTransport:
    """A receiver that shows what it got; dies where `dies` says, by name of the stage, once each."""

    receiver = "fake"

    def __init__(self) -> None:
        self.shown: dict[str, Message] = {}
        self.posts = 0
        self.edits = 0
        self.dies: list[str] = []
        self.fails: list[Exception] = []

    def post(self, channel: str, message: Message) -> Address:
        self._perhaps("before post")
        self.posts += 1
        ts = f"{self.posts}.000"
        self.shown[ts] = message
        self._perhaps("after post")
        return Address(channel, ts)

    def update(self, address: Address, message: Message) -> bool:
        self._perhaps("before update")
        if address.ts not in self.shown:
            return False
        self.edits += 1
        self.shown[address.ts] = message
        self._perhaps("after update")
        return True

    def find(self, channel: str, key: str, since: datetime) -> Address | None:
        return next((Address(channel, ts) for ts, message in self.shown.items() if message.key == key), None)

    def _perhaps(self, stage: str) -> None:
        if self.fails:
            raise self.fails.pop(0)
        if stage in self.dies:
            self.dies.remove(stage)
            raise Killed(stage)

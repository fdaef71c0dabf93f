"""Enters: the incidents that were planted and the alerts that fired. Leaves: which found which, how late, and the rest.

Only the demo, its tests and the benchmarks read this: the product knows of no planted incident.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import psycopg

from demo.world import Incident

CATEGORY = {
    "correctness": "quality",
    "faithfulness": "quality",
    "professionalism": "quality",
    "spend": "cost",
    "quarantine_rate": "data",
    "volume": "data",
}
"""What an incident harms -> the category of the alerts that it explains."""

OF_THE_MONTH = ("budget-forecast", "budget-80", "budget-spent")
"""Alerts that an incident may cause and that find none: they tell of a month, and last until its end."""

MEMORY = timedelta(hours=6)
"""Evidence reaches back: an alert that starts this long after an incident may still speak of it."""


@dataclass(frozen=True, slots=True)
class Fired:
    """One alert that fired, as the store has it."""

    alertname: str
    project: str
    category: str
    starts_at: datetime
    fired_at: datetime
    ends_at: datetime | None
    window: timedelta
    """Length of the windows it was evaluated in: an hour, or a day in the history."""


@dataclass(frozen=True, slots=True)
class Finding:
    """An incident with the alerts that speak of it, the first to fire first; none if it was missed."""

    incident: Incident
    alerts: tuple[Fired, ...]

    @property
    def windows_late(self) -> int | None:
        """How many windows passed before the first alert fired: 0 if it fired at the end of the incident's first."""
        if not self.alerts:
            return None
        first = self.alerts[0]
        return max(0, -((self.incident.starts_at + first.window - first.fired_at) // first.window))

    @property
    def resolved(self) -> bool:
        """Whether everything that spoke of it is over."""
        return bool(self.alerts) and all(alert.ends_at for alert in self.alerts)


def explains(incident: Incident, alert: Fired) -> bool:
    """Whether the alert is due to the incident: what is harmed, or anything that drifts with it; where, and when."""
    overlaps = alert.starts_at < incident.ends_at + MEMORY and alert.fired_at > incident.starts_at
    same_kind = alert.category in (CATEGORY[incident.what], "drift")
    return same_kind and incident.project in (None, alert.project) and overlaps


def finds(incident: Incident, alert: Fired) -> bool:
    """Whether the alert also speaks of what is harmed: drift says that of answers only."""
    harmed = CATEGORY[incident.what]
    return (
        alert.alertname not in OF_THE_MONTH
        and explains(incident, alert)
        and (alert.category == harmed or harmed == "quality")
    )


def match(incidents: Sequence[Incident], alerts: Sequence[Fired]) -> tuple[list[Finding], list[Fired]]:
    """Every incident with its alerts, and the alerts that no incident explains: the false ones."""
    ordered = sorted(alerts, key=lambda alert: alert.fired_at)
    findings = [Finding(one, tuple(alert for alert in ordered if finds(one, alert))) for one in incidents]
    return findings, [alert for alert in ordered if not any(explains(one, alert) for one in incidents)]


def fired(store: psycopg.Connection) -> list[Fired]:
    """Every alert of the store that ever fired."""
    rows = store.execute(
        """SELECT labels->>'alertname', labels->>'project', labels->>'category', starts_at, fired_at, ends_at,
                  (SELECT min(window_end - window_start) FROM assay.rule_results r
                   WHERE r.fingerprint = a.fingerprint AND r.window_end = a.fired_at)
           FROM assay.alerts a WHERE fired_at IS NOT NULL ORDER BY fired_at, 1, 2"""
    ).fetchall()
    return [Fired(*row) for row in rows]

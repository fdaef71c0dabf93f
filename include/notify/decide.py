"""What an incident is and what was told of it go in; why it should be told now, or that it should not, comes out."""

from __future__ import annotations

from datetime import datetime, timedelta

from include.domain.alert import Incident, NotifyReason, Told


def decide(
    incident: Incident, told: Told | None, digest: str, repeat_interval: timedelta, now: datetime
) -> NotifyReason:
    """Why to tell the incident now; `NONE` where nobody would learn anything.

    `digest` is that of the message as it would stand. An incident that came and went before anybody was told is
    told once: users met it. What was intended and never confirmed is told again for the reason that it had.
    """
    if told is None or told.address is None:
        return NotifyReason.FIRST
    if told.confirmed and told.digest == digest:
        return NotifyReason.NONE
    firing = {alert.episode for alert in incident.alerts if alert.is_firing}
    resolved = {alert.episode for alert in incident.alerts} - firing
    if firing - told.firing:
        return NotifyReason.NEW_ALERTS
    if incident.is_resolved and any(alert.episode in told.firing for alert in incident.own):
        return NotifyReason.ALL_RESOLVED
    if resolved - told.resolved:
        return NotifyReason.SOME_RESOLVED
    if not told.confirmed:
        return told.reason
    return NotifyReason.REPEAT if now - told.updated_at >= repeat_interval else NotifyReason.NONE

"""What an incident is and what was told of it go in; why it should be told now, or that it should not, comes out."""

from __future__ import annotations

from datetime import datetime, timedelta

from include.domain.alert import Incident, NotifyReason, Told


def decide(
    incident: Incident, told: Told | None, digest: str, repeat_interval: timedelta, now: datetime
) -> NotifyReason:
    """Why to tell the incident now; `NONE` where nobody would learn anything.

    `digest` is that of the message as it would stand. An incident that came and went before anybody was told is
    told once: users met it. What was intended and never confirmed is told again for the reason that it had. A muted
    alert is no news, neither its start nor its end, but while it fires the incident is not over. What people decide,
    to look after it or to mute it, is shown at once; figures of an incident that somebody looks after are not news.
    """
    if told is None or told.address is None:
        may_stand = told is not None and not told.confirmed
        return NotifyReason.FIRST if may_stand or _is_heard(incident) else NotifyReason.NONE
    if told.confirmed and told.digest == digest:
        return NotifyReason.NONE
    firing, resolved = named(incident)
    if firing - told.firing:
        return NotifyReason.NEW_ALERTS
    if incident.is_resolved and not told.closed:
        return NotifyReason.ALL_RESOLVED
    if resolved - told.resolved:
        return NotifyReason.SOME_RESOLVED
    if not told.confirmed:
        return told.reason
    return _refreshed(incident, told, repeat_interval, now)


def named(incident: Incident) -> tuple[frozenset[str], frozenset[str]]:
    """The episodes that a message names as firing and as resolved: what is muted is neither."""
    heard = [alert for alert in incident.alerts if alert.episode not in incident.muted]
    firing = frozenset(alert.episode for alert in heard if alert.is_firing)
    return firing, frozenset(alert.episode for alert in heard) - firing


def _is_heard(incident: Incident) -> bool:
    return any(alert.episode not in incident.muted for alert in incident.own)


def _refreshed(incident: Incident, told: Told, repeat_interval: timedelta, now: datetime) -> NotifyReason:
    """Nothing began or ended, but the message would say something else; an alert may have left for another incident."""
    if incident.standing != told.standing or named(incident) != (told.firing, told.resolved):
        return NotifyReason.REPEAT
    age = now - told.updated_at  # below 0 where the clock was set back, which must not keep anything from being told
    if incident.acknowledged or timedelta(0) <= age < repeat_interval:
        return NotifyReason.NONE
    return NotifyReason.REPEAT

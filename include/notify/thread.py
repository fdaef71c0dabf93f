"""An incident goes in, the history of it comes out as replies in its message's thread, each told once.

The message itself shows the present; what led there stands below it. The intent is on record before a reply is sent
and completed after: a process that dies between the two leaves an intent, and the next one looks the reply up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from include.domain.alert import Alert, Incident, Verdict
from include.domain.message import Address
from include.domain.ports import AlertBook, NotificationLog, ThreadedTransport, ThreadLog
from include.errors import ChannelMisconfigured
from include.notify.figures import clock, duration
from include.notify.messages import leading_alert, measured, what
from include.notify.silences import Mutes

WORTH_SAYING = 4
"""After so many breached windows, and whenever their number has doubled, the thread says how things stand."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to an incident; `name` is unique in it and stays the same."""

    name: str
    at: datetime
    text: str


def history(incident: Incident, verdicts: Sequence[Verdict] = ()) -> list[Event]:
    """What happened, in order. What the message said from the start is not said again below it."""
    events = [*_joined(incident), *_ended(incident), *_evidence(incident), *_said(incident, verdicts)]
    if incident.is_resolved and incident.ends_at is not None:
        lasted = f"Resolved after {duration(incident.duration)}: good since {clock(incident.ends_at)} UTC."
        events.append(Event(f"resolved {incident.ends_at.isoformat()}", incident.updated_at, lasted))
    return sorted(events, key=lambda event: (event.at, event.name))


def follow_up(
    book: AlertBook,
    log: NotificationLog,
    threads: ThreadLog,
    transport: ThreadedTransport,
    *,
    verdicts: Callable[[str], Sequence[Verdict]],
    mutes: Mutes,
    now: datetime,
    keys: Sequence[str] = (),
) -> int:
    """Bring the threads of messages that changed, and of `keys`, up to date; returns how many replies were sent.

    Raises `ChannelMisconfigured`, after the other threads were brought up to date, or at once `NotifyError`; what was
    not said stays due.
    """
    sent = 0
    refusal: ChannelMisconfigured | None = None
    for key in dict.fromkeys([*threads.due(transport.receiver), *keys]):
        with log.hold(key):
            told = log.get(key, transport.receiver)
            if told is None or told.address is None or not told.confirmed:
                continue
            try:
                events = history(mutes.apply(book.incident(key), told, now), verdicts(key))
            except KeyError:  # a message that is no incident has no history
                events = []
            try:
                sent += _say(events, key, told.address, threads, transport, now)
            except ChannelMisconfigured as error:
                refusal = refusal or ChannelMisconfigured(f"thread of {key}: {error}")
            else:
                threads.caught_up(key, transport.receiver, told.digest)
    if refusal is not None:
        raise refusal
    return sent


def _say(
    events: Sequence[Event],
    key: str,
    address: Address,
    threads: ThreadLog,
    transport: ThreadedTransport,
    now: datetime,
) -> int:
    said = threads.told(key, transport.receiver)
    sent = 0
    for event in events:
        if said.get(event.name):
            continue
        is_new = event.name not in said
        if is_new:
            threads.intend(key, transport.receiver, event.name, event.text, now)
        if is_new or not transport.has_reply(address, event.name):
            sent += transport.reply(address, event.name, f"{clock(event.at)} UTC: {event.text}")
        threads.confirm(key, transport.receiver, event.name)
    return sent


def _joined(incident: Incident) -> Iterator[Event]:
    first = min((alert.fired_at for alert in incident.own if alert.fired_at), default=None)
    for alert in incident.own:
        if alert.fired_at is not None and alert.fired_at != first:
            yield Event(f"fired {alert.episode}", alert.fired_at, f"Also: {_named(alert)}, {measured(alert)}.")


def _ended(incident: Incident) -> Iterator[Event]:
    """What ended before the incident did."""
    for alert in incident.own:
        if alert.ends_at is not None and alert.ends_at != incident.ends_at:
            lasted = duration(alert.ends_at - alert.starts_at)
            yield Event(f"ended {alert.episode}", alert.updated_at, f"Over: {_named(alert)}, after {lasted}.")


def _evidence(incident: Incident) -> Iterator[Event]:
    """How things stand, told less often the longer it lasts: after 4, 8, 16, … breached windows."""
    lead = leading_alert(incident)
    if incident.is_resolved or lead.breached < WORTH_SAYING:
        return
    doubled = lead.breached.bit_length()
    yield Event(f"evidence {lead.episode} {doubled}", lead.breached_at, f"Still so: {_named(lead)}, {measured(lead)}.")


def _said(incident: Incident, verdicts: Sequence[Verdict]) -> Iterator[Event]:
    if incident.acknowledged is not None:
        who, at = incident.acknowledged.who, incident.acknowledged.at
        yield Event(f"acknowledged {at.isoformat()}", at, f"Acknowledged by {who}.")
    for why in sorted(set(incident.muted.values())):
        yield Event(f"muted {why}", incident.updated_at, f"Muted: {why}.")
    for one in verdicts:
        opinion = "useful" if one.useful else "not useful"
        yield Event(f"verdict {one.who} {opinion}", one.at, f"{one.who} found this alert {opinion}.")


def _named(alert: Alert) -> str:
    project = alert.labels.get("project", "")
    return f"{alert.severity}, {what(alert)}, {project}" if project else f"{alert.severity}, {what(alert)}"

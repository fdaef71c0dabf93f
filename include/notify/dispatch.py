"""Incidents and messages go in; each is told once, edited in place as it changes, and what was told is on record.

The stages, in order: inhibit -> mute by time -> silence -> group -> dedup -> render -> send -> log. What explains what
and what is one incident is a matter of windows, and settled when a window is taken into account (`incidents.place`);
the rest is a matter of the moment, and `_Round` is where it is put together.

The intent is on record before anything is sent, and completed with the message's address after. A process that dies
between the two leaves an intent without an address: the next one looks the message up before it sends it again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from include.domain.alert import Incident, NotifyReason, Told
from include.domain.message import Address, Message
from include.domain.ports import AlertBook, NotificationLog, Transport
from include.errors import ChannelMisconfigured, NotifyError
from include.notify.decide import decide, named
from include.notify.messages import ALERTS_ALONE, Background, incident_message
from include.notify.routes import Routes
from include.notify.silences import Mutes

DEFAULT_CHANNEL = ""
"""The transport's own: that of the Slack connection."""


@dataclass(frozen=True, slots=True)
class Notice:
    """What became of one message: why it was told and where it stands, or what kept it from being told."""

    key: str
    title: str
    reason: NotifyReason
    address: Address | None
    failure: NotifyError | None = None


def notify(
    book: AlertBook,
    log: NotificationLog,
    transport: Transport,
    routes: Routes,
    *,
    ui_url: str,
    now: datetime,
    mutes: Mutes = Mutes(),  # noqa: B008  frozen
    background: Background = ALERTS_ALONE,
    only: str | None = None,
) -> list[Notice]:
    """Tell of every live incident that has news, or `only` of that one; returns what was told, the oldest first.

    `ui_url` is where a person reaches Airflow, `now` the time of sending. A route that is misconfigured does not
    keep the others; a receiver that does not answer ends the round. What was not told stays due for the next call.
    Raises `ChannelMisconfigured` or `NotifyError`, one line, after everything that could be told was told.
    """
    this_round = _Round(book, log, transport, routes, mutes, background, ui_url, now)
    notices: list[Notice] = []
    for incident_id in book.unsettled(transport.receiver):
        if only is not None and incident_id != only:
            continue
        with log.hold(incident_id):
            notice = this_round.bring_up_to_date(incident_id)
        if notice is not None:
            notices.append(notice)
            if notice.failure and not isinstance(notice.failure, ChannelMisconfigured):
                break
    _raise_failures(notices)
    return notices


@dataclass(frozen=True, slots=True)
class _Round:
    """What one round of telling goes by; see `notify`."""

    book: AlertBook
    log: NotificationLog
    transport: Transport
    routes: Routes
    mutes: Mutes
    background: Background
    ui_url: str
    now: datetime

    def bring_up_to_date(self, incident_id: str) -> Notice | None:
        """One incident through the stages; None where there is nothing to tell. The incident's key is held."""
        told = self.log.get(incident_id, self.transport.receiver)
        incident = self.mutes.apply(self.book.incident(incident_id), told, self.now)
        route = self.routes.decide(incident.alerts[0].labels)
        message = incident_message(incident, self.ui_url, self.background)
        reason = decide(incident, told, message.digest, route.repeat_interval, self.now)
        channel = route.channel or DEFAULT_CHANNEL
        intent = _naming(_intent(message, channel, reason, told, self.transport.receiver, self.now), incident)
        is_quiet = reason is NotifyReason.NONE or incident.severity.rank > route.min_severity.rank
        may_stand = told is not None and not told.confirmed
        if intent.address is None and not may_stand and (is_quiet or route.digest == "daily"):
            self.log.put(replace(intent, reason=NotifyReason.NONE, confirmed=True), message)
            return None
        if reason is NotifyReason.NONE:
            return None
        return _send(intent, message, self.log, self.transport, f"route {route.name}")


def tell(
    message: Message,
    log: NotificationLog,
    transport: Transport,
    *,
    channel: str = DEFAULT_CHANNEL,
    now: datetime,
    edits_only: bool = False,
) -> Notice:
    """Tell a message that is no incident, such as a cost summary; under a key that was told before, edit that.

    With `edits_only` nothing is told under a key that was not.
    Raises `ChannelMisconfigured` or `NotifyError`, one line, where it could not be delivered.
    """
    with log.hold(message.key):
        told = log.get(message.key, transport.receiver)
        if told is not None and told.confirmed and told.digest == message.digest:
            return Notice(message.key, message.title, NotifyReason.NONE, told.address)
        if edits_only and (told is None or told.address is None):
            return Notice(message.key, message.title, NotifyReason.NONE, None)
        reason = NotifyReason.FIRST if told is None or told.address is None else NotifyReason.REPEAT
        intent = _intent(message, channel, reason, told, transport.receiver, now)
        notice = _send(intent, message, log, transport, f"message {message.key}")
    _raise_failures([notice])
    return notice


def withhold(message: Message, log: NotificationLog, receiver: str, why: str, *, channel: str, now: datetime) -> None:
    """Put on record that a message is not told, or not yet, and why; one that was told stays as it stands."""
    with log.hold(message.key):
        told = log.get(message.key, receiver)
        if told is None or told.address is None:
            intent = _intent(message, channel, NotifyReason.NONE, told, receiver, now)
            log.put(replace(intent, digest="", confirmed=True, error=why), message)  # told later, it is news


def _intent(
    message: Message, channel: str, reason: NotifyReason, told: Told | None, receiver: str, now: datetime
) -> Told:
    """What is put on record before sending. A message that was told stays in its channel, whatever routes say now."""
    return Told(
        key=message.key,
        receiver=receiver,
        channel=told.channel if told else channel,
        digest=message.digest,
        reason=reason,
        confirmed=False,
        address=told.address if told else None,
        first_intended_at=told.first_intended_at if told else now,
        updated_at=now,
        closed=message.resolved,
    )


def _naming(intent: Told, incident: Incident) -> Told:
    firing, resolved = named(incident)
    muted = frozenset(incident.muted)
    return replace(intent, firing=firing, resolved=resolved, muted=muted, standing=incident.standing)


def _send(intent: Told, message: Message, log: NotificationLog, transport: Transport, whose: str) -> Notice:
    was_tried = log.get(intent.key, intent.receiver) is not None
    log.put(intent, message)
    try:
        address = _deliver(intent, message, transport, was_tried=was_tried)
    except NotifyError as error:
        failure = type(error)(f"{whose}: {error}")
        log.put(replace(intent, error=str(failure)), message)
        return Notice(message.key, message.title, intent.reason, intent.address, failure)
    stands = replace(address, detour="")
    log.put(replace(intent, confirmed=True, address=stands, error=address.detour or None), message)
    detour = ChannelMisconfigured(f"{whose}: {address.detour}") if address.detour else None
    return Notice(message.key, message.title, intent.reason, address, detour)


def _deliver(intent: Told, message: Message, transport: Transport, *, was_tried: bool) -> Address:
    address = intent.address
    if address is None and was_tried:
        address = transport.find(intent.channel, message.key, intent.first_intended_at)
    if address is not None and transport.update(address, message):
        return address
    return transport.post(intent.channel, message)


def _raise_failures(notices: Sequence[Notice]) -> None:
    failures = [notice.failure for notice in notices if notice.failure]
    if failures:
        first = min(failures, key=lambda failure: not isinstance(failure, ChannelMisconfigured))
        raise type(first)(f"{len(failures)} of {len(notices)} messages not delivered as routed; {first}")

"""Incidents and messages go in; each is told once, edited in place as it changes, and what was told is on record.

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
from include.notify.decide import decide
from include.notify.messages import incident_message
from include.notify.routes import Routes

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
    book: AlertBook, log: NotificationLog, transport: Transport, routes: Routes, *, ui_url: str, now: datetime
) -> list[Notice]:
    """Tell of every live incident that has news; returns what was told, the oldest incident first.

    `ui_url` is where a person reaches Airflow, `now` the time of sending. A route that is misconfigured does not
    keep the others; a receiver that does not answer ends the round. What was not told stays due for the next call.
    Raises `ChannelMisconfigured` or `NotifyError`, one line, after everything that could be told was told.
    """
    notices: list[Notice] = []
    for incident_id in book.unsettled(transport.receiver):
        with log.hold(incident_id):
            incident = book.incident(incident_id)
            route = routes.decide(incident.alerts[0].labels)
            message = incident_message(incident, ui_url)
            told = log.get(incident_id, transport.receiver)
            reason = decide(incident, told, message.digest, route.repeat_interval, now)
            if reason is NotifyReason.NONE:
                continue
            channel = route.channel or DEFAULT_CHANNEL
            intent = _naming(_intent(message, channel, reason, told, transport.receiver, now), incident)
            if intent.address is None and incident.severity.rank > route.min_severity.rank:
                log.put(replace(intent, reason=NotifyReason.NONE, confirmed=True), message)
                continue
            notices.append(_send(intent, message, log, transport, f"route {route.name}"))
        if notices[-1].failure and not isinstance(notices[-1].failure, ChannelMisconfigured):
            break
    _raise_failures(notices)
    return notices


def tell(
    message: Message, log: NotificationLog, transport: Transport, *, channel: str = DEFAULT_CHANNEL, now: datetime
) -> Notice:
    """Tell a message that is no incident, such as a cost summary; under a key that was told before, edit that.

    Raises `ChannelMisconfigured` or `NotifyError`, one line, where it could not be delivered.
    """
    with log.hold(message.key):
        told = log.get(message.key, transport.receiver)
        if told is not None and told.confirmed and told.digest == message.digest:
            return Notice(message.key, message.title, NotifyReason.NONE, told.address)
        reason = NotifyReason.FIRST if told is None or told.address is None else NotifyReason.REPEAT
        intent = _intent(message, channel, reason, told, transport.receiver, now)
        notice = _send(intent, message, log, transport, f"message {message.key}")
    _raise_failures([notice])
    return notice


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
    )


def _naming(intent: Told, incident: Incident) -> Told:
    firing = frozenset(alert.episode for alert in incident.alerts if alert.is_firing)
    return replace(intent, firing=firing, resolved=frozenset(a.episode for a in incident.alerts) - firing)


def _send(intent: Told, message: Message, log: NotificationLog, transport: Transport, whose: str) -> Notice:
    was_tried = log.get(intent.key, intent.receiver) is not None
    log.put(intent, message)
    try:
        address = _deliver(intent, message, transport, was_tried=was_tried)
    except NotifyError as error:
        failure = type(error)(f"{whose}: {error}")
        log.put(replace(intent, error=str(failure)), message)
        return Notice(message.key, message.title, intent.reason, intent.address, failure)
    log.put(replace(intent, confirmed=True, address=address), message)
    return Notice(message.key, message.title, intent.reason, address)


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
        raise type(first)(f"{len(failures)} of {len(notices)} messages not delivered; {first}")

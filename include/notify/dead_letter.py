"""Incidents that the receiver could not be told of for too long go in; each is told once by another way."""

from __future__ import annotations

from datetime import datetime

from include.domain.ports import AlertBook, NotificationLog, Transport
from include.notify.decide import named
from include.notify.dispatch import Notice, tell
from include.notify.messages import ALERTS_ALONE, Background, incident_message
from include.notify.routes import Routes
from include.notify.silences import Mutes


def rescue(
    book: AlertBook,
    log: NotificationLog,
    receiver: str,
    other: Transport,
    routes: Routes,
    *,
    mutes: Mutes,
    ui_url: str,
    now: datetime,
    background: Background = ALERTS_ALONE,
) -> list[Notice]:
    """Tell `routes.dead_letter`, through `other`, what stands nowhere since `receiver` does not answer.

    The first try that failed says since when it does not. What stands with the receiver already is not told again;
    it is brought up to date when the receiver answers. Raises `ChannelMisconfigured` or `NotifyError`, one line.
    """
    if routes.dead_letter is None:
        return []
    waiting = {key: log.get(key, receiver) for key in book.unsettled(receiver)}
    tries = [told.first_intended_at for told in waiting.values() if told and told.error and told.address is None]
    if not tries or now - min(tries) < routes.dead_letter_after:
        return []
    notices = []
    for key, told in waiting.items():
        if told is not None and (told.address is not None or told.confirmed):
            continue
        incident = mutes.apply(book.incident(key), told, now)
        route = routes.decide(incident.alerts[0].labels)
        is_told = any(named(incident)) and incident.severity.rank <= route.min_severity.rank
        if is_told and route.digest != "daily":
            message = incident_message(incident, ui_url, background)
            notices.append(tell(message, log, other, channel=routes.dead_letter, now=now))
    return notices

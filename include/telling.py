"""Settings go in; incidents, their threads and summaries are told through whatever connections there are.

It puts the receivers together and keeps the order: the messages, then what their threads say, then by another way
what could not be told. The log of what was told makes each step safe to do again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from include import settings as configuration
from include.adapters.email import EmailTransport, MailServer
from include.adapters.outbox import OutboxTransport
from include.adapters.postgres.alerts import Alerts
from include.adapters.postgres.incident_facts import IncidentFacts
from include.adapters.postgres.notification_log import NotificationLog
from include.adapters.postgres.thread_log import PostgresThreadLog
from include.adapters.postgres.week import WeekOfStore
from include.adapters.slack import SlackTransport
from include.adapters.slack_calls import SlackCalls
from include.adapters.switchboard import Switchboard
from include.adapters.webhook import Endpoint, WebhookTransport
from include.adapters.yaml_file import load
from include.assembly import mutes, now, open_store
from include.background import background
from include.domain.alert import NotifyReason
from include.domain.interaction import Window
from include.domain.message import Message
from include.domain.ports import ThreadedTransport
from include.errors import ChannelMisconfigured, NotifyError
from include.judges.judging import JudgingFile
from include.notify import dispatch
from include.notify.blocks import Look, render_blocks, render_reply
from include.notify.dead_letter import rescue
from include.notify.digest import digests
from include.notify.letter import letter_page, letter_text
from include.notify.picture import draw
from include.notify.preview import render_preview
from include.notify.routes import Routes
from include.notify.thread import follow_up
from include.settings import MailSettings, Settings, SlackSettings

DEAD_LETTERS = "dead letters"
"""The receiver's name in the log of what was told by another way."""


def tell_incidents(settings: Settings, only: str | None = None) -> list[str]:
    """Bring every incident's message and thread up to date, or `only` that one's; a line for each that was told.

    Raises `ChannelMisconfigured` or `NotifyError`, one line, after everything that could be told was told.
    """
    routes, at, url = load(settings.routes, Routes), now(), settings.ui_url
    transport = _switchboard(settings, routes)
    notices: list[dispatch.Notice] = []
    failure: NotifyError | None = None
    with open_store(settings) as store:
        book, log, facts = Alerts(store), NotificationLog(store), IncidentFacts(store)
        muted, known = mutes(settings, store), background(facts, load(settings.judging, JudgingFile))
        try:
            notices = dispatch.notify(
                book, log, transport, routes, ui_url=url, now=at, mutes=muted, background=known, only=only
            )
        except NotifyError as error:
            failure = error
        if failure is None or isinstance(failure, ChannelMisconfigured):
            keys = [only] if only else []
            threads = PostgresThreadLog(store)
            follow_up(book, log, threads, transport, verdicts=facts.verdicts, mutes=muted, now=at, keys=keys)
        else:
            other = Switchboard(_receivers(settings, routes), receiver=DEAD_LETTERS)
            name = transport.receiver
            rescue(book, log, name, other, routes, mutes=muted, ui_url=url, now=at, background=known)
    if failure is not None:
        raise failure
    return [f"{notice.reason}: {notice.title}" for notice in notices]


def tell_digests(settings: Settings, day: Window) -> list[str]:
    """The summary of the day's incidents for each owner whom routes want told once a day; a line for each."""
    routes = load(settings.routes, Routes)
    if not routes.has_digests:
        return []
    transport = _switchboard(settings, routes)
    with open_store(settings) as store:
        incidents = [incident for incident, _ in WeekOfStore(store).incidents(day)]
        summaries = digests(incidents, routes, day.start.date(), settings.ui_url)
        notices = [
            dispatch.tell(message, NotificationLog(store), transport, channel=channel or "", now=now())
            for channel, message in summaries
        ]
    return [f"{notice.reason}: {notice.title}" for notice in notices]


def tell_messages(
    settings: Settings, messages: Sequence[tuple[str | None, Message]], *, edits_only: bool = False
) -> list[str]:
    """Messages that are no incidents, each to its channel (None: the default); a line that says what became of each.

    With `edits_only` those that were told before are brought up to date, no other is told, and a line is of an edit.
    """
    transport = _switchboard(settings, load(settings.routes, Routes))
    with open_store(settings) as store:
        notices = [
            dispatch.tell(
                message,
                NotificationLog(store),
                transport,
                channel=channel or "",
                now=now(),
                edits_only=edits_only,
            )
            for channel, message in messages
        ]
    return [
        f"{notice.reason}: {notice.title}"
        for notice in notices
        if not edits_only or notice.reason is not NotifyReason.NONE
    ]


def withhold_message(settings: Settings, channel: str | None, message: Message, why: str) -> None:
    """Put on record that a message is not told, or not yet, and why."""
    receiver = _switchboard(settings, load(settings.routes, Routes)).receiver
    with open_store(settings) as store:
        dispatch.withhold(message, NotificationLog(store), receiver, why, channel=channel or "", now=now())


def channels_of_costs(settings: Settings) -> Callable[[str], str | None]:
    """Where routes want told what a project spends; "" is all projects together."""
    routes = load(settings.routes, Routes)

    def channel_of(project: str) -> str | None:
        labels = {"alertname": "cost-summary", "category": "cost", "severity": "info"}
        return routes.decide({**labels, "project": project} if project else labels).channel

    return channel_of


def _switchboard(settings: Settings, routes: Routes) -> Switchboard:
    return Switchboard(_receivers(settings, routes), routes.fallback)


def _receivers(settings: Settings, routes: Routes) -> dict[str, ThreadedTransport]:
    """By the word before the colon of a channel; "" is Slack where there is a connection to it, else the outbox."""
    return {
        "": _slack(settings.slack, routes) if settings.slack else _outbox(settings, routes),
        "email": EmailTransport(_mail_server(settings.mail), letter_page, letter_text, draw),
        "webhook": WebhookTransport(_endpoint),
    }


def _slack(slack: SlackSettings, routes: Routes) -> SlackTransport:
    calls = SlackCalls(slack.token.get_secret_value(), base_url=slack.base_url, patience_s=slack.patience_s)
    render = partial(render_blocks, look=Look(routes.owners, buttons=slack.has_buttons))
    return SlackTransport(calls, slack.channel, render, render_reply, draw)


def _outbox(settings: Settings, routes: Routes) -> OutboxTransport:
    render = partial(render_blocks, look=Look(routes.owners, buttons=True))
    return OutboxTransport(settings.home / "outbox", render, render_preview, render_reply, draw)


def _mail_server(mail: MailSettings | None) -> MailServer | None:
    if mail is None:
        return None
    sender = mail.from_email or mail.user
    return MailServer(mail.host, mail.port, sender, mail.user, mail.password.get_secret_value(), mail.security)


def _endpoint(name: str) -> Endpoint | None:
    found = configuration.webhook_named(name)
    return None if found is None else Endpoint(found.url, found.secret.get_secret_value())

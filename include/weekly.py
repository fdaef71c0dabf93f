"""The tasks of `report_weekly`: the week is written as one file with what stands beside it, then its summary is told.

What a person says to it in between, where that is asked for, decides whether it is told. Each task may run again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import psycopg

from include import drift_pages
from include import settings as configuration
from include.adapters.postgres.reports import Reports
from include.adapters.postgres.runs import Runs
from include.adapters.postgres.segments import Segments
from include.adapters.postgres.week import WeekOfStore
from include.adapters.yaml_file import load
from include.assembly import now, open_store
from include.domain.interaction import Window
from include.domain.message import Message
from include.domain.report import Attachment
from include.errors import NotifyError
from include.judges.judging import JudgingFile
from include.monitors.drift import drift_html
from include.monitors.evaluate import Settled, drift_samples
from include.monitors.rules import DriftRule, Rules
from include.notify.messages import quality_page
from include.notify.routes import Routes
from include.paragraph import paragraph_of
from include.reports import library
from include.reports.publish import FOLDER, publish
from include.reports.summary import summary
from include.reports.weekly import collect
from include.settings import Settings
from include.telling import tell_messages, withhold_message
from include.week_examples import hidden
from include.week_money import good_from, money_of

SEND, REFUSE = "Send", "Do not send"
"""What a person may answer who is asked for approval."""
LABELS = {"alertname": "weekly-report", "category": "report", "severity": "info"}
"""By which routes decide where the summary goes."""


def write_report(start: datetime, end: datetime, *, awaits_approval: bool = False) -> str:
    """Write the report on `[start, end)`, with Evidently's own pages beside it; returns its id."""
    settings = configuration.from_airflow()
    week = Window(start, end)
    with open_store(settings) as store:
        attachments = _draw_drift(settings, store, week) + drift_pages.of_week(Reports(store), week)
        report = collect(
            week,
            WeekOfStore(store),
            hidden(load(settings.judging, JudgingFile)),
            attachments,
            money_of(week, store, settings),
            good_from(load(settings.rules, Rules)),
        )
    report = replace(report, paragraph=paragraph_of(report, settings))  # a model may take minutes: no transaction waits
    with open_store(settings) as store:
        report_id = publish(report, Reports(store), settings.home, now()).report_id
    if awaits_approval:
        _withhold(settings, report_id, "waits for approval")
    return report_id


def question(report_id: str, ui_url: str) -> str:
    """What a person is asked, in Markdown."""
    return f"[Read the report]({_page(report_id, ui_url)}) first. What is not approved in time is not sent."


def withheld(report_id: str, answer: Mapping[str, Any] | None) -> str:
    """Why a report is not sent, which is noted where reports are listed; "" where it is.

    `answer` is what Airflow's operator hands on of a person's, None where nobody was asked.
    """
    if answer is None or answer["chosen_options"] == [SEND]:
        return ""
    who = answer.get("responded_by_user")
    why = f"{who['name']} decided not to send it" if who else "nobody approved it in time"
    _withhold(configuration.from_airflow(), report_id, why)
    return why


def send_report(report_id: str) -> list[str]:
    """Tell the report's summary where routes say, and by e-mail to whom the settings name; a line for each.

    Told before, it is edited. Raises `NotifyError` after everything that could be told was told.
    """
    settings = configuration.from_airflow()
    lines, failures = list[str](), list[NotifyError]()
    for told in _summaries(settings, report_id):
        try:
            lines += tell_messages(settings, [told])
        except NotifyError as error:
            failures.append(error)
    if failures:
        raise failures[0]
    return lines


def _withhold(settings: Settings, report_id: str, why: str) -> None:
    channel, message = _summaries(settings, report_id)[0]
    withhold_message(settings, channel, message, why)


def _summaries(settings: Settings, report_id: str) -> list[tuple[str | None, Message]]:
    """Each with its channel, the one that routes decide on first."""
    with open_store(settings) as store:
        found = library.read(library.picture_name(report_id), report_id, Reports(store), settings.home)
    message = summary(found.report, found.content, _page(report_id, settings.ui_url))
    told: list[tuple[str | None, Message]] = [(load(settings.routes, Routes).decide(LABELS).channel, message)]
    if settings.report_email:
        channel = f"email:{settings.report_email}"
        told.append((channel, replace(message, key=f"{message.key} {channel}")))
    return told


def _page(report_id: str, ui_url: str) -> str:
    return quality_page(ui_url.rstrip("/"), f"reports/{report_id}/")


def _draw_drift(settings: Settings, store: psycopg.Connection, week: Window) -> list[Attachment]:
    """Evidently's page of every drift rule, drawn from the last settled run of the week."""
    last = Runs(store).last_settled(week)
    if last is None:
        return []
    seen = Settled(last.run.window, last.ledger, last.epochs, last.budgets)
    attachments = []
    for rule in load(settings.rules, Rules).rules:
        if not isinstance(rule, DriftRule):
            continue
        samples = drift_samples(rule, seen, Segments(store))
        if any(len(sample.now) and len(sample.past) for sample in samples):  # in a first week nothing can be compared
            name = f"{week.end:%Y-%m-%d}-{rule.name}-evidently.html"
            path = settings.home / FOLDER / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(drift_html(samples), encoding="utf-8")
            attachments.append(Attachment(f"Evidently: {rule.name}", name))
    return attachments

"""Watches Assay itself: what befalls its tasks goes in, alerts of the same kind as any other and heartbeats come out.

What happens here happens beside the work: nothing of it fails the task that it speaks of.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from urllib.parse import quote

import psycopg

from include import pipeline
from include import settings as configuration
from include.adapters.ping import ping
from include.adapters.postgres.alerts import Alerts
from include.adapters.postgres.heartbeats import Heartbeats
from include.adapters.yaml_file import load
from include.assembly import now, open_store
from include.domain.rule import RuleResult
from include.errors import AssayError
from include.notify import machinery
from include.notify.alerts import update_alerts
from include.notify.machinery import TaskEnd
from include.notify.routes import Routes
from include.settings import Settings

log = logging.getLogger(__name__)


def watch(end_date: datetime | None = None) -> list[str]:
    """Whether windows that are due were settled; returns a line for each message that was told.

    No window that starts after `end_date` is due.
    """
    settings = configuration.from_airflow()
    late_after = timedelta(minutes=settings.late_after_min)
    with open_store(settings) as store:
        found = [
            machinery.windows_late(source, until, length, late_after, now())
            for source, until, length in Heartbeats(store).settled_until()
            if end_date is None or until <= end_date
        ]
        _take_in(found, settings, store)
    return notify("watch_assay")


def notify(name: str) -> list[str]:
    """Bring every message up to date, then let the heart beat of the part of that name, here and outside."""
    told = pipeline.notify()
    settings = configuration.from_airflow()
    with open_store(settings) as store:
        Heartbeats(store).beat(name, now())
        if settings.heartbeat_url:
            store.commit()
            failure = ping(settings.heartbeat_url)
            Heartbeats(store).pinged(name, now(), failure)
            if failure:
                log.warning("the heartbeat's address did not answer: %s", failure)
    return told


def task_failed(end: TaskEnd) -> None:
    """A task failed for good: alert, and tell at once. Without a store there is only the log."""
    _aside(lambda settings, store: [machinery.task_failed(end, now())])


def run_failed(end: TaskEnd) -> None:
    """A run failed by a task; where nobody told of that, it was killed: alert. The next run of `watch_assay` tells."""

    def found(settings: Settings, store: psycopg.Connection) -> list[RuleResult]:
        result = machinery.task_failed(replace(end, cause="it was killed, or ended without a word"), now())
        newest = Alerts(store).latest([result.fingerprint]).get(result.fingerprint)
        return [] if newest is not None and newest.is_open else [result]

    _aside(found, tells=False)


def run_missed_deadline(dag_id: str, run_id: str, queued_at: datetime) -> None:
    """A run is not done by its deadline: alert, and tell at once."""

    def found(settings: Settings, store: psycopg.Connection) -> list[RuleResult]:
        url = f"{settings.ui_url.rstrip('/')}/dags/{dag_id}/runs/{quote(run_id)}"
        return [machinery.run_late(dag_id, run_id, queued_at, now(), url)]

    _aside(found)


def task_succeeded(end: TaskEnd, *, is_last: bool) -> None:
    """End the alert of an earlier failure, and with the last task of a run that of a deadline that it missed."""

    def found(settings: Settings, store: psycopg.Connection) -> list[RuleResult]:
        at = now()
        results = [machinery.task_failed(end, at)]
        if is_last:
            results.append(machinery.run_late(end.dag_id, end.run_id, end.started_at, at, ""))
        newest = Alerts(store).latest([one.fingerprint for one in results])
        open_ones = [(one, newest[one.fingerprint]) for one in results if one.fingerprint in newest]
        return [
            machinery.well_again(one, alert.annotations, at)
            for one, alert in open_ones
            if alert.is_open and machinery.ends(end, alert.annotations)
        ]

    _aside(found)


def _aside(find: Callable[[Settings, psycopg.Connection], list[RuleResult]], *, tells: bool = True) -> None:
    """Take in what is found and tell it; the log is all there is where that cannot be done."""
    try:
        settings = configuration.for_the_store()
        with open_store(settings) as store:
            changed = _take_in(find(settings, store), settings, store)
        for incident_id in changed if tells else ():
            pipeline.notify(incident_id)
    except AssayError as error:
        log.warning("no alert of this: %s", error)


def _take_in(results: Sequence[RuleResult], settings: Settings, store: psycopg.Connection) -> list[str]:
    """Move the alerts; returns the incidents that changed."""
    if not results:
        return []
    routes = load(settings.routes, Routes)
    changed = update_alerts(results, Alerts(store), routes, live=True)
    return sorted({alert.incident_id for alert in changed if alert.incident_id})

"""Processes that tell on-call are killed between any two stages: no message is lost, none stands twice."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import NoReturn

import pytest

from include.adapters.postgres import connect
from include.adapters.postgres.alerts import Alerts
from include.adapters.postgres.notification_log import NotificationLog
from include.adapters.slack import SlackTransport
from include.adapters.slack_calls import SlackCalls
from include.domain.alert import Told
from include.domain.message import Address, Message
from include.domain.rule import RuleResult
from include.notify.alerts import update_alerts
from include.notify.blocks import render_blocks
from include.notify.dispatch import notify
from tests.fakes.notify import ROUTES, result
from tests.fakes.slack_server import TOKEN, Clock, SlackServer, running

TIMES = 10
SLACKS_NOW = datetime.fromtimestamp(1_700_000_000, UTC)
"""When the fake Slack begins."""
STAGES = [
    "alerts moved, not committed",
    "alerts committed",
    "incident held",
    "decided",
    "intent on record",
    "sent, not on record",
    "on record, still held",
    "told",
]


class Dying:
    """Kills this process with SIGKILL at one stage."""

    def __init__(self, stage: str) -> None:
        self._stage = stage

    def at(self, stage: str) -> None:
        if stage == self._stage:
            os.kill(os.getpid(), signal.SIGKILL)


class DyingLog(NotificationLog):
    """Dies around the intent and the completion."""

    dying: Dying

    @contextmanager
    def hold(self, key: str) -> Iterator[None]:
        with super().hold(key):
            self.dying.at("incident held")
            yield
            self.dying.at("on record, still held")

    def put(self, told: Told, message: Message) -> None:
        if not told.confirmed:
            self.dying.at("decided")
        super().put(told, message)
        if not told.confirmed:
            self.dying.at("intent on record")


class DyingTransport(SlackTransport):
    """Dies when Slack has the message and before anybody notes it."""

    dying: Dying

    def post(self, channel: str, message: Message) -> Address:
        address = super().post(channel, message)
        self.dying.at("sent, not on record")
        return address

    def update(self, address: Address, message: Message) -> bool:
        stands = super().update(address, message)
        self.dying.at("sent, not on record")
        return stands


def watch(dsn: str, slack: SlackServer, results: list[RuleResult], dying: Dying) -> None:
    """What `watch_quality` does once results are there: alerts, then messages."""
    with connect(dsn) as connection:
        update_alerts(results, Alerts(connection), ROUTES, live=True)
        dying.at("alerts moved, not committed")
    dying.at("alerts committed")
    with connect(dsn) as connection:
        clock = Clock()
        calls = SlackCalls(TOKEN, base_url=slack.base_url, sleep=clock.sleep, clock=clock.now)
        log, transport = DyingLog(connection), DyingTransport(calls, "#quality", render_blocks)
        log.dying = transport.dying = dying
        notify(Alerts(connection), log, transport, ROUTES, ui_url="http://localhost:8080", now=SLACKS_NOW)
    dying.at("told")


def killed(dsn: str, slack: SlackServer, results: list[RuleResult], stage: str) -> None:
    """The same in a process of its own, which dies at that stage."""
    if child := os.fork():
        _, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status), f"nothing happens at the stage {stage!r}"
        assert os.WTERMSIG(status) == signal.SIGKILL
    else:
        in_child(dsn, slack, results, stage)


def in_child(dsn: str, slack: SlackServer, results: list[RuleResult], stage: str) -> NoReturn:
    try:
        watch(dsn, slack, results, Dying(stage))
    finally:
        os._exit(1)


@pytest.mark.parametrize("stage", STAGES)
def test_a_kill_at_any_stage_loses_no_message_and_doubles_none(store_dsn: str, stage: str) -> None:
    with running() as slack:
        for number in range(TIMES):
            for outcome, hour in (("Breached", 0), ("Ok", 1)):
                results = [result(outcome, hour, project=f"project-{number}")]
                killed(store_dsn, slack, results, stage)
                watch(store_dsn, slack, results, Dying("never"))
        shown = [message["metadata"]["event_payload"]["key"] for message in slack.messages()]
        assert sorted(shown) == sorted({f"2026-11-20T0000Z_project-{n}_production_quality" for n in range(TIMES)})
        titles = {message["blocks"][0]["text"]["text"].split(":")[0] for message in slack.messages()}
        assert titles == {"🟢 Resolved"}
    with connect(store_dsn) as connection:
        rows = connection.execute("SELECT status, count(*) FROM assay.notification_log GROUP BY 1").fetchall()
    assert rows == [("sent", TIMES)]

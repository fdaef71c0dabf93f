"""Processes that bring threads up to date are killed at every boundary: no reply is lost, none stands twice."""

from __future__ import annotations

import os
from datetime import datetime
from typing import NoReturn

import pytest

from include.adapters.postgres import connect
from include.adapters.postgres.alerts import Alerts
from include.adapters.postgres.notification_log import NotificationLog
from include.adapters.postgres.thread_log import PostgresThreadLog
from include.adapters.slack import SlackTransport
from include.adapters.slack_calls import SlackCalls
from include.domain.message import Address
from include.notify.alerts import update_alerts
from include.notify.blocks import render_blocks, render_reply
from include.notify.dispatch import notify
from include.notify.silences import Mutes
from include.notify.thread import follow_up
from tests.fakes.notify import ROUTES, result
from tests.fakes.slack_server import TOKEN, Clock, SlackServer, running
from tests.integration.notify.test_crashes import SLACKS_NOW, TIMES, Dying

STAGES = ["reply intended", "reply sent, not on record", "reply on record", "caught up"]


class DyingThreads(PostgresThreadLog):
    dying: Dying

    def intend(self, key: str, receiver: str, event: str, text: str, now: datetime) -> None:
        super().intend(key, receiver, event, text, now)
        self.dying.at("reply intended")

    def confirm(self, key: str, receiver: str, event: str) -> None:
        super().confirm(key, receiver, event)
        self.dying.at("reply on record")

    def caught_up(self, key: str, receiver: str, digest: str) -> None:
        super().caught_up(key, receiver, digest)
        self.dying.at("caught up")


class DyingTransport(SlackTransport):
    dying: Dying

    def reply(self, address: Address, event: str, text: str) -> bool:
        stands = super().reply(address, event, text)
        self.dying.at("reply sent, not on record")
        return stands


def bring_up_to_date(dsn: str, slack: SlackServer, dying: Dying) -> None:
    with connect(dsn) as connection:
        clock = Clock()
        calls = SlackCalls(TOKEN, base_url=slack.base_url, sleep=clock.sleep, clock=clock.now)
        book, log, threads = Alerts(connection), NotificationLog(connection), DyingThreads(connection)
        transport = DyingTransport(calls, "#quality", render_blocks, render_reply)
        threads.dying = transport.dying = dying
        notify(book, log, transport, ROUTES, ui_url="http://localhost:8080", now=SLACKS_NOW)
        follow_up(book, log, threads, transport, verdicts=lambda key: [], mutes=Mutes(), now=SLACKS_NOW)


def killed(dsn: str, slack: SlackServer, stage: str) -> None:
    if child := os.fork():
        _, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status), f"nothing happens at the stage {stage!r}"
    else:
        in_child(dsn, slack, stage)


def in_child(dsn: str, slack: SlackServer, stage: str) -> NoReturn:
    try:
        bring_up_to_date(dsn, slack, Dying(stage))
    finally:
        os._exit(1)


@pytest.mark.parametrize("stage", STAGES)
def test_a_kill_at_any_stage_loses_no_reply_and_doubles_none(store_dsn: str, stage: str) -> None:
    with running() as slack:
        for number in range(TIMES):
            for hour, outcome in enumerate(("Breached", "Ok")):
                with connect(store_dsn) as connection:
                    told = [result(outcome, hour, project=f"project-{number}")]
                    update_alerts(told, Alerts(connection), ROUTES, live=True)
                if outcome == "Ok":
                    killed(store_dsn, slack, stage)
                bring_up_to_date(store_dsn, slack, Dying("never"))
        heads = slack.messages()
        assert len(heads) == TIMES
        assert [len(slack.thread(head["ts"])) for head in heads] == [1] * TIMES
    with connect(store_dsn) as connection:
        assert connection.execute("SELECT count(*) FROM assay.thread_log WHERE NOT confirmed").fetchone() == (0,)

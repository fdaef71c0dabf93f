from __future__ import annotations

from include.adapters.postgres import connect
from include.adapters.postgres.alerts import Alerts
from include.adapters.postgres.notification_log import NotificationLog
from include.adapters.postgres.thread_log import PostgresThreadLog
from include.adapters.slack import SlackTransport
from include.adapters.slack_calls import SlackCalls
from include.domain.rule import RuleResult
from include.notify.alerts import update_alerts
from include.notify.blocks import render_blocks, render_reply
from include.notify.dispatch import notify
from include.notify.silences import Mutes
from include.notify.thread import follow_up
from tests.fakes.notify import MIDNIGHT, ROUTES, result
from tests.fakes.slack_server import TOKEN, Clock, running

UI = "http://localhost"


def storm(outcome: str, hour: int) -> list[RuleResult]:
    """500 alerts of 25 projects."""
    return [
        result(outcome, hour, alertname=f"rule-{number}", project=f"project-{project}", category=category)
        for project in range(25)
        for number, category in enumerate(["quality"] * 12 + ["data"] * 4 + ["cost"] * 4)
    ]


def test_a_storm_of_500_alerts_is_a_handful_of_messages_although_slack_limits_every_second_call(store_dsn: str) -> None:
    with running() as slack, connect(store_dsn) as connection:
        book, log, threads = Alerts(connection), NotificationLog(connection), PostgresThreadLog(connection)
        clock = Clock()
        calls = SlackCalls(TOKEN, base_url=slack.base_url, sleep=clock.sleep, clock=clock.now)
        transport = SlackTransport(calls, "#quality", render_blocks, render_reply)
        slack.limits_every_second_call = True
        slack.pace = clock.now

        assert len(update_alerts(storm("Breached", 0), book, ROUTES, live=True)) == 500
        told = notify(book, log, transport, ROUTES, ui_url=UI, now=MIDNIGHT)
        assert len(slack.messages()) == len(told) <= 5
        assert slack.asked["chat.postMessage"] == 2 * len(told)
        assert {alert.incident_id for alert in book.firing()} == {notice.key for notice in told}

        update_alerts(storm("Ok", 1), book, ROUTES, live=True)
        assert len(notify(book, log, transport, ROUTES, ui_url=UI, now=MIDNIGHT)) == len(told)
        follow_up(book, log, threads, transport, verdicts=lambda key: [], mutes=Mutes(), now=MIDNIGHT)
        heads = slack.messages()
        assert len(heads) == len(told)
        assert {head["edits"] for head in heads} == {1}
        assert [len(slack.thread(head["ts"])) for head in heads] == [1] * len(heads)
        assert slack.asked["too fast"] == 0
        assert clock.now() < 120

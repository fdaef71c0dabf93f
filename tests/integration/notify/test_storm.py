from __future__ import annotations

from include.adapters.postgres import connect
from include.adapters.postgres.alerts import Alerts
from include.adapters.postgres.notification_log import NotificationLog
from include.adapters.slack import SlackTransport
from include.notify.alerts import update_alerts
from include.notify.blocks import render_blocks
from include.notify.dispatch import notify
from tests.fakes.notify import MIDNIGHT, ROUTES, result
from tests.fakes.slack_server import TOKEN, running


def test_a_storm_of_500_alerts_is_a_handful_of_messages_although_slack_limits_every_second_call(store_dsn: str) -> None:
    results = [
        result("Breached", alertname=f"rule-{number}", project=f"project-{project}", category=category)
        for project in range(25)
        for number, category in enumerate(["quality"] * 12 + ["data"] * 4 + ["cost"] * 4)
    ]
    assert len(results) == 500
    with running() as slack, connect(store_dsn) as connection:
        book = Alerts(connection)
        update_alerts(results, book, ROUTES, live=True)
        transport = SlackTransport(
            TOKEN, "#quality", render_blocks, base_url=slack.base_url, sleep=lambda seconds: None, clock=lambda: 0.0
        )
        slack.limits_every_second_call = True
        told = notify(book, NotificationLog(connection), transport, ROUTES, ui_url="http://localhost", now=MIDNIGHT)
        assert len(slack.messages()) == len(told) <= 5
        assert slack.asked["chat.postMessage"] == 2 * len(told)
        assert {alert.incident_id for alert in book.firing()} == {notice.key for notice in told}

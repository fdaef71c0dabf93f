"""Incidents through the whole of telling, on a real store: Slack, buttons, threads, fallbacks and dead letters."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from include import oncall, pipeline
from include.adapters.postgres import connect
from include.adapters.postgres.alerts import Alerts
from include.adapters.postgres.incident_facts import IncidentFacts
from include.adapters.postgres.rule_results import RuleResults
from include.adapters.slack_inbound import Press
from include.domain.message import Verb
from include.domain.rule import RuleResult
from include.errors import ChannelMisconfigured, NotifyError
from include.notify.alerts import update_alerts
from include.slack_buttons import perform
from tests.fakes.installation import HOUR, NINE, RIGHT, WRONG, Installation, rows
from tests.fakes.mail_server import MailServer, mail_server
from tests.fakes.notify import ROUTES, result
from tests.fakes.slack_server import APP_TOKEN, TOKEN, Fault, SlackServer, running

ROUTES_YAML = """
route:
  name: everything
  group_by: [project, environment, category]
  min_severity: warning
  routes:
    - {name: lost, match: {project: bank}, channel: "#nowhere"}
fallback: ["#quality"]
dead_letter: email:oncall@example.com
owners: {ml-platform: S0123ABCD}
"""


@pytest.fixture
def slack(assay: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SlackServer]:
    routes = tmp_path / "routes.yaml"
    routes.write_text(ROUTES_YAML)
    monkeypatch.setenv("ASSAY_ROUTES", str(routes))
    with running() as server:
        extra = {"channel": "#quality", "base_url": server.base_url, "app_token": APP_TOKEN, "patience_s": 5}
        connection = {"conn_type": "generic", "password": TOKEN, "extra": extra}
        monkeypatch.setenv("AIRFLOW_CONN_ASSAY_SLACK", json.dumps(connection))
        yield server


@pytest.fixture
def mail(monkeypatch: pytest.MonkeyPatch) -> Iterator[MailServer]:
    with mail_server() as server:
        extra = {"from_email": "assay@example.com", "disable_ssl": True, "disable_tls": True}
        connection = {"conn_type": "smtp", "host": "127.0.0.1", "port": server.port, "extra": extra}
        monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", json.dumps(connection))
        yield server


def happen(assay: Installation, *results: RuleResult) -> None:
    with connect(assay.store) as store:
        update_alerts(results, Alerts(store), ROUTES, live=True)


def text(shown: dict[str, Any]) -> str:
    return json.dumps(shown["attachments"], ensure_ascii=False)


def test_one_incident_is_one_message_with_its_history_below_it(assay: Installation, slack: SlackServer) -> None:
    happen(assay, result("Breached", 9))
    assert pipeline.notify() == ["first: help-desk: faithfulness low"]
    happen(assay, result("Breached", 10), result("Breached", 10, alertname="composite_low"))
    pipeline.notify()
    happen(assay, result("Ok", 11), result("Ok", 11, alertname="composite_low"))
    pipeline.notify()
    assert pipeline.notify() == []
    (head,) = slack.messages()
    assert head["blocks"][0]["text"]["text"].startswith("🟢 Resolved")
    assert head["blocks"][1]["elements"][0]["text"] == "Owner: <!subteam^S0123ABCD>"
    assert [reply["text"] for reply in slack.thread(head["ts"])] == [
        "20 Nov 11:00 UTC: Also: critical, composite low, help-desk, 0.41 against 0.8.",
        "20 Nov 12:00 UTC: Resolved after 2 h: good since 20 Nov 11:00 UTC.",
    ]


def test_buttons_act_are_shown_in_the_head_and_said_in_the_thread(assay: Installation, slack: SlackServer) -> None:
    happen(assay, result("Breached", 9))
    pipeline.notify()
    (head,) = slack.messages()
    (buttons,) = (block for block in head["attachments"][0]["blocks"] if block["type"] == "actions")
    incident = buttons["elements"][0]["value"]

    for verb in (Verb.ACKNOWLEDGE, Verb.NOT_USEFUL, Verb.SNOOZE_HOUR):
        perform(Press(verb, incident, "alice"))
    (head,) = slack.messages()
    assert "*Acknowledged:* by alice" in text(head)
    assert "*Muted:* silenced until" in text(head)
    said = [reply["text"].split(": ", 1)[1] for reply in slack.thread(head["ts"])]
    assert said[:2] == ["Acknowledged by alice.", "alice found this alert not useful."]
    assert said[2].startswith("Muted: silenced until")
    assert len(said) == 3
    (rule,) = oncall.precision(NINE - timedelta(days=1))
    assert (rule.told, rule.not_useful) == (1, 1)


def test_a_verdict_counts_and_is_said_although_the_incident_is_over(assay: Installation, slack: SlackServer) -> None:
    happen(assay, result("Breached", 9))
    pipeline.notify()
    happen(assay, result("Ok", 10))
    pipeline.notify()
    (head,) = slack.messages()
    (buttons,) = (block for block in head["attachments"][0]["blocks"] if block["type"] == "actions")
    assert [one["action_id"] for one in buttons["elements"]] == ["assay.not_useful"]
    for _ in range(2):
        perform(Press(Verb.NOT_USEFUL, buttons["elements"][0]["value"], "bob"))
    said = [reply["text"] for reply in slack.thread(head["ts"])]
    assert [line.endswith("bob found this alert not useful.") for line in said] == [False, True]


def test_a_press_for_an_incident_that_does_not_exist_is_one_line(
    assay: Installation, slack: SlackServer, caplog: pytest.LogCaptureFixture
) -> None:
    perform(Press(Verb.ACKNOWLEDGE, "'; DROP TABLE assay.alerts; --", "mallory"))
    assert "there is no incident" in caplog.text


def test_an_unknown_channel_is_named_with_the_remedy_and_the_fallback_is_used_once(
    assay: Installation, slack: SlackServer
) -> None:
    happen(assay, result("Breached", 9, project="bank"))
    with pytest.raises(ChannelMisconfigured) as told:
        pipeline.notify()
    line = str(told.value)
    assert "route lost: Slack channel #nowhere: channel_not_found. Remedy: invite the app" in line
    assert line.endswith("It was told in #quality instead")
    assert "\n" not in line
    assert (len(slack.messages()), pipeline.notify()) == (1, [])
    happen(assay, result("Ok", 10, project="bank"))
    pipeline.notify()
    assert len(slack.thread(slack.messages()[0]["ts"])) == 1


def test_a_slack_that_is_down_for_an_hour_is_told_by_mail_once_and_caught_up_with_later(
    assay: Installation, slack: SlackServer, mail: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    up = slack.base_url
    connection = json.loads(os.environ["AIRFLOW_CONN_ASSAY_SLACK"])

    def reached_at(address: str) -> None:
        extra = connection["extra"] | {"base_url": address, "patience_s": 0.1}
        monkeypatch.setenv("AIRFLOW_CONN_ASSAY_SLACK", json.dumps(connection | {"extra": extra}))

    happen(assay, result("Breached", 9), result("Breached", 9, project="clinic"))
    reached_at("http://127.0.0.1:1/api/")
    with pytest.raises(NotifyError, match="no answer"):
        pipeline.notify()
    assert mail.mails == []
    with psycopg.connect(assay.store) as store:
        store.execute("UPDATE assay.notification_log SET first_intended_at = now() - interval '61 minutes'")
    for _ in range(2):
        with pytest.raises(NotifyError, match="no answer"):
            pipeline.notify()
    assert sorted(str(one["Subject"]) for one in mail.mails) == [
        "🔴 Critical: clinic: faithfulness low",
        "🔴 Critical: help-desk: faithfulness low",
    ]
    reached_at(up)
    pipeline.notify()
    assert (len(slack.messages()), len(mail.mails)) == (2, 2)


def test_a_revoked_token_goes_to_a_fallback_that_needs_none(
    assay: Installation, slack: SlackServer, mail: MailServer, tmp_path: Path
) -> None:
    (tmp_path / "routes.yaml").write_text(ROUTES_YAML.replace('["#quality"]', '["#quality", "email:ops@example.com"]'))
    slack.faults += [Fault(error="token_revoked")] * 9
    happen(assay, result("Breached", 9))
    with pytest.raises(ChannelMisconfigured, match=r"token_revoked\. Remedy: .*assay_slack.*instead$"):
        pipeline.notify()
    assert (len(slack.messages()), len(mail.mails)) == (0, 1)


def test_the_chart_shows_the_last_three_days_of_the_alert_alone(assay: Installation) -> None:
    found = [result("Breached", hour) for hour in (-80, -60, 8, 9)]
    other = replace(result("Breached", 8), labels=found[0].labels | {"project": "pool"})
    happen(assay, found[-1])
    with connect(assay.store) as store:
        for one in found:
            RuleResults(store).replace(one.window, [one, other] if one.window == other.window else [one], NINE)
        (alert,) = Alerts(store).firing()
        assert [end for end, _ in IncidentFacts(store).trail(alert)] == [one.window.end for one in found[1:]]


def test_examples_are_those_that_scored_worst_and_hide_what_is_secret(assay: Installation) -> None:
    good = rows(6, NINE, answers=RIGHT)
    bad = rows(2, NINE, answers=WRONG, user_input="Write to jo@example.com: is the sauna open?")
    assay.log(*good, *bad)
    assay.run()
    labels = result("Breached").labels | {"project": "pool", "alertname": "composite_low"}
    happen(assay, replace(result("Breached", 9), labels=labels))
    pipeline.notify()
    (name,) = assay.outbox()
    record = json.loads((assay.home / "outbox" / name).read_bytes())
    told = text(record)
    assert "<email-1>" in told.replace("&lt;", "<").replace("&gt;", ">")
    assert "jo@example.com" not in json.dumps(record) + (assay.home / "outbox" / name).with_suffix(".html").read_text()
    with connect(assay.store) as store:
        (alert,) = Alerts(store).firing()
        worst = IncidentFacts(store).exchanges(alert, 2)
    assert {exchange.response for exchange in worst} <= set(WRONG)
    assert all(exchange.score is not None and exchange.score < 0.6 for exchange in worst)
    assert worst[0].logged_at < NINE + HOUR

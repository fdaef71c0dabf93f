"""A published report is told: one message, edited when it is written again, or the reason why it was not told."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from include import weekly
from include.adapters.postgres import connect
from include.adapters.postgres.reports import Reports
from include.domain.report import DeliveryState, WeeklyReport
from include.errors import ChannelMisconfigured, ConfigError
from include.pages import reports
from include.reports.publish import publish
from include.settings import from_airflow
from tests.fakes.installation import Installation
from tests.fakes.mail_server import mail_server
from tests.fakes.slack_server import TOKEN, running
from tests.fakes.weekly import empty_week, week

AT = datetime(2026, 11, 16, 1, tzinfo=UTC)
ID = week().report_id


@pytest.fixture(autouse=True)
def written(assay: Installation) -> None:
    write(assay, week())


def write(assay: Installation, report: WeeklyReport) -> None:
    with connect(assay.store) as store:
        publish(report, Reports(store), assay.home, AT)


def deliveries() -> list[tuple[str, str, DeliveryState, str]]:
    [shelved] = reports.reports()
    return [(one.receiver, one.channel, one.state, one.note) for one in shelved.deliveries]


def test_without_slack_the_summary_stands_in_the_outbox_with_its_picture(assay: Installation) -> None:
    assert deliveries() == []
    assert weekly.send_report(ID) == ["first: LLM quality, 9 to 15 November 2026"]
    outbox = assay.home / "outbox"
    told = json.loads((outbox / f"{ID}.json").read_text())
    assert "Quality fell in clinic" in told["text"]
    assert f"/plugin/quality/assay/quality/reports/{ID}/|Read the report" in json.dumps(told)
    picture = reports.read_report(ID, f"{ID}.png")
    assert (picture.media_type, picture.is_attachment) == ("image/png", False)
    assert (outbox / f"{ID}.png").read_bytes() == picture.content
    assert deliveries() == [("outbox", "", DeliveryState.SENT, "")]


def test_in_slack_it_is_one_message_that_is_edited_when_the_report_is_written_again(
    assay: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running() as slack:
        extra = {"channel": "#quality", "base_url": slack.base_url, "patience_s": 5}
        monkeypatch.setenv("AIRFLOW_CONN_ASSAY_SLACK", json.dumps({"password": TOKEN, "extra": extra}))
        assert weekly.send_report(ID) == ["first: LLM quality, 9 to 15 November 2026"]
        assert weekly.send_report(ID) == ["none: LLM quality, 9 to 15 November 2026"]
        [file] = slack.files.values()
        assert file.content == (assay.home / "reports" / f"{ID}.png").read_bytes()
        write(assay, empty_week())
        assert weekly.send_report(ID) == ["repeat: LLM quality, 9 to 15 November 2026"]
        [message] = slack.messages()
        assert "No interaction was scored" in json.dumps(message)
        assert any(block["type"] == "image" for block in message["attachments"][0]["blocks"])
    assert deliveries() == [("slack", "", DeliveryState.SENT, "")]


def test_routes_decide_where_it_goes_and_a_refusal_keeps_no_mail_back(
    assay: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    routes = tmp_path / "routes.yaml"
    routes.write_text(
        "route: {name: all, routes: [{name: weekly, match: {category: report}, channel: 'webhook:nobody'}]}"
    )
    monkeypatch.setenv("ASSAY_ROUTES", str(routes))
    monkeypatch.setenv("ASSAY_REPORT_EMAIL", "boss@example.com,board@example.com")
    with mail_server() as server:
        extra = {"from_email": "assay@example.com", "disable_ssl": True, "disable_tls": True}
        connection = {"conn_type": "smtp", "host": "127.0.0.1", "port": server.port, "extra": extra}
        monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", json.dumps(connection))
        for _ in range(2):
            with pytest.raises(ChannelMisconfigured, match="webhook:nobody"):
                weekly.send_report(ID)
        write(assay, empty_week())
        with pytest.raises(ChannelMisconfigured):
            weekly.send_report(ID)
    [mail] = server.mails
    assert mail["To"] == "boss@example.com, board@example.com"
    page, picture = mail.get_body(("html",)), [part for part in mail.walk() if part.get_content_type() == "image/png"]
    assert page is not None
    assert f"/reports/{ID}/" in page.get_content()
    assert len(picture) == 1
    (refused, mailed) = deliveries()
    assert refused[:3] == ("webhook", "webhook:nobody", DeliveryState.FAILED)
    assert "no connection nobody" in refused[3]
    assert mailed == ("email", "email:boss@example.com,board@example.com", DeliveryState.SENT, "")


def test_what_is_held_back_says_why_and_can_be_sent_later_but_what_was_sent_stays(assay: Installation) -> None:
    nobody = {"chosen_options": [weekly.REFUSE], "responded_by_user": None}
    ada = {"chosen_options": [weekly.REFUSE], "responded_by_user": {"id": "7", "name": "Ada"}}
    for answer, why in ((nobody, "nobody approved it in time"), (ada, "Ada decided not to send it")):
        assert weekly.withheld(ID, answer) == why
        assert deliveries() == [("outbox", "", DeliveryState.WITHHELD, why)]
    assert assay.outbox() == []

    assert weekly.withheld(ID, {"chosen_options": [weekly.SEND], "responded_by_user": None}) == ""
    assert weekly.withheld(ID, None) == ""
    weekly.send_report(ID)
    weekly.withheld(ID, ada)
    assert deliveries() == [("outbox", "", DeliveryState.SENT, "")]


@pytest.mark.parametrize("address", ["boss", "a@b.c;d@e.f", "email:a@b.c", "a@b.c, d@e.f"])
def test_an_address_that_is_none_is_refused(assay: Installation, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSAY_REPORT_EMAIL", address)
    with pytest.raises(ConfigError, match="report_email"):
        from_airflow()

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from include.adapters.email import EmailTransport, MailServer
from include.domain.message import Chart, Message, Severity
from include.errors import ChannelMisconfigured, NotifyError
from include.notify.chart import draw_chart
from include.notify.letter import letter_page, letter_text
from tests.fakes import mail_server as fake
from tests.fakes.notify import HOUR, MIDNIGHT

CHANNEL = "email:a@example.com,b@example.com"
MESSAGE = Message(
    key="one",
    title="help-desk: faithfulness low",
    severity=Severity.CRITICAL,
    summary="Faithfulness fell to 0.41. Grüße",
    chart=Chart("faithfulness", ((MIDNIGHT, 0.8), (MIDNIGHT + HOUR, 0.4)), "it fell"),
)


@pytest.fixture
def server() -> Iterator[fake.MailServer]:
    with fake.mail_server() as running:
        yield running


def transport(port: int) -> EmailTransport:
    given = MailServer("127.0.0.1", port, "assay@example.com", security="")
    return EmailTransport(given, letter_page, letter_text, draw_chart)


def test_a_mail_holds_the_message_as_text_as_page_and_its_chart(server: fake.MailServer) -> None:
    address = transport(server.port).post(CHANNEL, MESSAGE)
    (mail,) = server.mails
    assert (mail["Subject"], mail["To"]) == ("🔴 Critical: help-desk: faithfulness low", "a@example.com, b@example.com")
    assert (mail["Message-ID"], mail["From"], address.channel) == (address.ts, "assay@example.com", CHANNEL)
    assert "Grüße" in mail.get_body(("plain",)).get_content()
    assert 'src="cid:chart"' in mail.get_body(("html",)).get_content()
    (picture,) = (part for part in mail.walk() if part.get_content_type() == "image/png")
    assert (picture["Content-ID"], picture.get_content()) == ("<chart>", draw_chart(MESSAGE.chart))


def test_a_second_mail_in_the_same_conversation_says_that_it_is_over_and_nothing_else_does(
    server: fake.MailServer,
) -> None:
    sender = transport(server.port)
    address = sender.post(CHANNEL, MESSAGE)
    assert sender.update(address, replace(MESSAGE, summary="It goes on."))
    assert len(server.mails) == 1
    assert sender.update(address, replace(MESSAGE, resolved=True))
    assert server.mails[1]["In-Reply-To"] == address.ts
    assert server.mails[1]["Subject"] == "🟢 Resolved: help-desk: faithfulness low"
    assert server.mails[1]["Message-ID"] != address.ts


def test_a_mail_that_is_sent_twice_is_the_same_mail(server: fake.MailServer) -> None:
    sender = transport(server.port)
    assert sender.post(CHANNEL, MESSAGE) == sender.post(CHANNEL, MESSAGE)
    assert sender.post("email:c@example.com", MESSAGE) != sender.post(CHANNEL, MESSAGE)


@pytest.mark.parametrize(
    ("command", "reply", "kind"),
    [
        ("RCPT", "550 no such user", ChannelMisconfigured),
        ("MAIL", "451 later", ChannelMisconfigured),
        ("DATA", "451 later", NotifyError),
    ],
)
def test_a_refusal_is_one_line(server: fake.MailServer, command: str, reply: str, kind: type[NotifyError]) -> None:
    server.refuses[command] = reply
    with pytest.raises(kind, match=r"^mail (to|server)[^\n]*$"):
        transport(server.port).post(CHANNEL, MESSAGE)


def test_a_server_that_is_away_may_answer_later() -> None:
    with pytest.raises(NotifyError, match=r"mail server 127\.0\.0\.1:1: ") as told:
        transport(1).post(CHANNEL, MESSAGE)
    assert not isinstance(told.value, ChannelMisconfigured)


def test_without_a_connection_the_channel_and_the_remedy_are_named() -> None:
    sender = EmailTransport(None, letter_page, letter_text, draw_chart)
    with pytest.raises(ChannelMisconfigured, match=r"no connection smtp_default\. Remedy: create it"):
        sender.post(CHANNEL, MESSAGE)

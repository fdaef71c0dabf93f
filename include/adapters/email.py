"""Messages go out as e-mail through an SMTP server; a mail cannot be edited, so a second one says that it is over.

What stands in the log as `ts` is the mail's Message-ID. It is made of the message's key and state, so that a mail
that was sent twice, since its sender died before it could note the first, is one mail to most mail programs.
"""

from __future__ import annotations

import hashlib
import smtplib
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import formatdate

from include.domain.message import Address, Chart, Message, Picture
from include.errors import ChannelMisconfigured, NotifyError

PREFIX = "email:"
TIMEOUT_S = 15.0
REMEDY = "Remedy: mend the Airflow connection smtp_default"


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail is handed over. `security` is "ssl" from the start, "starttls" or "" for none."""

    host: str
    port: int
    sender: str
    user: str = ""
    password: str = ""
    security: str = "starttls"


class EmailTransport:
    """Carries messages to the addresses that a channel names: `email:a@example.com,b@example.com`.

    `page` makes the HTML of a message, with `cid:chart` where the chart is; `text` says the same in words.
    """

    receiver = "email"

    def __init__(
        self,
        server: MailServer | None,
        page: Callable[[Message], str],
        text: Callable[[Message], str],
        draw: Callable[[Chart | Picture], bytes],
    ) -> None:
        self._server = server
        self._page = page
        self._text = text
        self._draw = draw

    def post(self, channel: str, message: Message) -> Address:
        """Send a mail."""
        mail = self._mail(channel, message)
        self._send(mail)
        return Address(channel, mail["Message-ID"])

    def update(self, address: Address, message: Message) -> bool:
        """Send a second mail when what the first told of is over; what else changes stands on the page."""
        if message.resolved:
            mail = self._mail(address.channel, message)
            mail["In-Reply-To"] = mail["References"] = address.ts
            self._send(mail)
        return True

    def find(self, channel: str, key: str, since: datetime) -> Address | None:
        """None: nobody can look into another's mailbox."""
        return None

    def reply(self, address: Address, event: str, text: str) -> bool:
        """Nothing: a mail for each turn of an incident is a mail too many."""
        return False

    def has_reply(self, address: Address, event: str) -> bool:
        """True: there is nothing to make up for."""
        return True

    def _mail(self, channel: str, message: Message) -> EmailMessage:
        if self._server is None:
            raise ChannelMisconfigured(f"channel {channel}: Airflow has no connection smtp_default. Remedy: create it")
        mail = EmailMessage()
        text = self._text(message)
        mail["Subject"] = " ".join(text.split("\n", 1)[0].split())[:200]
        mail["From"], mail["To"] = self._server.sender, ", ".join(channel.removeprefix(PREFIX).split(","))
        mail["Date"] = formatdate()
        mail["Message-ID"] = f"<{_name(message, channel)}@assay>"
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(text)
        mail.add_alternative(self._page(message), subtype="html")
        if message.chart is not None:
            (html,) = (part for part in mail.iter_parts() if part.get_content_type() == "text/html")
            html.add_related(self._draw(message.chart), "image", "png", cid="<chart>")
        return mail

    def _send(self, mail: EmailMessage) -> None:
        server = self._server
        assert server is not None, "_mail refuses without one"
        try:
            with _connected(server) as smtp:
                if server.user:
                    smtp.login(server.user, server.password)
                smtp.send_message(mail)
        except (smtplib.SMTPAuthenticationError, smtplib.SMTPRecipientsRefused, smtplib.SMTPSenderRefused) as error:
            raise ChannelMisconfigured(f"mail to {mail['To']}: {_line(error)}. {REMEDY} or the address") from error
        except (OSError, smtplib.SMTPException) as error:
            raise NotifyError(f"mail server {server.host}:{server.port}: {_line(error)}") from error


def _connected(server: MailServer) -> smtplib.SMTP:
    context = ssl.create_default_context()
    if server.security == "ssl":
        return smtplib.SMTP_SSL(server.host, server.port, timeout=TIMEOUT_S, context=context)
    smtp = smtplib.SMTP(server.host, server.port, timeout=TIMEOUT_S)
    if server.security == "starttls":
        smtp.starttls(context=context)
    return smtp


def _name(message: Message, channel: str) -> str:
    told = f"{message.key}\n{channel}\n{message.resolved}"
    return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _line(error: Exception) -> str:
    return " ".join(str(error).split())

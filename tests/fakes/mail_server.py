"""An SMTP server on loopback that keeps what it is given, and refuses on demand."""

from __future__ import annotations

import email
import email.policy
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage


class MailServer:
    """What arrived; `refuses` maps a command (MAIL, RCPT, DATA) to the reply that it gets."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.refuses: dict[str, str] = {}
        self.port = 0


class Handler(socketserver.StreamRequestHandler):
    mail: MailServer

    def handle(self) -> None:
        self._say("220 loopback")
        while line := self.rfile.readline().decode():
            command = line.split()[0].upper() if line.strip() else ""
            if refusal := self.mail.refuses.get(command):
                self._say(refusal)
            elif command == "DATA":
                self._say("354 go on")
                self._take()
            elif command == "QUIT":
                self._say("221 bye")
                return
            else:
                self._say("250 ok")

    def _take(self) -> None:
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        mail = email.message_from_bytes(b"".join(lines), policy=email.policy.default)
        assert isinstance(mail, EmailMessage)
        self.mail.mails.append(mail)
        self._say("250 kept")

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


@contextmanager
def mail_server() -> Iterator[MailServer]:
    """A server on a free port, for as long as the block lasts."""
    kept = MailServer()
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"mail": kept}))
    server.daemon_threads = True
    kept.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield kept
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

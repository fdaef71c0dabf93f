from __future__ import annotations

import json

import pytest

from include.errors import ConfigError
from include.settings import from_airflow, webhook_named
from include.telling import _mail_server


@pytest.fixture(autouse=True)
def databases(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("STORE", "SOURCE"):
        monkeypatch.setenv(f"AIRFLOW_CONN_ASSAY_{name}", "postgres://u:p@127.0.0.1:1/assay")


def connect(monkeypatch: pytest.MonkeyPatch, name: str, **connection: object) -> None:
    monkeypatch.setenv(f"AIRFLOW_CONN_{name}", json.dumps(connection))


@pytest.mark.parametrize(
    ("extra", "has_buttons"),
    [({}, False), ({"app_token": "xapp-1"}, True), ({"signing_secret": "s"}, True)],
)
def test_buttons_are_off_without_a_token_in_the_connection(
    monkeypatch: pytest.MonkeyPatch, extra: dict[str, str], has_buttons: bool
) -> None:
    connect(monkeypatch, "ASSAY_SLACK", conn_type="generic", password="xoxb-1", extra={"channel": "#q", **extra})
    slack = from_airflow().slack
    assert slack is not None
    assert slack.has_buttons is has_buttons
    assert "xapp-1" not in repr(slack)


@pytest.mark.parametrize(
    ("extra", "security"),
    [({}, "ssl"), ({"disable_ssl": True}, "starttls"), ({"disable_ssl": True, "disable_tls": True}, "")],
)
def test_the_mail_server_is_that_of_airflows_smtp_connection(
    monkeypatch: pytest.MonkeyPatch, extra: dict[str, object], security: str
) -> None:
    connect(
        monkeypatch, "SMTP_DEFAULT", conn_type="smtp", host="mail.example", login="me", password="x",
        extra={"from_email": "assay@example.com", "timeout": 30, **extra},
    )  # fmt: skip
    server = _mail_server(from_airflow().mail)
    assert server is not None
    assert (server.host, server.port, server.user, server.sender) == ("mail.example", 465, "me", "assay@example.com")
    assert server.security == security


def test_without_the_connection_there_is_no_mail_server() -> None:
    assert _mail_server(from_airflow().mail) is None


def test_a_webhook_is_an_airflow_connection_with_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    connect(monkeypatch, "ASSAY_PAGER", conn_type="http", host="https://pager.example/hook", password="s3cret")
    connect(monkeypatch, "BROKEN", conn_type="http", host="file:///etc/passwd")
    found = webhook_named("assay_pager")
    assert found is not None
    assert (found.url, found.secret.get_secret_value()) == ("https://pager.example/hook", "s3cret")
    assert webhook_named("nobody") is None
    with pytest.raises(ConfigError, match=r"setting url: .*Airflow connection broken"):
        webhook_named("broken")

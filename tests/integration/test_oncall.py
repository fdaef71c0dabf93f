"""What on-call does, from the page, from Slack or by `make`: kept in the store and shown in the message at once."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from include import oncall
from include.adapters.postgres import connect
from include.adapters.postgres.alerts import Alerts
from include.adapters.postgres.week import WeekOfStore
from include.domain.interaction import Window
from include.errors import SilenceRefused
from include.notify.alerts import update_alerts
from tests.fakes.installation import Installation
from tests.fakes.notify import ROUTES, result

BANK = "2026-11-20T0000Z_bank_production_quality"


@pytest.fixture
def bank(assay: Installation) -> Installation:
    """An installation in which one incident of project bank was told."""
    breach(assay, 0)
    oncall.pipeline.notify()
    return assay


def breach(assay: Installation, hour: int, alertname: str = "faithfulness_low", severity: str = "warning") -> None:
    with connect(assay.store) as connection:
        told = result("Breached", hour, project="bank", alertname=alertname, severity=severity)
        update_alerts([told], Alerts(connection), ROUTES, live=True)


def shown(assay: Installation) -> str:
    """All messages as they stand in the outbox."""
    return "\n".join(json.dumps(json.loads(path.read_bytes())) for path in (assay.home / "outbox").glob("*.json"))


def test_who_looks_after_an_incident_stands_in_its_message_and_stays(bank: Installation) -> None:
    assert oncall.acknowledge(BANK, "alice").who == "alice"
    assert oncall.acknowledge(BANK, "bob").who == "alice"
    assert "by alice" in shown(bank)
    assert bank.ask("SELECT incident_id, who FROM acknowledgements") == [(BANK, "alice")]


def test_what_is_silenced_is_not_told_until_the_silence_is_ended(bank: Installation) -> None:
    made = oncall.silence("project=bank alertname=~tone.*", timedelta(hours=2), "bob", "known  since\nMonday")
    assert made.comment == "known since Monday"
    breach(bank, 1, "tone_low")
    oncall.pipeline.notify()
    assert "1 of 2 alerts: silenced until" in shown(bank)
    assert oncall.list_silences() == [made]
    assert oncall.expire_silence(made.silence_id)
    assert not oncall.expire_silence(made.silence_id)
    assert oncall.list_silences() == []
    assert "1 of 2 alerts: silenced until" not in shown(bank)


def test_a_silence_of_the_future_that_is_ended_never_was(bank: Installation) -> None:
    later = datetime.now(UTC) + timedelta(days=1)
    made = oncall.silence("project=bank", timedelta(hours=2), "bob", "migration", starts_at=later)
    assert "silenced" not in shown(bank)
    assert oncall.expire_silence(made.silence_id)
    assert bank.ask("SELECT count(*) FROM silences") == [(0,)]


def test_an_incident_is_snoozed_alone_and_something_worse_is_heard(bank: Installation) -> None:
    oncall.snooze(BANK, 1, "bob")
    assert "silenced until" in shown(bank)
    breach(bank, 1, "tone_low")
    assert oncall.pipeline.notify() == ["repeat: bank: faithfulness low"]
    breach(bank, 2, "all_wrong", severity="critical")
    assert oncall.pipeline.notify() == ["new_alerts: bank: all wrong"]


def test_what_was_not_useful_counts_against_its_rule(bank: Installation) -> None:
    since = datetime(2026, 1, 1, tzinfo=UTC)
    (before,) = oncall.precision(since)
    oncall.not_useful(BANK, "alice")
    (after,) = oncall.precision(since)
    assert [(one.rule, one.told, one.not_useful) for one in (before, after)] == [
        ("faithfulness_low", 1, 0),
        ("faithfulness_low", 1, 1),
    ]
    with connect(bank.store) as store:
        week = WeekOfStore(store)
        assert week.precision(Window(since, since + timedelta(days=365))) == [after]
        assert week.precision(Window(since, since + timedelta(days=1))) == []
    oncall.not_useful(BANK, "alice", useful=True)
    assert oncall.precision(since) == [before]


@pytest.mark.parametrize(
    ("matchers", "duration", "author", "comment"),
    [
        ("", timedelta(hours=1), "bob", "why"),
        ("alertname=~.*", timedelta(hours=1), "bob", "why"),
        ("project=bank", timedelta(0), "bob", "why"),
        ("project=bank", timedelta(days=1000), "bob", "why"),
        ("project=bank", timedelta(hours=1), " ", "why"),
        ("project=bank", timedelta(hours=1), "bob", ""),
    ],
)
def test_a_silence_that_cannot_be_meant_is_refused(
    assay: Installation, matchers: str, duration: timedelta, author: str, comment: str
) -> None:
    with pytest.raises(SilenceRefused, match=r"^[^\n]+$"):
        oncall.silence(matchers, duration, author, comment)
    assert assay.ask("SELECT count(*) FROM silences") == [(0,)]


def test_an_incident_that_does_not_exist_is_named(assay: Installation) -> None:
    with pytest.raises(SilenceRefused, match="no incident 'nothing'"):
        oncall.acknowledge("nothing", "alice")


def test_make_silence_lists_and_ends(
    assay: Installation, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given = {"MATCH": "project=bank", "FOR": "2h", "BY": "me", "WHY": "index rebuild"}
    for name, value in given.items():
        monkeypatch.setenv(f"ASSAY_{name}", value)
    assert oncall.main(["silence"]) == 0
    number = capsys.readouterr().out.split()[0]
    assert oncall.main(["silences"]) == 0
    assert "me: index rebuild" in capsys.readouterr().out
    assert oncall.main(["expire", number]) == 0
    assert oncall.main(["silences"]) == 0
    assert capsys.readouterr().out == "ended\nnothing is silenced\n"
    monkeypatch.setenv("ASSAY_FOR", "soon")
    assert oncall.main(["silence"]) == 1
    assert capsys.readouterr().err == "'soon' is not a length of time. Remedy: write 30m, 2h, 1d or 1w\n"

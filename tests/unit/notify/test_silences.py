from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from include.domain.alert import Acknowledgement, Alert
from include.domain.silence import Matcher, Silence, parse_matchers
from include.errors import SilenceRefused
from include.notify.alerts import update_alerts
from include.notify.dispatch import notify
from include.notify.lifecycle import advance
from include.notify.maintenance import Maintenance
from include.notify.silences import Mutes, in_words, snooze_matchers
from tests.fakes.notify import HOUR, MIDNIGHT, ROUTES, FakeBook, FakeLog, FakeTransport, result

LABELS = {"alertname": "composite-low", "project": "bank", "severity": "critical"}


@pytest.mark.parametrize(
    ("text", "is_match"),
    [
        ("project=bank", True),
        ("project=clinic", False),
        ("project!=clinic severity=critical", True),
        ("project=bank severity=warning", False),
        ("alertname=~composite.*", True),
        ("alertname=~composite", False),  # a pattern matches the whole value
        ("alertname!~volume.*", None),  # alone it would match everything that has no alertname
        ("project=bank alertname!~composite.*", False),
        ("project=bank segment=", True),  # a label that is missing is the empty text
        ('project="bank"', True),
        ("", None),
        ("project", None),
        ("project=~(", None),
        ("project='bank", None),
        (f"project=~{'a' * 300}", None),
    ],
)
def test_matchers_are_those_of_alertmanager(text: str, is_match: bool | None) -> None:
    if is_match is None:
        with pytest.raises(SilenceRefused, match=r"^[^\n]+$"):
            parse_matchers(text)
    else:
        assert all(matcher.matches(LABELS) for matcher in parse_matchers(text)) == is_match


@pytest.mark.parametrize("text", ["project=bank", "alertname=~'composite.*' project!='my bank'", "project=x segment="])
def test_matchers_are_written_as_they_are_read(text: str) -> None:
    matchers = parse_matchers(text)
    assert parse_matchers(" ".join(map(str, matchers))) == matchers


def silence(text: str = "project=help-desk", start: int = 0, end: int = 10) -> Silence:
    return Silence(7, parse_matchers(text), MIDNIGHT + start * HOUR, MIDNIGHT + end * HOUR, "bob", "index rebuild")


@pytest.mark.parametrize(("hour", "holds"), [(-1, False), (0, True), (9, True), (10, False)])
def test_a_silence_holds_from_its_start_until_before_its_end(hour: int, holds: bool) -> None:
    assert silence().mutes({"project": "help-desk"}, MIDNIGHT + hour * HOUR) == holds


def test_a_silence_tells_a_person_what_until_when_by_whom_and_why() -> None:
    told = in_words(silence("project=bank alertname=~composite.*"))
    assert told.startswith("7  project=bank alertname=~'composite.*'  20 Nov 2026, 00:00 UTC to 20 Nov 2026, 10:00 UTC")
    assert told.endswith("bob: index rebuild")


class OnCall:
    """Rules speak by the hour, and each hour people are told what no silence mutes."""

    def __init__(self, *silences: Silence, maintenance: str = "") -> None:
        self.book, self.transport = FakeBook(), FakeTransport()
        self.log = FakeLog(self.book)
        self.mutes = Mutes(Maintenance.model_validate(maintenance or {}), silences)

    def hour(self, hour: int, **outcomes: str) -> list[str]:
        results = [result(outcome, hour, alertname=name) for name, outcome in outcomes.items()]
        update_alerts(results, self.book, ROUTES, live=True)
        return self.look(MIDNIGHT + (hour + 1) * HOUR)

    def look(self, now: datetime) -> list[str]:
        told = notify(self.book, self.log, self.transport, ROUTES, ui_url="http://x", now=now, mutes=self.mutes)
        assert notify(self.book, self.log, self.transport, ROUTES, ui_url="http://x", now=now, mutes=self.mutes) == []
        return [notice.reason.value for notice in told]

    def facts(self) -> dict[str, str]:
        (message,) = self.transport.shown.values()
        return {fact.label: fact.value for fact in message.facts}


def test_what_is_silenced_is_not_told_and_told_when_the_silence_is_over() -> None:
    on_call = OnCall(silence(end=3))
    assert [on_call.hour(hour, a="Breached") for hour in range(4)] == [[], [], ["first"], ["repeat"]]


def test_what_came_and_went_in_silence_is_told_to_nobody() -> None:
    on_call = OnCall(silence(end=3))
    assert [on_call.hour(hour, a=outcome) for hour, outcome in enumerate(["Breached", "Ok", "Ok", "Ok"])] == [[]] * 4
    assert on_call.book.unsettled("fake") == []


def test_a_muted_member_is_no_news_and_keeps_the_incident_open() -> None:
    on_call = OnCall(silence("alertname=b"))
    assert on_call.hour(0, a="Breached") == ["first"]
    assert on_call.hour(1, a="Breached", b="Breached") == ["repeat"]
    assert on_call.hour(2, a="Ok", b="Breached") == ["some_resolved"]
    assert "silenced until 20 Nov 2026, 10:00 UTC by bob: index rebuild" in on_call.facts()["Muted"]
    assert on_call.hour(3, b="Ok") == ["all_resolved"]
    assert on_call.book.unsettled("fake") == []


def test_a_member_that_came_and_went_in_silence_is_no_news_after_it_either() -> None:
    on_call = OnCall(silence("alertname=b", end=3))
    assert on_call.hour(0, a="Breached") == ["first"]
    assert on_call.hour(1, a="Breached", b="Breached") == ["repeat"]
    assert on_call.hour(2, a="Breached", b="Ok") == ["repeat"]
    assert on_call.hour(3, a="Breached") == ["repeat"]
    assert on_call.hour(4, a="Ok") == ["all_resolved"]


def test_the_end_of_a_member_that_people_know_of_is_told_although_it_is_silenced_by_then() -> None:
    on_call = OnCall(silence("alertname=b", start=2))
    assert on_call.hour(0, a="Breached", b="Breached") == ["first"]
    assert on_call.hour(1, a="Breached", b="Ok") == ["some_resolved"]


def test_a_member_that_is_heard_again_is_news() -> None:
    on_call = OnCall(silence("alertname=b", end=3))
    on_call.hour(0, a="Breached", b="Breached")
    assert on_call.hour(1, a="Breached", b="Breached") == ["repeat"]
    assert on_call.hour(2, a="Breached", b="Breached") == ["new_alerts"]


def test_an_incident_that_people_know_of_is_shown_as_silenced_and_its_end_is_shown() -> None:
    on_call = OnCall(silence(start=2))
    assert on_call.hour(0, a="Breached") == ["first"]
    assert on_call.hour(1, a="Breached") == ["repeat"]
    assert "silenced until" in on_call.facts()["Muted"]
    assert on_call.hour(2, a="Ok") == ["all_resolved"]


def test_an_acknowledged_incident_says_who_and_is_told_again_only_when_something_begins_or_ends() -> None:
    on_call = OnCall()
    on_call.hour(0, a="Breached")
    (incident_id,) = on_call.book.unsettled("fake")
    on_call.book.acknowledged[incident_id] = Acknowledgement("alice", MIDNIGHT + HOUR)
    assert on_call.look(MIDNIGHT + HOUR) == ["repeat"]
    assert on_call.facts()["Acknowledged"].startswith("by alice")
    assert on_call.hour(1, a="Breached") == []
    assert on_call.hour(2, a="Breached", b="Breached") == ["new_alerts"]
    assert on_call.hour(3, a="Ok", b="Ok") == ["all_resolved"]


def test_a_snoozed_incident_is_quiet_with_all_that_joins_it_but_not_with_what_is_worse() -> None:
    book = FakeBook()
    update_alerts([result("Breached", 0, severity="warning")], book, ROUTES, live=True)
    (alert,) = book.firing()
    matchers = snooze_matchers(book.incident(str(alert.incident_id)))
    labels = {**alert.labels, "incident": str(alert.incident_id)}
    assert all(matcher.matches(labels) for matcher in matchers)
    assert not all(matcher.matches({**labels, "severity": "critical"}) for matcher in matchers)
    assert not all(matcher.matches({**labels, "incident": "another"}) for matcher in matchers)
    assert Matcher.matches(matchers[0], labels)


WEEKLY = {"name": "rebuild", "matchers": ["project=help-desk"], "time_zone": "Europe/Berlin"}
NIGHT = {**WEEKLY, "weekly": {"days": ["fri"], "from": "23:00", "until": "02:00"}}
"""MIDNIGHT is a Friday, 01:00 in Berlin."""
ONCE = {**WEEKLY, "once": {"start": "2026-11-20T09:00", "end": "2026-11-20T11:00"}}


def firing(hour: int) -> Alert:
    alert = advance(None, result("Breached", hour), live=True).alert
    assert alert is not None
    return alert


@pytest.mark.parametrize(
    ("window", "hour", "hours_later", "is_muted"),
    [
        (NIGHT, 22, 0.0, True),  # 23:00 UTC is midnight in Berlin
        (NIGHT, 20, 0.0, False),  # 22:00 in Berlin
        (NIGHT, 21, 0.5, True),  # breached before, looked at within
        (NIGHT, 24, 0.5, True),  # breached within, and judged a little after it ended
        (NIGHT, 24, 2.5, False),  # the window is long over
        (NIGHT, 25, 0.0, False),  # breached after it
        (ONCE, 8, 0.0, True),
        (ONCE, 9, 0.5, True),
        (ONCE, 12, 0.0, False),
    ],
)
def test_planned_maintenance_mutes_what_is_breached_within_it(
    window: dict[str, object], hour: int, hours_later: float, is_muted: bool
) -> None:
    alert = firing(hour)
    mutes = Mutes(Maintenance.model_validate({"windows": [window]}))
    now = alert.breached_at + timedelta(hours=hours_later)
    assert bool(mutes.why(alert, now)) == is_muted


@pytest.mark.parametrize(
    "wrong",
    [
        WEEKLY,
        {**NIGHT, **ONCE},
        {**NIGHT, "time_zone": "Berlin"},
        {**NIGHT, "matchers": ["project"]},
        {**NIGHT, "matchers": []},
        {**WEEKLY, "once": {"start": "2026-11-20T09:00", "end": "2026-11-20T08:00"}},
        {**WEEKLY, "once": {"start": "2026-11-20T09:00Z", "end": "2026-11-20T10:00Z"}},
    ],
)
def test_a_maintenance_window_that_cannot_be_meant_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        Maintenance.model_validate({"windows": [wrong]})

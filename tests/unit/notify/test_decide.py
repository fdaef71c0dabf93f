from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from include.domain.alert import Acknowledgement, Alert, AlertState, Incident, NotifyReason, Told
from include.domain.message import Address
from include.notify.decide import decide
from include.notify.lifecycle import advance
from tests.fakes.notify import HOUR, MIDNIGHT, result


def alert(name: str, state: str) -> Alert:
    found = advance(None, result("Breached", alertname=name), live=True).alert
    assert found is not None
    ends = MIDNIGHT + HOUR if state == "resolved" else None
    return replace(found, state=AlertState(state), ends_at=ends, incident_id="one")


A, B = alert("a", "firing"), alert("b", "firing")
A_OVER, B_OVER = alert("a", "resolved"), alert("b", "resolved")


def told(firing: tuple[Alert, ...] = (), resolved: tuple[Alert, ...] = (), **changes: object) -> Told:
    return replace(
        Told(
            key="one",
            receiver="fake",
            channel="",
            digest="old",
            reason=NotifyReason.FIRST,
            confirmed=True,
            address=Address("", "1"),
            first_intended_at=MIDNIGHT,
            updated_at=MIDNIGHT,
            firing=frozenset(a.episode for a in firing),
            resolved=frozenset(a.episode for a in resolved),
        ),
        **changes,  # type: ignore[arg-type]
    )


UNCONFIRMED = told((A,), confirmed=False, reason=NotifyReason.NEW_ALERTS)


@pytest.mark.parametrize(
    ("alerts", "before", "digest", "reason"),
    [
        ((A,), None, "new", "first"),
        ((A_OVER,), None, "new", "first"),  # it came and went before anybody was told
        ((A,), told((A,), address=None, confirmed=False), "old", "first"),
        ((A,), told((A,)), "old", "none"),
        ((A, B), told((A,)), "new", "new_alerts"),
        ((A_OVER, B), told((A,)), "new", "new_alerts"),
        ((A_OVER, B), told((A, B)), "new", "some_resolved"),
        ((A_OVER, B_OVER), told((A, B)), "new", "all_resolved"),
        ((A_OVER, B_OVER), told((B,), (A,)), "new", "all_resolved"),
        ((A_OVER,), told((), (A,)), "old", "none"),
        ((A,), told((A,)), "new", "repeat"),
        ((A,), UNCONFIRMED, "old", "new_alerts"),
        ((A,), UNCONFIRMED, "new", "new_alerts"),
        ((A_OVER,), UNCONFIRMED, "new", "all_resolved"),
    ],
)
def test_people_are_told_what_they_do_not_know(
    alerts: tuple[Alert, ...], before: Told | None, digest: str, reason: str
) -> None:
    assert decide(Incident("one", alerts), before, digest, timedelta(0), MIDNIGHT) == reason


@pytest.mark.parametrize(
    ("passed", "reason"),
    [(timedelta(minutes=59), "none"), (timedelta(hours=1), "repeat"), (-timedelta(days=1), "repeat")],
)
def test_newer_figures_alone_wait_for_the_repeat_interval(passed: timedelta, reason: str) -> None:
    assert decide(Incident("one", (A,)), told((A,)), "new", timedelta(hours=1), MIDNIGHT + passed) == reason


A_SHOWN = told((A,), standing="")
BY_ALICE = Acknowledgement("alice", MIDNIGHT)
KNOWN = told((A,), standing=Incident("one", (A,), BY_ALICE).standing)


@pytest.mark.parametrize(
    ("alerts", "muted", "before", "reason"),
    [
        ((A,), (A,), None, "none"),
        ((A_OVER,), (A_OVER,), None, "none"),
        ((A, B), (B,), None, "first"),
        ((A,), (A,), told((A,), address=None, confirmed=False), "first"),  # it may stand there already
        ((A, B), (B,), A_SHOWN, "repeat"),  # what was muted is shown, and is no news
        ((A_OVER, B), (B,), A_SHOWN, "some_resolved"),  # a muted member keeps the incident open
        ((A_OVER, B_OVER), (B_OVER,), A_SHOWN, "all_resolved"),
        ((A, B_OVER), (B_OVER,), A_SHOWN, "repeat"),  # its end is no news either
        ((A_OVER,), (), told((), (A,), closed=True), "repeat"),  # only the figures are newer
    ],
)
def test_what_is_muted_is_no_news_and_keeps_an_incident_open(
    alerts: tuple[Alert, ...], muted: tuple[Alert, ...], before: Told | None, reason: str
) -> None:
    incident = Incident("one", alerts, muted={alert.episode: "silenced" for alert in muted})
    assert decide(incident, before, "new", timedelta(0), MIDNIGHT) == reason


@pytest.mark.parametrize(
    ("alerts", "before", "reason"),
    [
        ((A,), A_SHOWN, "repeat"),  # that somebody looks after it is shown at once
        ((A,), KNOWN, "none"),
        ((A, B), KNOWN, "new_alerts"),
        ((A_OVER,), KNOWN, "all_resolved"),
        ((A,), replace(KNOWN, firing=frozenset({A.episode, B.episode})), "repeat"),  # B became an incident of its own
    ],
)
def test_acknowledging_stops_repeats_and_nothing_else(alerts: tuple[Alert, ...], before: Told, reason: str) -> None:
    assert decide(Incident("one", alerts, BY_ALICE), before, "new", timedelta(0), MIDNIGHT) == reason

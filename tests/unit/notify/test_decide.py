from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from include.domain.alert import Alert, AlertState, Incident, NotifyReason, Told
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


@pytest.mark.parametrize(("passed", "reason"), [(timedelta(minutes=59), "none"), (timedelta(hours=1), "repeat")])
def test_newer_figures_alone_wait_for_the_repeat_interval(passed: timedelta, reason: str) -> None:
    assert decide(Incident("one", (A,)), told((A,)), "new", timedelta(hours=1), MIDNIGHT + passed) == reason

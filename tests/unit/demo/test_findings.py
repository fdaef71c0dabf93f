"""Which alerts an incident of the demo explains, and which of them find it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from demo.findings import Fired, match
from demo.world import Incident

FOUR = datetime(2026, 11, 20, 16, tzinfo=UTC)
HOUR = timedelta(hours=1)
LOOP = Incident("retry-loop", "A loop", "city", FOUR, FOUR + HOUR, "live", "spend", "It loops.")


def fired(name: str, ends_at: datetime | None) -> Fired:
    return Fired(name, "city", "cost", FOUR, FOUR + HOUR, ends_at, HOUR)


def test_a_budget_that_an_incident_spent_is_explained_by_it_and_does_not_keep_it_open() -> None:
    (finding,), false = match([LOOP], [fired("budget-spent", None), fired("spend-spike", FOUR + 2 * HOUR)])
    assert [alert.alertname for alert in finding.alerts] == ["spend-spike"]
    assert finding.resolved
    assert false == []


def test_an_incident_that_only_a_budget_speaks_of_is_missed() -> None:
    (finding,), _ = match([LOOP], [fired("budget-80", None)])
    assert finding.alerts == ()

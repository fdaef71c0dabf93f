from __future__ import annotations

from dataclasses import replace

from include.domain.message import Severity
from include.domain.rule import RuleResult
from include.notify.alerts import update_alerts
from include.notify.digest import digests
from include.notify.dispatch import notify
from include.notify.routes import Routes
from tests.fakes.notify import MIDNIGHT, FakeBook, FakeLog, FakeTransport, result

DAILY = Routes.model_validate(
    {
        "route": {
            "name": "root",
            "min_severity": "warning",
            "routes": [{"name": "costs", "match": {"category": "cost"}, "digest": "daily", "channel": "#costs"}],
        }
    }
)


def owned(owner: str, *hours: tuple[int, str], project: str = "bank", severity: str = "warning") -> list[RuleResult]:
    made = [result(said, hour, project=project, category="cost", severity=severity) for hour, said in hours]
    return [replace(one, annotations={"owner": owner}) for one in made]


def book(*results: RuleResult) -> FakeBook:
    made = FakeBook()
    for one in results:
        update_alerts([one], made, DAILY, live=True)
    return made


def test_each_owner_gets_one_summary_of_the_day() -> None:
    made = book(
        *owned("finance", (9, "Breached"), (10, "Ok")),
        *owned("finance", (9, "Breached"), project="city"),
        *owned("research", (9, "Breached"), project="clinic", severity="critical"),
        *owned("research", (9, "Breached"), project="docs", severity="info"),
        result("Breached", 9),
    )
    incidents = [made.incident(key) for key in made.unsettled("fake")]
    (costs, finance), (_, research) = digests(incidents, DAILY, MIDNIGHT.date(), "http://localhost")
    assert (costs, finance.title, finance.summary) == ("#costs", "2 incidents on 20 Nov 2026", "1 going on, 1 over.")
    assert [section.heading for section in finance.sections] == ["Going on", "Over"]
    assert (research.title, research.severity) == ("1 incident on 20 Nov 2026", Severity.CRITICAL)
    assert finance.key != research.key


def test_what_is_told_once_a_day_is_not_told_when_it_happens() -> None:
    made, transport = book(*owned("finance", (9, "Breached"))), FakeTransport()
    assert notify(made, FakeLog(made), transport, DAILY, ui_url="http://localhost", now=MIDNIGHT) == []
    assert transport.posts == 0

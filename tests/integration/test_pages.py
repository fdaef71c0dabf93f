"""What the pages read of a real store: every project as it stands, incidents in full, and what was done about them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from include import oncall
from include.adapters.postgres import connect
from include.adapters.postgres.alerts import Alerts
from include.domain.interaction import Window
from include.errors import PageMissing
from include.notify.alerts import update_alerts
from include.pages.incidents import incident, incident_list, incidents
from include.pages.overview import Covered, overview
from tests.fakes.installation import DAY, HOUR, NINE, WRONG, Installation, rows
from tests.fakes.notify import MIDNIGHT, ROUTES, result

MINUTE = timedelta(minutes=1)
WEEK = Window(NINE + HOUR - 7 * DAY, NINE + HOUR)


def breach(assay: Installation, hour: int, project: str = "pool", severity: str = "critical", **of: str) -> None:
    with connect(assay.store) as connection:
        told = result("Breached", hour, project=project, severity=severity, **of)  # type: ignore[arg-type]
        update_alerts([told], Alerts(connection), ROUTES, live=True)


def test_every_project_is_shown_with_its_scores_coverage_and_incidents(assay: Installation) -> None:
    assay.log(*rows(8, NINE), *rows(4, NINE + MINUTE, answers=WRONG, project="sauna"))
    assay.log(*rows(3, NINE + 2 * MINUTE, environment="staging"))
    assay.run()
    breach(assay, 9, project="sauna")
    found = overview(WEEK)
    by_place = {(one.project, one.environment): one for one in found.projects}
    assert found.projects[0].project == "sauna"  # whoever is in trouble comes first
    assert by_place.keys() == {("pool", "production"), ("pool", "staging"), ("sauna", "production")}
    pool, sauna = by_place["pool", "production"], by_place["sauna", "production"]
    assert pool.covered == Covered(logged=8, scored=8)
    assert pool.composite is not None
    assert pool.composite.now is not None
    assert sauna.composite is not None
    assert sauna.composite.now is not None
    assert pool.composite.now.mean > sauna.composite.now.mean + 0.2
    assert pool.incidents == ()
    assert [one.severity for one in sauna.incidents] == ["critical"]
    assert found.environments == ("production", "staging")
    assert found.settled_until == NINE + HOUR
    assert [one.environment for one in overview(WEEK, "staging").projects] == ["staging"]


def test_an_incident_of_a_project_in_all_its_environments_is_shown_in_each(assay: Installation) -> None:
    assay.log(*rows(2, NINE), *rows(2, NINE + MINUTE, environment="staging"))
    assay.run()
    told = result("Breached", 9, alertname="budget-spent", project="pool", category="cost")
    of_the_month = replace(told, labels={**told.labels, "environment": ""})
    with connect(assay.store) as connection:
        update_alerts([of_the_month], Alerts(connection), ROUTES, live=True)
    assert [len(one.incidents) for one in overview(WEEK).projects] == [1, 1]


def test_what_stays_in_quarantine_is_counted_for_its_project(assay: Installation) -> None:
    assay.log(*rows(5, NINE), *rows(2, NINE + MINUTE, input_tokens=-1))
    assay.run()
    [pool] = overview(WEEK).projects
    assert (pool.covered.logged, pool.covered.quarantined) == (5, 2)


def test_days_of_the_overview_begin_at_midnight_and_add_up_whatever_the_hour(assay: Installation) -> None:
    for days in (0, 1, 3):
        assay.log(*rows(4, NINE - days * DAY))
        assay.run(NINE - days * DAY)
    [pool] = overview(WEEK).projects
    assert pool.composite is not None
    assert pool.composite.now is not None
    told = {start: one.n for start, one in pool.composite.days if one}
    assert sum(told.values()) == pool.composite.now.n == 12
    assert all(start.hour == 0 for start, _ in pool.composite.days)
    assert len(pool.composite.days) == 14


def test_of_many_incidents_the_open_ones_and_the_newest_are_listed(assay: Installation) -> None:
    breach(assay, 1)
    with connect(assay.store) as connection:
        update_alerts([result("Ok", 2, project="pool")], Alerts(connection), ROUTES, live=True)
    for hour, name in ((3, "sauna"), (4, "bar")):
        breach(assay, hour, project=name)
    day = Window(MIDNIGHT, MIDNIGHT + DAY)
    with connect(assay.store) as connection:
        alerts = Alerts(connection)
        ids = alerts.told_during(day, 2)
        assert [alerts.incident(one).own[0].labels["project"] for one in ids] == ["bar", "sauna"]
        assert alerts.incidents(ids) == [alerts.incident(one) for one in ids]
        assert len(alerts.told_during(day, 9)) == 3
        assert len(alerts.told_during(day, 9, project="pool")) == 1
        assert alerts.told_during(day, 9, environment="nowhere") == []
    listed = incident_list(day, "production")
    assert (len(listed.found), listed.environments, listed.has_more) == (3, ("production",), False)
    assert incident_list(day, "nowhere").found == ()


def test_an_empty_store_has_an_overview(assay: Installation) -> None:
    found = overview(WEEK)
    assert (found.projects, found.settled_until) == ((), None)


def test_incidents_that_are_open_come_first_and_those_of_the_past_only_when_asked(assay: Installation) -> None:
    breach(assay, 1)
    with connect(assay.store) as connection:
        update_alerts([result("Ok", 2, project="pool")], Alerts(connection), ROUTES, live=True)
    breach(assay, 8, project="sauna", severity="warning")
    found = incidents(Window(MIDNIGHT, MIDNIGHT + DAY))
    assert [one.message.title for one in found] == ["sauna: faithfulness low", "pool: faithfulness low"]
    assert [one.incident.is_resolved for one in found] == [False, True]
    assert [one.message.title for one in incidents(Window(MIDNIGHT + 5 * HOUR, MIDNIGHT + DAY))] == [
        "sauna: faithfulness low"
    ]


def test_an_incident_is_told_with_examples_that_hide_what_is_private_and_with_what_people_said(
    assay: Installation,
) -> None:
    assay.log(*rows(6, NINE, answers=[f"{text} Write to jo@example.org." for text in WRONG]))
    assay.run()
    breach(assay, 9, category="quality")
    [one] = incidents(WEEK)
    oncall.pipeline.notify()
    oncall.acknowledge(one.incident.incident_id, "ada")
    oncall.silence("project=pool", HOUR, "bob", "known")
    found = incident(one.incident.incident_id)
    assert found.message.quotes
    assert "jo@example.org" not in "".join(found.message.quotes)
    facts = {fact.label: fact.value for fact in found.message.facts}
    assert facts["Acknowledged"].startswith("by ada")
    assert "by bob: known" in facts["Muted"]
    [listed] = incidents(WEEK)
    assert listed.is_muted
    assert any("ada" in event.text for event in found.history)


def test_an_incident_that_was_never_told_is_missing(assay: Installation) -> None:
    with pytest.raises(PageMissing, match="no incident nothing was told"):
        incident("nothing")

"""A day's incidents go in, one summary for each owner of those that routes want told once a day comes out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date

from include.domain.alert import Incident
from include.domain.message import Fact, Link, Message, Section
from include.notify.figures import duration
from include.notify.messages import leading_alert, measured, projects, what
from include.notify.routes import Routes

NOBODY = "nobody in particular"


def digests(incidents: Iterable[Incident], routes: Routes, day: date, ui_url: str) -> list[tuple[str | None, Message]]:
    """The channel (None: the default) and the summary of each owner who has something in it.

    Telling a day again edits what was told of it.
    """
    crowds: dict[tuple[str, str | None], list[Incident]] = defaultdict(list)
    for incident in incidents:
        route = routes.decide(incident.alerts[0].labels)
        if route.digest == "daily" and incident.severity.rank <= route.min_severity.rank:
            owner = leading_alert(incident).annotations.get("owner", "")
            crowds[owner, route.channel].append(incident)
    ordered = sorted(crowds.items(), key=lambda crowd: (crowd[0][0], crowd[0][1] or ""))
    return [(channel, _digest(owner, channel, members, day, ui_url)) for (owner, channel), members in ordered]


def _digest(owner: str, channel: str | None, incidents: list[Incident], day: date, ui_url: str) -> Message:
    going_on = [incident for incident in incidents if not incident.is_resolved]
    over = [incident for incident in incidents if incident.is_resolved]
    named = f"{day.day} {day:%b %Y}"
    count = f"{len(incidents)} incident{'s' * (len(incidents) != 1)}"
    return Message(
        key=" ".join(filter(None, ("digest", f"{day:%Y-%m-%d}", owner, channel))),
        title=f"{count} on {named}",
        severity=min((incident.severity for incident in incidents), key=lambda severity: severity.rank),
        summary=f"{len(going_on)} going on, {len(over)} over.",
        facts=(Fact("For", owner or NOBODY),),
        sections=tuple(
            Section(heading, tuple(map(_line, members)))
            for heading, members in (("Going on", going_on), ("Over", over))
            if members
        ),
        links=(Link("Rules and alerts", f"{ui_url.rstrip('/')}/dags/watch_quality/runs"),),
        footer="Told once a day, as routes.yaml says.",
        resolved=not going_on,
        owner=owner,
    )


def _line(incident: Incident) -> str:
    lead = leading_alert(incident)
    lasted = "lasted" if incident.is_resolved else "for"
    return (
        f"{lead.severity}, {projects(incident)}, {what(lead)}: {measured(lead)}, {lasted} {duration(incident.duration)}"
    )

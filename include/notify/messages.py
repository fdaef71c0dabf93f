"""An incident goes in, the message that tells on-call of it comes out: what, since when, how sure, whom, what to do."""

from __future__ import annotations

from collections.abc import Iterable

from include.domain.alert import Alert, Incident
from include.domain.message import Fact, Link, Message, Section
from include.notify.figures import duration, figure, interval, moment, span

NEXT_STEP = "Open the runs in Airflow and read the interactions that scored lowest in this window."


def incident_message(incident: Incident, ui_url: str) -> Message:
    """The incident as it stands; `ui_url` is where a person reaches Airflow."""
    lead = leading_alert(incident)
    explained = tuple(alert for alert in incident.alerts if alert.inhibited)
    sections = [
        Section("Alerts of this incident", _lines(incident.own) if len(incident.own) > 1 else ()),
        Section("Seen with it, and probably its consequence", _lines(explained)),
    ]
    return Message(
        key=incident.incident_id,
        title=f"{_projects(incident)}: {what(lead)}",
        severity=lead.severity,
        summary=lead.sentence,
        facts=(
            Fact("Lasted" if incident.is_resolved else "Since", _since(incident)),
            Fact("Measured", _measured(lead)),
            Fact("How sure", interval(lead.evidence, _unit(lead))),
            Fact("Affected", _affected(incident)),
            Fact("What to do", "Nothing: it is over." if incident.is_resolved else _what_to_do(lead)),
        ),
        sections=tuple(section for section in sections if section.items),
        links=_links(lead, ui_url),
        footer=f"Incident {incident.incident_id}, as of {moment(incident.updated_at)}",
        resolved=incident.is_resolved,
    )


def leading_alert(incident: Incident) -> Alert:
    """The alert that says best what broke.

    Of its own alerts that fire, or when all are over of all its own: the most severe, the one that is farthest from
    its reference in proportion to it, the earliest.
    """
    firing = [alert for alert in incident.own if alert.is_firing]
    return min(
        firing or incident.own,
        key=lambda alert: (alert.severity.rank, -_deviation(alert), alert.starts_at, alert.fingerprint),
    )


def what(alert: Alert) -> str:
    """What broke, in a few words."""
    words = alert.annotations.get("title") or alert.labels.get("alertname", "alert").replace("-", " ").replace("_", " ")
    dimension = alert.labels.get("dimension", "")
    return words if not dimension or dimension.lower() in words.lower() else f"{words} ({dimension})"


def _deviation(alert: Alert) -> float:
    value, reference = alert.evidence.value, alert.evidence.reference
    if value is None or reference is None:
        return 0.0
    return abs(value - reference) / max(abs(value), abs(reference), 1e-12)


def _since(incident: Incident) -> str:
    if incident.ends_at is not None:
        return f"{duration(incident.duration)}, {span(incident.starts_at, incident.ends_at)}"
    return f"{moment(incident.starts_at)}, for {duration(incident.duration)}"


def _measured(alert: Alert) -> str:
    unit = _unit(alert)
    parts = [figure(alert.evidence.value, unit)]
    if alert.evidence.reference is not None:
        parts.append(f"against {figure(alert.evidence.reference, unit)}")
    if alert.good and alert.recovery is not None and alert.recovery.value is not None:
        parts.append(f"now {figure(alert.recovery.value, unit)}")
    return ", ".join(parts)


def _unit(alert: Alert) -> str:
    return alert.annotations.get("unit", "")


def _projects(incident: Incident) -> str:
    found = sorted({alert.labels.get("project", "") for alert in incident.own} - {""})
    match found:
        case []:
            return "All projects"
        case [one]:
            return one
        case _:
            return f"{len(found)} projects"


def _affected(incident: Incident) -> str:
    """Projects, environments and segments of the alerts, each named once."""
    parts = []
    for label in ("project", "environment", "segment"):
        values = sorted({alert.labels.get(label, "") for alert in incident.alerts} - {""})
        if values:
            parts.append(", ".join(values))
    return "; ".join(parts) or "everything"


def _what_to_do(alert: Alert) -> str:
    runbook, owner = alert.annotations.get("runbook", ""), alert.annotations.get("owner", "")
    step = "Follow the runbook." if _is_address(runbook) else runbook or NEXT_STEP
    return f"{step} Owner: {owner}." if owner else step


def _links(alert: Alert, ui_url: str) -> tuple[Link, ...]:
    runbook = alert.annotations.get("runbook", "")
    links = [Link("Runbook", runbook)] if _is_address(runbook) else []
    base = ui_url.rstrip("/")
    return (
        *links,
        Link("Scoring runs", f"{base}/dags/score_interactions/runs"),
        Link("Rules and alerts", f"{base}/dags/watch_quality/runs"),
    )


def _is_address(text: str) -> bool:
    return text.startswith(("https://", "http://"))


def _lines(alerts: Iterable[Alert]) -> tuple[str, ...]:
    """The most severe first, then by project."""
    return tuple(map(_line, sorted(alerts, key=lambda a: (a.severity.rank, a.labels.get("project", ""), what(a)))))


def _line(alert: Alert) -> str:
    place = ", ".join(alert.labels[name] for name in ("project", "segment") if alert.labels.get(name)) or "all projects"
    ended = f"ended {moment(alert.ends_at)}" if alert.ends_at else f"since {moment(alert.starts_at)}"
    return f"{alert.severity}, {what(alert)}, {place}: {_measured(alert)}, {ended}"

"""Incidents with their alerts go in, one line of the report for each comes out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from include.domain.alert import Alert, Incident
from include.domain.message import Severity
from include.domain.report import IncidentWeek
from include.reports.formats import words


def incidents_of(found: Iterable[tuple[Incident, Mapping[str, str]]]) -> tuple[IncidentWeek, ...]:
    """Each incident as the report tells it; the mapping says of each episode what was found at its worst.

    What is no more than information, and was told to nobody, is no incident of the report either.
    """
    return tuple(_told(incident, worst) for incident, worst in found if incident.severity is not Severity.INFO)


def _told(incident: Incident, worst: Mapping[str, str]) -> IncidentWeek:
    lead = _lead(incident)
    return IncidentWeek(
        title=_what(lead),
        projects=_values(incident, "project"),
        environment=", ".join(_values(incident, "environment")),
        severity=lead.severity,
        starts_at=incident.starts_at,
        ends_at=incident.ends_at,
        until=incident.updated_at,
        sentence=worst.get(lead.episode, lead.sentence),
        alerts=tuple(dict.fromkeys(_what(alert) for alert in incident.alerts)),
        live=any(alert.live for alert in incident.alerts),
        cause=_cause(lead) or next(filter(None, map(_cause, incident.alerts)), ""),
    )


def _cause(alert: Alert) -> str:
    """What carries it and what changed at that time, as `include.domain.cause` writes it into the evidence."""
    cause = alert.evidence.details.get("cause")
    sentence = cause.get("sentence") if isinstance(cause, dict) else None
    return sentence if isinstance(sentence, str) else ""


def _lead(incident: Incident) -> Alert:
    """The alert that says best what broke: explained by no other, most severe, farthest off, earliest."""
    return min(
        incident.alerts, key=lambda a: (a.inhibited, a.severity.rank, -_deviation(a), a.starts_at, a.fingerprint)
    )


def _deviation(alert: Alert) -> float:
    value, reference = alert.evidence.value, alert.evidence.reference
    if value is None or reference is None:
        return 0.0
    return abs(value - reference) / max(abs(value), abs(reference), 1e-12)


def _what(alert: Alert) -> str:
    name = alert.annotations.get("title") or alert.labels.get("alertname", "alert")
    dimension = alert.labels.get("dimension", "")
    told = words(name.replace("-", " "))
    return told if not dimension or dimension.lower() in told.lower() else f"{told} ({words(dimension)})"


def _values(incident: Incident, label: str) -> tuple[str, ...]:
    return tuple(sorted({alert.labels.get(label, "") for alert in incident.alerts} - {""}))

"""An incident goes in, the message that tells on-call of it comes out: what, since when, how sure, whom, what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote, urlsplit

from include.domain.alert import Alert, Incident
from include.domain.message import Chart, Fact, Link, Message, Section, Verb
from include.notify.doubts import CATEGORY
from include.notify.figures import clock, duration, figure, interval, moment, span

MIN_POINTS = 2
"""A chart of fewer values shows nothing."""
NEXT_STEP = "Open the runs in Airflow and read the interactions that scored lowest in this window."


@dataclass(frozen=True, slots=True)
class Background:
    """What is known of an incident beside its alerts; looked up when its message is made.

    `trail` gives the ends of an alert's latest windows with what was measured in them, oldest first; `quotes` a few
    interactions that show what is wrong, redacted.
    """

    trail: Callable[[Alert], Sequence[tuple[datetime, float | None]]] = lambda alert: ()
    quotes: Callable[[Alert], Sequence[str]] = lambda alert: ()


ALERTS_ALONE = Background()


def incident_message(incident: Incident, ui_url: str, background: Background = ALERTS_ALONE) -> Message:
    """The incident as it stands; `ui_url` is where a person reaches Airflow."""
    lead = leading_alert(incident)
    explained = tuple(alert for alert in incident.alerts if alert.inhibited)
    sections = [
        Section("Alerts of this incident", _lines(incident.audible) if len(incident.audible) > 1 else ()),
        Section("Seen with it, and probably its consequence", _lines(explained)),
    ]
    return Message(
        key=incident.incident_id,
        title=f"{projects(incident)}: {what(lead)}",
        severity=lead.severity,
        summary=f"It is over. {lead.sentence}" if incident.is_resolved else lead.sentence,
        facts=(
            Fact("Lasted" if incident.is_resolved else "Since", _since(incident)),
            *_measured(lead),
            Fact("Affected", _affected(incident)),
            *_cause(lead),
            *_flapping(lead),
            *_standing(incident),
            Fact("What to do", "Nothing: it is over." if incident.is_resolved else _what_to_do(lead)),
        ),
        sections=tuple(section for section in sections if section.items),
        links=_links(lead, incident.incident_id, ui_url),
        footer=f"Incident {incident.incident_id}, as of {moment(incident.updated_at)}",
        resolved=incident.is_resolved,
        owner=lead.annotations.get("owner", ""),
        chart=_chart(lead, incident, background.trail(lead)),
        quotes=tuple(background.quotes(lead)),
        verbs=_verbs(incident),
    )


def leading_alert(incident: Incident) -> Alert:
    """The alert that says best what broke.

    Of its own alerts that fire and are not muted, or when all are over of all its own: the most severe, the one that
    is farthest from its reference in proportion to it, the earliest.
    """
    firing = [alert for alert in incident.audible if alert.is_firing]
    return min(
        firing or incident.audible,
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


def measured(alert: Alert) -> str:
    """The value, what it is held to, and where it is now when it is better."""
    unit = _unit(alert)
    told = figure(alert.evidence.value, unit)
    if alert.evidence.reference is not None:
        told += f" against {figure(alert.evidence.reference, unit)}"
    if alert.good and alert.recovery is not None and alert.recovery.value is not None:
        told += f", now {figure(alert.recovery.value, unit)}"
    return told


def _unit(alert: Alert) -> str:
    return alert.annotations.get("unit", "")


def projects(incident: Incident) -> str:
    """Whose incident it is, in a few words."""
    found = sorted({alert.labels.get("project", "") for alert in incident.own} - {""})
    match found:
        case []:
            is_ours = all(alert.labels.get("category") == CATEGORY for alert in incident.own)
            return "Assay" if is_ours else "All projects"
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


def _cause(alert: Alert) -> tuple[Fact, ...]:
    """Where it is worst and what changed, as `include.domain.cause` writes it into the evidence."""
    cause = alert.evidence.details.get("cause")
    sentence = cause.get("sentence") if isinstance(cause, dict) else None
    return (Fact("What changed", sentence),) if isinstance(sentence, str) and sentence else ()


def _measured(alert: Alert) -> tuple[Fact, ...]:
    """Nothing where nothing was measured: a task that failed has no figure."""
    if alert.evidence.value is None and not alert.evidence.n:
        return ()
    return (Fact("Measured", f"{measured(alert)}; {interval(alert.evidence, _unit(alert))}"),)


def _flapping(alert: Alert) -> tuple[Fact, ...]:
    told = alert.annotations.get("flapping", "")
    return (Fact("Flapping", told),) if told else ()


def _verbs(incident: Incident) -> tuple[Verb, ...]:
    """What is left to do about it."""
    if incident.is_resolved:
        return (Verb.NOT_USEFUL,)
    return tuple(verb for verb in Verb if verb is not Verb.ACKNOWLEDGE or incident.acknowledged is None)


def _standing(incident: Incident) -> tuple[Fact, ...]:
    """What people decided about it."""
    facts = []
    if incident.acknowledged is not None:
        facts.append(Fact("Acknowledged", f"by {incident.acknowledged.who}, {moment(incident.acknowledged.at)}"))
    if incident.muted:
        count = f"{len(incident.muted)} of {len(incident.alerts)} alerts: " if len(incident.alerts) > 1 else ""
        facts.append(Fact("Muted", count + "; ".join(sorted(set(incident.muted.values())))))
    return tuple(facts)


def _chart(alert: Alert, incident: Incident, trail: Sequence[tuple[datetime, float | None]]) -> Chart | None:
    title = ", ".join(filter(None, (what(alert), alert.labels.get("project"), alert.labels.get("segment"), "UTC")))
    known = [(at, value) for at, value in trail if value is not None]
    if len(known) < MIN_POINTS:
        return None
    unit = _unit(alert)
    values = [value for _, value in known]
    (first, was), (last, now) = known[0], known[-1]
    alt = (
        f"{title}: {figure(was, unit)} on {clock(first)}, {figure(now, unit)} on {clock(last)}; "
        f"lowest {figure(min(values), unit)}, highest {figure(max(values), unit)}, "
        f"expected {figure(alert.evidence.reference, unit)}"
    )
    return Chart(title, tuple(trail), alt, alert.evidence.reference, incident.starts_at, incident.ends_at, unit)


def _what_to_do(alert: Alert) -> str:
    runbook = alert.annotations.get("runbook", "")
    return "Follow the runbook." if _is_address(runbook) else runbook or NEXT_STEP


def _links(alert: Alert, incident_id: str, ui_url: str) -> tuple[Link, ...]:
    runbook = alert.annotations.get("runbook", "")
    links = [Link("Runbook", runbook)] if _is_address(runbook) else []
    links += [Link("Log", log)] if _is_address(log := alert.annotations.get("log", "")) else []
    base = ui_url.rstrip("/")
    page = alert.annotations.get("evidence", "")
    return (
        Link("This incident", incident_page(base, incident_id)),
        *links,
        *([Link("What drifted", f"{base}{page}")] if page.startswith("/") else []),
        Link("Scoring runs", f"{base}/dags/score_interactions/runs"),
        Link("Rules and alerts", f"{base}/dags/watch_quality/runs"),
    )


def incident_page(ui_url: str, incident_id: str) -> str:
    """Where the incident stands inside Airflow, whose address of a plugin's page ends with the page's own path."""
    return quality_page(ui_url, f"incidents/{quote(incident_id, safe='')}")


def quality_page(ui_url: str, path: str) -> str:
    """Where a page of ours stands inside Airflow; `path` is what follows the address of the pages."""
    return f"{ui_url}/plugin/quality{urlsplit(ui_url).path}/assay/quality/{path}"


def _is_address(text: str) -> bool:
    return text.startswith(("https://", "http://"))


def _lines(alerts: Iterable[Alert]) -> tuple[str, ...]:
    """The most severe first, then by project."""
    return tuple(map(_line, sorted(alerts, key=lambda a: (a.severity.rank, a.labels.get("project", ""), what(a)))))


def _line(alert: Alert) -> str:
    place = ", ".join(alert.labels[name] for name in ("project", "segment") if alert.labels.get(name)) or "all projects"
    ended = f"ended {clock(alert.ends_at)}" if alert.ends_at else f"since {clock(alert.starts_at)}"
    return f"{alert.severity}, {what(alert)}, {place}: {measured(alert)}, {ended}"

"""What broke, told in full: incidents of a stretch of time, and each with its evidence, examples and history."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

import psycopg

from include import settings as configuration
from include.adapters.postgres.alerts import Alerts
from include.adapters.postgres.incident_facts import IncidentFacts
from include.adapters.yaml_file import load
from include.assembly import mutes, now, open_store
from include.background import background
from include.domain.alert import Alert, Incident, Verdict
from include.domain.interaction import Window
from include.domain.message import Message
from include.errors import PageMissing
from include.judges.judging import JudgingFile
from include.notify.messages import incident_message
from include.notify.silences import Mutes
from include.notify.thread import Event, history


@dataclass(frozen=True, slots=True)
class Headline:
    """One incident in a list: its message without charts and examples, and whether it is told to nobody now."""

    incident: Incident
    message: Message

    @property
    def is_muted(self) -> bool:
        """Whether all that fires in it is muted."""
        firing = [alert for alert in self.incident.own if alert.is_firing]
        return bool(firing) and all(alert.episode in self.incident.muted for alert in firing)


@dataclass(frozen=True, slots=True)
class Dossier:
    """All that is known of one incident; `history` is oldest first."""

    incident: Incident
    message: Message
    history: tuple[Event, ...]
    verdicts: tuple[Verdict, ...] = field(default=())


def incidents(window: Window) -> list[Headline]:
    """Live incidents that were open in the window: those that are open first, then the newest."""
    settings = configuration.for_the_store()
    with open_store(settings) as store:
        by_incident: dict[str, list[Alert]] = defaultdict(list)
        for alert in Alerts(store).during(window):
            if alert.live and alert.incident_id is not None:
                by_incident[alert.incident_id].append(alert)
        muted = mutes(settings, store)
        found = [_standing(store, incident_id, muted) for incident_id in by_incident]
    told = [Headline(incident, incident_message(incident, settings.ui_url)) for incident in found]
    newest_first = sorted(told, key=lambda one: one.incident.starts_at, reverse=True)
    return sorted(newest_first, key=lambda one: (one.incident.is_resolved, one.is_muted, one.message.severity.rank))


def incident(incident_id: str) -> Dossier:
    """One incident with what was logged while it lasted, redacted; raises `PageMissing`."""
    settings = configuration.for_the_store()
    with open_store(settings) as store:
        found, facts = _standing(store, incident_id, mutes(settings, store)), IncidentFacts(store)
        known = background(facts, load(settings.judging, JudgingFile))
        message = incident_message(found, settings.ui_url, known)
        verdicts = facts.verdicts(incident_id)
    return Dossier(found, message, tuple(history(found, verdicts)), tuple(verdicts))


def _standing(store: psycopg.Connection, incident_id: str, muted: Mutes) -> Incident:
    """The incident as it stands, with what is muted in it."""
    try:
        return muted.apply(Alerts(store).incident(incident_id), None, now())
    except KeyError:
        raise PageMissing(f"no incident {incident_id} was told") from None

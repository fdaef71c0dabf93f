"""What broke, told in full: incidents of a stretch of time, and each with its evidence, examples and history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import psycopg

from include import settings as configuration
from include.adapters.postgres.alerts import Alerts
from include.adapters.postgres.incident_facts import IncidentFacts
from include.adapters.yaml_file import load
from include.assembly import mutes, now
from include.background import background
from include.domain.alert import Incident, Verdict
from include.domain.interaction import Window
from include.domain.message import Message
from include.errors import PageMissing
from include.judges.judging import JudgingFile
from include.notify.messages import incident_message
from include.notify.silences import Mutes
from include.notify.thread import Event, history
from include.pages.reading import reading
from include.settings import Settings

MOST = 200
"""Incidents that are listed at once."""


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
class IncidentList:
    """Incidents of a window, in one environment or in all; `environments` are all that any of the window names.

    `has_more`: there are more than `MOST`, of which the open ones come first, then the newest.
    """

    found: tuple[Headline, ...] = ()
    environments: tuple[str, ...] = ()
    has_more: bool = False


@dataclass(frozen=True, slots=True)
class Dossier:
    """All that is known of one incident; `history` is oldest first."""

    incident: Incident
    message: Message
    history: tuple[Event, ...]
    verdicts: tuple[Verdict, ...] = field(default=())


def incident_list(window: Window, environment: str = "") -> IncidentList:
    """Live incidents that were open in the window, in that environment or in all ("")."""
    settings = configuration.for_the_store()
    with reading(settings) as store:
        ids = Alerts(store).told_during(window, MOST + 1, environment=environment)
        environments = Alerts(store).environments(window)
        found = _headlines(store, settings, ids[:MOST])
    return IncidentList(tuple(found), tuple(environments), len(ids) > MOST)


def incidents(window: Window, project: str = "") -> list[Headline]:
    """Up to `MOST` live incidents that were open in the window, of that project or of all ("")."""
    settings = configuration.for_the_store()
    with reading(settings) as store:
        return _headlines(store, settings, Alerts(store).told_during(window, MOST, project=project))


def _headlines(store: psycopg.Connection, settings: Settings, ids: Sequence[str]) -> list[Headline]:
    """Those that are open first, then the newest."""
    muted, at = mutes(settings, store), now()
    found = [muted.apply(one, None, at) for one in Alerts(store).incidents(ids)]
    told = [Headline(incident, incident_message(incident, settings.ui_url)) for incident in found]
    newest_first = sorted(told, key=lambda one: one.incident.starts_at, reverse=True)
    return sorted(newest_first, key=lambda one: (one.incident.is_resolved, one.is_muted, one.message.severity.rank))


def incident(incident_id: str) -> Dossier:
    """One incident with what was logged while it lasted, redacted; raises `PageMissing`."""
    settings = configuration.for_the_store()
    with reading(settings) as store:
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

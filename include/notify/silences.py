"""Silences, planned maintenance and an incident go in; the incident with what is muted in it, and why, comes out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from include.domain.alert import Alert, Incident, Told
from include.domain.message import Severity
from include.domain.silence import Matcher, Operator, Silence
from include.notify.figures import moment
from include.notify.maintenance import Maintenance

INCIDENT = "incident"
"""Beside its labels an alert is matched by the id of its incident, which is how one incident is snoozed."""
ENDED = "ended while it was muted"


@dataclass(frozen=True, slots=True)
class Mutes:
    """What keeps alerts from being told: planned maintenance before silences."""

    maintenance: Maintenance = field(default_factory=Maintenance)
    silences: Sequence[Silence] = ()

    def apply(self, incident: Incident, told: Told | None, now: datetime) -> Incident:
        """The incident with the reason of every alert that is muted.

        One that ended while it was muted stays so: nobody was told of it. The end of one that people know of is told.
        """
        known = told.firing | told.resolved if told else frozenset[str]()
        hidden = told.muted if told else frozenset[str]()
        muted = {}
        for alert in incident.alerts:
            if alert.is_firing:
                muted[alert.episode] = self.why(alert, now)
            elif alert.episode in hidden or (alert.episode not in known and self.why(alert, now)):
                muted[alert.episode] = ENDED
        return replace(incident, muted={episode: why for episode, why in muted.items() if why})

    def why(self, alert: Alert, now: datetime) -> str:
        """Why the alert is not told now, in words; "" where it is."""
        if stretch := self.maintenance.of(alert, now):
            return f"planned maintenance ({stretch.name}) until {moment(stretch.end)}"
        labels = {**alert.labels, INCIDENT: alert.incident_id or ""}
        silence = next((one for one in self.silences if one.mutes(labels, now)), None)
        if silence is None:
            return ""
        return f"silenced until {moment(silence.ends_at)} by {silence.author}: {silence.comment}"


def snooze_matchers(incident: Incident) -> tuple[Matcher, ...]:
    """What matches the incident and whatever joins it, except what is more severe than all that it holds now."""
    louder = [severity.value for severity in Severity if severity.rank < incident.severity.rank]
    return (
        Matcher(INCIDENT, Operator.EQUAL, incident.incident_id),
        *(Matcher("severity", Operator.NOT_EQUAL, name) for name in louder),
    )


def in_words(silence: Silence) -> str:
    """One line that tells a person what is silenced, until when, by whom and why."""
    matchers = " ".join(map(str, silence.matchers))
    start, end = moment(silence.starts_at), moment(silence.ends_at)
    return f"{silence.silence_id}  {matchers}  {start} to {end}  {silence.author}: {silence.comment}"

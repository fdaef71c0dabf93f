"""Alerts that fire go in, the incident that each belongs to comes out.

Alerts with the same values of their route's `group_by` labels are one incident while any of them fires. An alert
that starts in many projects at once is one incident of all of them. What a broken input explains is shown inside
the incident of that input.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from include.domain.alert import Alert
from include.notify.routes import InhibitRule, Routes, matches

Group = tuple[tuple[str, str], ...]
"""Labels with their values; alerts of one group are one incident."""


def place(alerts: Sequence[Alert], routes: Routes) -> list[Alert]:
    """The alerts whose place changed, with their incident.

    `alerts` are all that fire, and those that this window resolved: a successor of theirs goes on with their
    incident. An alert keeps its incident for good, except one that was inhibited and outlives what explained it.
    """
    explained = inhibitors(alerts, routes.inhibit)
    risen = _rise(alerts, explained, routes)
    alerts = [risen.get(alert.episode, alert) for alert in alerts]
    residents = [alert for alert in alerts if alert.incident_id is not None and not alert.inhibited]
    homeless = [alert for alert in alerts if alert.is_firing and alert.incident_id is None]
    homeless += [alert for alert in alerts if _outlived(alert, routes.outlives) and alert.episode not in explained]
    homeless.sort(key=lambda alert: (alert.starts_at, alert.fingerprint))

    own = _settle([alert for alert in homeless if alert.episode not in explained], residents, routes)
    homes = {alert.episode: alert.incident_id for alert in [*alerts, *own]}
    inhibited = [
        replace(
            alert,
            incident_id=alert.incident_id or homes[explained[alert.episode].episode],
            explained_at=alert.breached_at,
        )
        for alert in alerts
        if alert.episode in explained and (alert.incident_id is None or alert.inhibited)
    ]
    return [*risen.values(), *own, *inhibited]


def _rise(alerts: Sequence[Alert], explained: Mapping[str, Alert], routes: Routes) -> dict[str, Alert]:
    """By episode the alerts that were explained by one of their own group and no longer are: its incident is theirs."""
    groups = {(alert.incident_id, _group(alert, routes)) for alert in alerts if not alert.inhibited}
    return {
        alert.episode: replace(alert, explained_at=None)
        for alert in alerts
        if alert.is_firing
        and alert.inhibited
        and alert.episode not in explained
        and (alert.incident_id, _group(alert, routes)) in groups
    }


def _outlived(alert: Alert, outlives: timedelta) -> bool:
    return alert.is_breached and alert.explained_at is not None and alert.breached_at - alert.explained_at >= outlives


def inhibitors(alerts: Sequence[Alert], rules: Iterable[InhibitRule]) -> dict[str, Alert]:
    """Episode -> the alert that explains it, for every alert that another explains.

    A source explains what was breached in the same window as itself, unless it is explained itself.
    Rules that stand earlier win.
    """
    explained: dict[str, Alert] = {}
    breached = [alert for alert in alerts if alert.is_breached]
    for rule in rules:
        sources = {
            _shared(source, rule): source
            for source in breached
            if matches(rule.source, source.labels) and source.episode not in explained
        }
        for target in breached:
            source = sources.get(_shared(target, rule))
            if source and matches(rule.target, target.labels) and not matches(rule.source, target.labels):
                explained.setdefault(target.episode, source)
    return explained


def _shared(alert: Alert, rule: InhibitRule) -> tuple[object, ...]:
    return (alert.breached_at, *(alert.labels.get(name, "") for name in rule.equal))


def _settle(homeless: Sequence[Alert], residents: Sequence[Alert], routes: Routes) -> list[Alert]:
    """Each of `homeless` with the incident that takes it in, or with a new one."""
    homes = _homes(residents, routes)
    for spread, crowd in _by_spread(homeless, routes).items():
        newcomers = [alert for alert in crowd if spread not in homes and _group(alert, routes) not in homes]
        if len(_projects(newcomers)) >= routes.widespread:
            name = _name(spread, newcomers)
            homes |= {spread: name} | {_group(alert, routes): name for alert in newcomers}
    settled = []
    for alert in homeless:
        group = _group(alert, routes)
        home = homes.get(group) or homes.get(_spread(alert, routes)) or _name(group, [alert])
        homes[group] = home
        settled.append(replace(alert, incident_id=home, explained_at=None))
    return settled


def _homes(residents: Sequence[Alert], routes: Routes) -> dict[Group, str]:
    """Open incidents by every group of alerts that they take in."""
    homes = {_group(alert, routes): str(alert.incident_id) for alert in residents}
    for spread, crowd in _by_spread(residents, routes).items():
        for incident_id in {str(alert.incident_id) for alert in crowd}:
            if len(_projects(a for a in crowd if a.incident_id == incident_id)) >= routes.widespread:
                homes[spread] = incident_id
    return homes


def _by_spread(alerts: Iterable[Alert], routes: Routes) -> dict[Group, list[Alert]]:
    crowds: dict[Group, list[Alert]] = defaultdict(list)
    for alert in alerts:
        crowds[_spread(alert, routes)].append(alert)
    return crowds


def _projects(alerts: Iterable[Alert]) -> set[str]:
    return {alert.labels.get("project", "") for alert in alerts}


def _group(alert: Alert, routes: Routes) -> Group:
    return tuple((name, alert.labels.get(name, "")) for name in routes.decide(alert.labels).group_by)


def _spread(alert: Alert, routes: Routes) -> Group:
    """The group that the same alert has in every project."""
    wide = tuple(pair for pair in _group(alert, routes) if pair[0] != "project")
    return (*wide, ("alertname", alert.labels.get("alertname", "")))


def _name(group: Group, alerts: Sequence[Alert]) -> str:
    """An incident's id: when it started and what its alerts share; sorts by time and names a file well."""
    start = min(alert.starts_at for alert in alerts)
    shared = (" ".join(value.split()) for _, value in group)
    return "_".join([f"{start:%Y-%m-%dT%H%MZ}", *filter(None, shared)])

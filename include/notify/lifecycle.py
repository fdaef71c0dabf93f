"""An alert's newest episode and what its rule says of one more window go in; the episode after it comes out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from include.domain.alert import Alert, AlertState
from include.domain.rule import RuleOutcome, RuleResult


class Step(StrEnum):
    """What a window did to an alert."""

    NOTHING = "nothing"
    """There is no open episode, and no reason for one."""
    STALE = "stale"
    """The window was taken into account before, or is older than one that was: the past changes nothing."""
    HELD = "held"
    """Open, and still as it was: breached again, not good for long enough, or nobody can tell."""
    PENDING = "pending"
    FIRED = "fired"
    RESOLVED = "resolved"
    VANISHED = "vanished"
    """It was pending and turned out good: there was no episode."""


@dataclass(frozen=True, slots=True)
class Transition:
    """What happened, and the newest episode after it; None where there is none."""

    step: Step
    alert: Alert | None


def advance(alert: Alert | None, result: RuleResult, live: bool) -> Transition:
    """Take one window into account; `alert` is the newest episode of the result's fingerprint, open or over.

    Only `Ok` is good news: `NoData` and `Error` leave an open episode as it is and break no row of breached windows.
    An episode of the past becomes live when a live window is breached in it.
    """
    if alert is not None and result.window.end <= alert.updated_at:
        return Transition(Step.STALE, alert)
    episode = alert if alert is not None and alert.is_open else None
    if result.outcome is RuleOutcome.BREACHED:
        return _breached(episode, result, live)
    if episode is None:
        return Transition(Step.NOTHING, alert)
    if result.outcome is RuleOutcome.OK:
        return _good(episode, result)
    return Transition(Step.HELD, replace(episode, updated_at=result.window.end))


def _breached(episode: Alert | None, result: RuleResult, live: bool) -> Transition:
    before = episode or _opened(result)
    alert = replace(
        before,
        sentence=result.sentence,
        evidence=result.evidence,
        annotations=dict(result.annotations),
        live=before.live or live,
        breached=before.breached + 1,
        breached_at=result.window.end,
        updated_at=result.window.end,
        good=0,
        good_since=None,
    )
    if alert.inhibited and alert.live and not before.live:
        # What explained it in the past is told to nobody, and so explains nothing to anybody.
        alert = replace(alert, incident_id=None, explained_at=None)
    if alert.is_firing:
        return Transition(Step.HELD, alert)
    if alert.breached < result.for_windows:
        return Transition(Step.PENDING, alert)
    return Transition(Step.FIRED, replace(alert, state=AlertState.FIRING, fired_at=result.window.end))


def _opened(result: RuleResult) -> Alert:
    """An episode before its first breached window is counted."""
    return Alert(
        fingerprint=result.fingerprint,
        starts_at=result.window.start,
        state=AlertState.PENDING,
        labels=dict(result.labels),
        sentence=result.sentence,
        evidence=result.evidence,
        live=False,
        breached_at=result.window.end,
        updated_at=result.window.end,
    )


def _good(episode: Alert, result: RuleResult) -> Transition:
    if not episode.is_firing:
        return Transition(Step.VANISHED, None)
    better = replace(
        episode,
        good=episode.good + 1,
        good_since=episode.good_since or result.window.start,
        recovery=result.evidence,
        annotations=dict(result.annotations),
        updated_at=result.window.end,
    )
    if better.good < result.keep_firing_for:
        return Transition(Step.HELD, better)
    return Transition(Step.RESOLVED, replace(better, state=AlertState.RESOLVED, ends_at=better.good_since))

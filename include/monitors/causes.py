"""Breached results of a window go in; they come out with `evidence.details["cause"]`: what carries the breach."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from include.domain.cause import Arrival, Cause
from include.domain.interaction import Json, Window
from include.domain.observation import Scope
from include.domain.ports import CauseReader
from include.domain.rule import Evidence, RuleOutcome, RuleResult
from include.domain.run import COMPOSITE, Epochs
from include.domain.segment import whole_hours
from include.monitors.cause_search import Breach, WeightsOf, search
from include.monitors.measured import as_share, by_weights, scope_of, segment_of
from include.monitors.rules import LevelRule, Rules, SpendRule, VolumeRule
from include.monitors.totals import same_hours, search_totals

log = logging.getLogger(__name__)

MOST_ROWS = 5_000
"""Interactions that are read of now, and as many of before; of more, those whose ids have the smallest hashes."""
MOST_SEARCHES = 20
"""In one window; the others of its breaches stay without a cause until their next window."""
GROWN = 1.25
"""A cause is looked for again once the evidence holds so many times as many interactions."""
NO_PAST = timedelta(days=14)
"""How far back a rule with a target is compared, which has no past of its own."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What a search needs: where it reads, the weights of a project's composite, which values people may be told."""

    reader: CauseReader
    weights: WeightsOf
    may_tell: Callable[[str], bool]


def with_causes(rules: Rules, results: Sequence[RuleResult], epochs: Epochs, desk: Desk) -> list[RuleResult]:
    """The same results; those of levels, volume and spend that are breached say what carries it.

    What the window before found stands while its evidence does. A search that breaks is logged and left out.
    """
    known = {rule.name: rule for rule in rules.rules if isinstance(rule, LevelRule | VolumeRule | SpendRule)}
    left, found = MOST_SEARCHES, []
    for one in results:
        rule = known.get(one.rule)
        if one.outcome is not RuleOutcome.BREACHED or rule is None:
            found.append(one)
            continue
        try:
            before = desk.reader.previous(one.rule, one.fingerprint, one.window.start)
            cause = _still_stands(before, one.evidence, slides=isinstance(rule, SpendRule))
            if cause is None and left:
                left -= 1
                cause = _searched(rule, one, epochs, desk)
        except Exception as error:  # a cause is extra: whatever breaks it, the alert must not wait
            log.warning("no cause of %s: %s", one.rule, type(error).__name__)
            cause = None
        found.append(_told(one, cause))
    return found


def _told(one: RuleResult, cause: dict[str, Json] | None) -> RuleResult:
    if cause is None:
        return one
    return replace(one, evidence=replace(one.evidence, details={**one.evidence.details, "cause": cause}))


def _still_stands(before: Evidence | None, now: Evidence, *, slides: bool) -> dict[str, Json] | None:
    """The cause that was found, if the breach is the same and has not grown much; one that slides overlaps itself."""
    cause = before.details.get("cause") if before else None
    since = now.details.get("since")
    if not isinstance(cause, dict) or before is None or since is None:
        return None
    if before.details.get("since") != since and not (slides and str(before.details.get("until", "")) > str(since)):
        return None
    looked_at = cause.get("n")
    grown = not isinstance(looked_at, int) or min(now.n, MOST_ROWS) >= GROWN * looked_at
    return None if grown else cause


def _searched(
    rule: LevelRule | VolumeRule | SpendRule, one: RuleResult, epochs: Epochs, desk: Desk
) -> dict[str, Json] | None:
    if "since" in one.evidence.details:
        since, until = (datetime.fromisoformat(str(one.evidence.details[key])) for key in ("since", "until"))
        span = Window(since, until)
    else:
        span = whole_hours(one.window)
    cause = (
        _of_level(rule, one, span, epochs, desk) if isinstance(rule, LevelRule) else _of_total(rule, one, span, desk)
    )
    return cause.to_json() if cause else None


def _of_total(rule: VolumeRule | SpendRule, one: RuleResult, span: Window, desk: Desk) -> Cause | None:
    scope = Scope({**rule.where, **segment_of(rule.by, one.labels)}, rule.test)
    return search_totals(
        desk.reader.totals(scope, span, same_hours(span)),
        sign=1 if isinstance(rule, SpendRule) else -1,
        since=span.start,
        changes=_changes(desk, scope, span, rule.trailing),
        may_tell=desk.may_tell,
    )


def _changes(desk: Desk, scope: Scope, span: Window, back: timedelta) -> list[Arrival]:
    return [one for one in desk.reader.arrivals(scope, span.start, back) if desk.may_tell(one.value)]


def _of_level(rule: LevelRule, one: RuleResult, span: Window, epochs: Epochs, desk: Desk) -> Cause | None:
    details, back = one.evidence.details, rule.trailing or NO_PAST
    scope = scope_of(rule, one.labels, epochs)
    if scope is None:
        return None
    past = rule.baseline.window if rule.baseline else span.before(back)
    given = desk.weights if rule.measure == COMPOSITE else None
    now, before = (by_weights(desk.reader.observations(scope, window, MOST_ROWS), given) for window in (span, past))
    if rule.is_share:
        now, before = as_share(rule, now, before)
    dispersion = details.get("dispersion")
    breach = Breach(
        since=span.start,
        sign=-1 if rule.falls else 1,
        standard=one.evidence.reference,
        least=rule.min_effect / 2,
        dispersion=dispersion if isinstance(dispersion, float) else 1.0,
        changes=_changes(desk, scope, span, back),
        weights=None if rule.is_share else given,
        may_tell=desk.may_tell,
    )
    return search(breach, now, before)

"""Shifts of scores under disguises go in; whether a judge gives for what must not count comes out."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

from include.domain.probe import RISES_ONLY, ShiftTally
from include.domain.rule import Evidence, RuleOutcome
from include.domain.run import Epochs
from include.monitors.intervals import detectable
from include.monitors.result import Finding, no_data
from include.monitors.rules import ProbeRule


def judge(rule: ProbeRule, tallies: Sequence[ShiftTally], epochs: Epochs) -> list[Finding]:
    """One finding for each probe and dimension; of several judges in force, that of the one that was moved furthest."""
    found: dict[tuple[str, str], list[Finding]] = {}
    for tally in tallies:
        if tally.epoch in epochs.every(tally.dimension):
            found.setdefault((tally.probe, tally.dimension), []).append(_finding(rule, tally))
    return [max(several, key=_gravity) for several in found.values()] or [
        no_data((), "nothing was probed of the judges in force")
    ]


def _gravity(found: Finding) -> tuple[bool, bool, float]:
    known = found.evidence.value is not None
    return found.outcome is RuleOutcome.BREACHED, known, abs(found.evidence.value or 0.0)


def _finding(rule: ProbeRule, tally: ShiftTally) -> Finding:
    segment = (tally.probe,)
    if tally.n < rule.min_n or tally.variance is None:
        told = f"{tally.n} interactions were probed, of {rule.min_n} that are needed"
        return no_data(segment, told, n=tally.n, dimension=tally.dimension)
    low, high = _interval(tally.mean, tally.variance, tally.n, rule.confidence)
    fell = high < -rule.min_effect and tally.probe not in RISES_ONLY
    breached = low > rule.min_effect or fell
    evidence = Evidence(
        value=tally.mean,
        reference=0.0,
        low=low,
        high=high,
        confidence=rule.confidence,
        n=tally.n,
        detectable=rule.min_effect + (detectable(tally.variance, tally.n, (1 - rule.confidence) / 2) or 0.0),
        details={"probe": tally.probe, "epoch": tally.epoch},
    )
    sentence = (
        f"it moves {tally.dimension} by {tally.mean:+.2f} on average "
        f"({rule.confidence:.0%} sure: {low:+.2f} to {high:+.2f}; {tally.n} interactions)"
    )
    return Finding(segment, RuleOutcome.BREACHED if breached else RuleOutcome.OK, evidence, sentence, tally.dimension)


def _interval(mean: float, variance: float, n: int, confidence: float) -> tuple[float, float]:
    """Student's interval of a mean of shifts, within [-1, 1]."""
    from scipy.special import stdtrit

    half = float(stdtrit(n - 1, (1 + confidence) / 2)) * sqrt(variance / n)
    return max(-1.0, mean - half), min(1.0, mean + half)

"""Rules, a settled window and what the store knows of it go in; one `RuleResult` per rule and segment comes out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from include.domain.interaction import Window
from include.domain.ports import SegmentReader
from include.domain.rule import Evidence, RuleOutcome, RuleResult
from include.domain.run import CoverageLedger
from include.domain.segment import SegmentRow, whole_hours
from include.monitors import coverage, drift, level, spend, volume
from include.monitors.hours import evidence_span
from include.monitors.result import Finding, no_data, result
from include.monitors.rules import UNSCORED, CoverageRule, DriftRule, LevelRule, Rule, Rules, SpendRule, VolumeRule

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SAMPLE = 2_000
"""How many past scores of a segment a drift test reads at most."""


@dataclass(frozen=True, slots=True)
class Settled:
    """A settled run as the rules see it.

    `epochs` names who judged: dimension -> epoch of its judge, and composite -> identity of the set of judges.
    """

    window: Window
    ledger: CoverageLedger
    epochs: Mapping[str, str]


def evaluate(rules: Rules, run: Settled, segments: SegmentReader) -> list[RuleResult]:
    """Every rule that is due over the run's window; a rule that breaks is an `Error` and stops no other."""
    return [result(rule, run.window, found) for rule in rules.rules for found in _survived(rule, run, segments)]


def _survived(rule: Rule, run: Settled, segments: SegmentReader) -> list[Finding]:
    try:
        return _findings(rule, run, segments)
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        told = f"the rule broke: {type(error).__name__}: {error}"
        return [Finding((), RuleOutcome.ERROR, Evidence(details={"reason": told}), told)]


def _findings(rule: Rule, run: Settled, segments: SegmentReader) -> list[Finding]:
    match rule:
        case CoverageRule():
            return [coverage.judge(run.ledger)]
        case LevelRule():
            return _level(rule, run, segments)
        case VolumeRule():
            span = evidence_span(run.window, rule.over)
            past = span.before(rule.trailing)
            return volume.judge(
                rule,
                run.window,
                segments.read("volume", span, rule.by, HOUR),
                segments.read("volume", past, rule.by, HOUR),
                segments.settled_hours(Window(past.start, span.end)),
            )
        case SpendRule():
            hours = whole_hours(run.window)
            past = hours.before(rule.trailing)
            return spend.judge(
                rule,
                run.window,
                segments.read("spend", hours, rule.by, HOUR),
                segments.read("spend", past, rule.by, HOUR),
                segments.settled_hours(past),
            )
        case DriftRule():
            return _drift(rule, run, segments)


def _level(rule: LevelRule, run: Settled, segments: SegmentReader) -> list[Finding]:
    dimension = "" if rule.measure in UNSCORED else rule.measure
    epoch = run.epochs.get(dimension, "") if dimension else ""
    if dimension and not epoch:
        return [no_data((), f"no judge of {dimension} took part in this run", dimension=dimension)]
    span = evidence_span(run.window, rule.over)
    rows = segments.read(rule.measure, span, rule.by, HOUR)
    past = segments.read(rule.measure, span.before(rule.trailing), rule.by, DAY) if rule.trailing else []
    found = level.judge(rule, run.window, _of_epoch(rows, epoch), _of_epoch(past, epoch))
    others = {row.segment: row.epoch for row in past if row.epoch != epoch}
    return [replace(_explained(one, epoch, others), dimension=dimension) for one in found]


def _of_epoch(rows: Sequence[SegmentRow], epoch: str) -> list[SegmentRow]:
    return [row for row in rows if row.epoch == epoch]


def _explained(found: Finding, epoch: str, others: Mapping[tuple[str, ...], str]) -> Finding:
    """A segment that lacks a reference only because another judge gave it says so: two epochs are never pooled."""
    other = others.get(found.segment)
    if found.outcome is not RuleOutcome.NO_DATA or found.evidence.n or other is None:
        return found
    return no_data(found.segment, f"{found.sentence}; judge {other} gave the earlier scores, {epoch} judges now")


def _drift(rule: DriftRule, run: Settled, segments: SegmentReader) -> list[Finding]:
    if not drift.is_due(rule, run.window):
        return []
    return drift.judge(rule, drift_samples(rule, run, segments))


def drift_samples(rule: DriftRule, run: Settled, segments: SegmentReader) -> list[drift.Sample]:
    """What a drift rule compares: all scores of now, and at most `SAMPLE` of the past, of each segment."""
    span = evidence_span(run.window, rule.over)
    samples = []
    for measure in rule.measures:
        epoch = run.epochs.get(measure, "")
        now = segments.values(measure, span, rule.by, epoch, SAMPLE)
        past = segments.values(measure, span.before(rule.trailing), rule.by, epoch, SAMPLE)
        samples += [
            drift.Sample(measure, segment, now.get(segment, ()), past.get(segment, ()))
            for segment in sorted(now.keys() | past.keys())
        ]
    return samples

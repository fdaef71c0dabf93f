"""Rules, a settled window and what the store knows of it go in; one `RuleResult` per rule and segment comes out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from include.domain.budget import JudgeBudget
from include.domain.interaction import Window
from include.domain.ports import SegmentReader
from include.domain.probe import ShiftTally
from include.domain.rule import Evidence, RuleOutcome, RuleResult
from include.domain.run import CoverageLedger, Epochs
from include.domain.segment import SegmentRow, whole_hours
from include.monitors import budget, coverage, drift, level, probe, spend, volume
from include.monitors.hours import evidence_span
from include.monitors.result import Finding, no_data, result
from include.monitors.rules import (
    UNSCORED,
    BudgetRule,
    CoverageRule,
    DriftRule,
    LevelRule,
    ProbeRule,
    Rule,
    Rules,
    SpendRule,
    VolumeRule,
)

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SAMPLE = 2_000
"""How many past scores of a segment a drift test reads at most."""


@dataclass(frozen=True, slots=True)
class Settled:
    """A settled run as the rules see it: its ledger, who judged each project, the budgets of those that have one.

    `shifts` sums up how far probes of the interactions of a window moved their scores.
    """

    window: Window
    ledger: CoverageLedger
    epochs: Epochs
    budgets: Mapping[str, JudgeBudget] = field(default_factory=dict)
    shifts: Callable[[Window], Sequence[ShiftTally]] = field(default=lambda _: (), compare=False)


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
        case BudgetRule():
            return budget.judge(run.budgets)
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
        case ProbeRule():
            return probe.judge(rule, run.shifts(evidence_span(run.window, rule.over)), run.epochs)
        case DriftRule():
            return _drift(rule, run, segments)


def _level(rule: LevelRule, run: Settled, segments: SegmentReader) -> list[Finding]:
    dimension = "" if rule.measure in UNSCORED else rule.measure
    if dimension and not run.epochs.every(dimension):
        return [no_data((), f"no judge of {dimension} took part in this run", dimension=dimension)]
    in_force = _InForce(run.epochs, dimension, rule.by)
    days = level.past_days(rule, run.window)
    rows = segments.read(rule.measure, level.evidence_span(rule, run.window), rule.by, HOUR)
    past = segments.read(rule.measure, days, rule.by, DAY) if days else []
    found = level.judge(rule, run.window, in_force.among(rows), in_force.among(past))
    others = {row.segment: row.epoch for row in past if row.epoch != in_force.epoch(row.segment)}
    return [replace(_explained(one, in_force.epoch(one.segment), others), dimension=dimension) for one in found]


@dataclass(frozen=True, slots=True)
class _InForce:
    """Whose scores count: of each segment those of its project's judge, since two epochs are never pooled."""

    epochs: Epochs
    dimension: str
    by: Sequence[str]

    def epoch(self, segment: Sequence[str]) -> str | None:
        """The segment's judge; None where projects with several judges are mixed in it, "" of what nobody judges."""
        if not self.dimension:
            return ""
        if "project" in self.by:
            return self.epochs.of(segment[self.by.index("project")]).get(self.dimension) if segment else None
        (only, *others) = self.epochs.every(self.dimension)
        return None if others else only

    def among(self, rows: Sequence[SegmentRow]) -> list[SegmentRow]:
        return [row for row in rows if row.epoch == self.epoch(row.segment)]


def _explained(found: Finding, epoch: str | None, others: Mapping[tuple[str, ...], str]) -> Finding:
    """A segment that lacks a reference only because another judge gave it says so."""
    other = others.get(found.segment)
    if found.outcome is not RuleOutcome.NO_DATA or found.evidence.n or other is None:
        return found
    now = f"{epoch} judges now" if epoch else "several judges of it are in force now"
    return no_data(found.segment, f"{found.sentence}; judge {other} gave the earlier scores, {now}")


def _drift(rule: DriftRule, run: Settled, segments: SegmentReader) -> list[Finding]:
    if not drift.is_due(rule, run.window):
        return []
    return drift.judge(rule, drift_samples(rule, run, segments))


def drift_samples(rule: DriftRule, run: Settled, segments: SegmentReader) -> list[drift.Sample]:
    """What a drift rule compares: all scores of now, and at most `SAMPLE` of the past, of each segment."""
    span = evidence_span(run.window, rule.over)
    samples = []
    for measure in rule.measures:
        in_force = _InForce(run.epochs, measure, rule.by)
        for epoch in sorted(run.epochs.every(measure)):
            now = segments.values(measure, span, rule.by, epoch, SAMPLE)
            past = segments.values(measure, span.before(rule.trailing), rule.by, epoch, SAMPLE)
            samples += [
                drift.Sample(measure, segment, now.get(segment, ()), past.get(segment, ()))
                for segment in sorted(now.keys() | past.keys())
                if in_force.epoch(segment) == epoch
            ]
    return samples

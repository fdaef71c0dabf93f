"""Rules, a settled window and what the store knows of it go in; one `RuleResult` per rule and segment comes out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import groupby
from operator import attrgetter

from include.domain.budget import JudgeBudget
from include.domain.factors import Rates
from include.domain.interaction import Window
from include.domain.money import Allowances
from include.domain.ports import SegmentReader
from include.domain.probe import ShiftTally
from include.domain.rule import Evidence, RuleOutcome, RuleResult
from include.domain.run import CoverageLedger, Epochs
from include.domain.segment import SegmentRow
from include.domain.series import SegmentRows
from include.monitors import allowance, budget, coverage, drift, level, probe, samples, spend, takeover, volume
from include.monitors.exchanges import LOGGED
from include.monitors.hours import evidence_span, is_due
from include.monitors.read_once import ReadOnce
from include.monitors.result import Finding, no_data, result
from include.monitors.rules import (
    BudgetRule,
    CoverageRule,
    DriftRule,
    EpochRule,
    LevelRule,
    MonthlyBudgetRule,
    ProbeRule,
    Rule,
    Rules,
    SpendRule,
    VolumeRule,
)
from include.monitors.samples import Traffic
from include.monitors.shift import Sample
from include.monitors.spend_factors import RatesOf
from include.monitors.vocabulary import UNSCORED

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BROKEN = (ArithmeticError, LookupError, TypeError, ValueError)
"""What a rule may break of without stopping others."""


@dataclass(frozen=True, slots=True)
class Settled:
    """A settled run as the rules see it: its ledger, who judged each project, the budgets of those that have one.

    `shifts` sums up how far probes of the interactions of a window moved their scores; `traffic` reads interactions;
    `allowances` tells how budgets of the month stand; `judges` what judges are made of; `rates` what tokens of a model
    cost beside each other.
    """

    window: Window
    ledger: CoverageLedger
    epochs: Epochs
    budgets: Mapping[str, JudgeBudget] = field(default_factory=dict)
    shifts: Callable[[Window], Sequence[ShiftTally]] = field(default=lambda _: (), compare=False)
    traffic: Traffic | None = field(default=None, compare=False)
    allowances: Callable[[Window], Allowances] = field(default=lambda _: Allowances(), compare=False)
    judges: takeover.Known = field(default=lambda _: {}, compare=False)
    rates: RatesOf = field(default=lambda _: Rates(), compare=False)


def evaluate(
    rules: Rules, run: Settled, segments: SegmentReader, ahead: SegmentReader | None = None
) -> list[RuleResult]:
    """Every rule that is due over the run's window; a rule that breaks is an `Error` and stops no other.

    `ahead` reads the same store on a connection of its own, in a thread, while rules are evaluated. What somebody
    commits meanwhile may be seen by a later read and not by an earlier one, as on one connection at READ COMMITTED.
    """
    unread = replace(run, shifts=lambda _: (), traffic=None, allowances=lambda _: Allowances())
    with ReadOnce(segments, lambda survey: [_survived(rule, unread, survey) for rule in rules.rules], ahead) as once:
        return [result(rule, run.window, found) for rule in rules.rules for found in _survived(rule, run, once)]


def _survived(rule: Rule, run: Settled, segments: SegmentReader) -> list[Finding]:
    try:
        return _findings(rule, run, segments)
    except BROKEN as error:
        return [_broke(error)]


def _broke(error: Exception) -> Finding:
    told = f"the rule broke: {type(error).__name__}: {error}"
    return Finding((), RuleOutcome.ERROR, Evidence(details={"reason": told}), told)


def each_of_day(rule: Rule, runs: Sequence[Settled], segments: SegmentReader) -> list[list[Finding]]:
    """What the rule finds in each of some runs, in order, whose windows begin on one day and that have the same judges.

    As `evaluate` finds it run by run, and quicker; where a rule breaks on the day as a whole, run by run.
    """
    if isinstance(rule, LevelRule):
        with suppress(*BROKEN):
            return level_of_day(rule, runs, segments)
    return [_survived(rule, run, segments) for run in runs]


def _findings(rule: Rule, run: Settled, segments: SegmentReader) -> list[Finding]:
    match rule:
        case CoverageRule():
            return [coverage.judge(run.ledger)]
        case BudgetRule():
            return budget.judge(run.budgets)
        case MonthlyBudgetRule():
            return allowance.judge(rule, run.allowances(run.window), run.window)
        case LevelRule():
            return _level(rule, run, segments)
        case VolumeRule():
            span = evidence_span(run.window, rule.over)
            past = span.before(rule.trailing)
            return volume.judge(
                rule,
                run.window,
                _read(rule, segments, "volume", span, HOUR),
                _read(rule, segments, "volume", past, HOUR),
                segments.settled_hours(Window(past.start, span.end)),
            )
        case SpendRule():
            return spend.judge(rule, run.window, segments, run.rates)
        case ProbeRule():
            return probe.judge(rule, run.shifts(evidence_span(run.window, rule.over)), run.epochs)
        case EpochRule():
            return _taken_over(rule, run, segments)
        case DriftRule():
            return _drift(rule, run, segments)


def _read(rule: Rule, segments: SegmentReader, measure: str, window: Window, step: timedelta) -> SegmentRows:
    """The rows of the interactions that the rule is about."""
    wanted = [(rule.columns.index(column), value) for column, value in rule.where.items()]
    rows = SegmentRows.of(segments.read(measure, window, rule.columns, step))
    return rows.only(lambda one: all(one.segment[place] == value for place, value in wanted))


def _level(rule: LevelRule, run: Settled, segments: SegmentReader) -> list[Finding]:
    [found] = level_of_day(rule, [run], segments)
    return found


def level_of_day(rule: LevelRule, runs: Sequence[Settled], segments: SegmentReader) -> list[list[Finding]]:
    """What the rule finds in each of some runs, in order, whose windows begin on one day and that have the same judges.

    What one finds is what it would alone; reading and charting is done once for as many as have the same segments.
    """
    dimension, last = "" if rule.measure in UNSCORED else rule.measure, runs[-1]
    if dimension and not last.epochs.every(dimension):
        nobody = no_data((), f"no judge of {dimension} took part in this run", dimension=dimension)
        return [[nobody] for _ in runs]
    in_force = _InForce(last.epochs, dimension, rule.columns)
    span, days = level.evidence_span(rule, last.window), level.past_days(rule, last.window)
    rows = in_force.among(_read(rule, segments, rule.measure, span, HOUR))
    past = _read(rule, segments, rule.measure, days, level.past_step(rule)) if days else SegmentRows([])
    strange = past.only(lambda one: one.epoch != in_force.epoch(one.segment)).series
    others = {one.segment: one.epoch for one in sorted(strange, key=attrgetter("last"))}
    found: list[list[Finding]] = []
    seen = {one.segment: one.first for one in rows.series}
    for _, alike in groupby(runs, lambda run: sum(first < run.window.end for first in seen.values())):
        windows = [run.window for run in alike]
        known = rows.between(span.start, windows[-1].end)
        found += level.judge_each(rule, windows, known, in_force.among(past))
    return [
        [replace(_explained(one, in_force.epoch(one.segment), others), dimension=dimension) for one in each]
        for each in found
    ]


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

    def among(self, rows: Sequence[SegmentRow]) -> SegmentRows:
        return SegmentRows.of(rows).only(lambda one: one.epoch == self.epoch(one.segment))


def _explained(found: Finding, epoch: str | None, others: Mapping[tuple[str, ...], str]) -> Finding:
    """A segment that lacks a reference only because another judge gave it says so."""
    other = others.get(found.segment)
    if found.outcome is not RuleOutcome.NO_DATA or found.evidence.n or other is None:
        return found
    now = f"{epoch} judges now" if epoch else "several judges of it are in force now"
    why = f"judge {other} gave the earlier scores, {now}: past days that it scores in a backfill become its reference"
    return no_data(found.segment, f"{found.sentence}; {why}")


def _taken_over(rule: EpochRule, run: Settled, segments: SegmentReader) -> list[Finding]:
    days = samples.past_days(run.window, rule.trailing)
    measures = sorted({measure for epochs in run.epochs.by_project.values() for measure in epochs})
    return [
        found
        for measure in measures
        for found in takeover.judge(
            rule,
            measure,
            segments.read(measure, days, rule.by, DAY),
            _InForce(run.epochs, measure, rule.by).epoch,
            run.judges,
        )
    ]


def _drift(rule: DriftRule, run: Settled, segments: SegmentReader) -> list[Finding]:
    if not is_due(rule.every, run.window):
        return []
    return drift.judge(rule, _samples(rule, run, segments)) + _unread(rule, run.traffic)


def drift_samples(rule: DriftRule, run: Settled, segments: SegmentReader) -> list[Sample]:
    """What a drift rule compares: scores by their tallies, and of what else was logged some thousand rows a segment."""
    return list(_samples(rule, run, segments))


def _samples(rule: DriftRule, run: Settled, segments: SegmentReader) -> Iterator[Sample]:
    span = evidence_span(run.window, rule.over)
    for measure in (measure for measure in rule.measures if measure not in LOGGED):
        in_force = _InForce(run.epochs, measure, rule.by)
        if run.epochs.every(measure):
            now = in_force.among(segments.read(measure, span, rule.by, HOUR))
            past = in_force.among(segments.read(measure, samples.past_days(span, rule.trailing), rule.by, DAY))
            yield from samples.of_scores(measure, now, past)
    if run.traffic:
        yield from samples.of_traffic(rule, run.window, segments, run.traffic)


def _unread(rule: DriftRule, traffic: Traffic | None) -> list[Finding]:
    """What the rule names and nobody can tell it."""
    if traffic is None:
        missing = [measure for measure in rule.measures if measure in LOGGED]
        return [no_data((), "what was logged is not at hand", dimension=measure) for measure in missing]
    if "meaning" in rule.measures and traffic.embed is None:
        return [no_data((), "judging.yaml names no model that embeds questions", dimension="meaning")]
    return []

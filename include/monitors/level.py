"""Hours and past days of a score or share go in; whether it is worse than it should be comes out, per segment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from include.domain.interaction import Window
from include.domain.rule import Evidence, RuleOutcome
from include.domain.segment import SCORE_BINS, SegmentRow, Tally, merged, whole_hours
from include.monitors import intervals, reference
from include.monitors.hours import HOUR, Segment, by_segment, evidence_span, grid, hours_of
from include.monitors.reference import Standard
from include.monitors.result import Finding, no_data
from include.monitors.rules import RATES, LevelRule
from include.monitors.sequential import Chart, Floats, Stream, bets_on_values, follow

BIN_CENTRES = (np.arange(SCORE_BINS) + 0.5) / SCORE_BINS
GOOD_OR_BAD = np.array([1.0, 0.0])


@dataclass(frozen=True, slots=True)
class Scale:
    """How a rule sees values: as levels in [0, 1] of which more is better; and how it tells people of them."""

    rule: LevelRule

    @property
    def levels(self) -> Floats:
        """Bin centres of a score; 1 and 0 of a share."""
        return GOOD_OR_BAD if self.rule.is_share else BIN_CENTRES

    def counts(self, tally: Tally) -> Floats:
        """How often each level was seen."""
        if self.rule.measure in RATES:
            return np.array([tally.n - tally.total, tally.total])
        bins = np.array(tally.bins or (0,) * SCORE_BINS, float)
        if self.rule.below is None:
            return bins
        edge = round(self.rule.below * SCORE_BINS)
        return np.array([bins[edge:].sum(), bins[:edge].sum()])

    def told(self, good: float) -> float:
        """A mean as people know it: of a share, the share of bad ones."""
        return 1 - good if self.rule.is_share else good

    def value(self, tally: Tally) -> float | None:
        """The score's weighted mean, or the share of bad values."""
        if not self.rule.is_share:
            return tally.mean
        good, bad = self.counts(tally)
        return float(bad / (good + bad)) if good + bad else None

    def interval(self, tally: Tally) -> intervals.Interval | None:
        """Of `value`, at the rule's confidence."""
        value = self.value(tally)
        if self.rule.is_share and value is not None:
            return intervals.wilson(value, tally.n, self.rule.confidence)
        return intervals.of_mean(tally, self.rule.confidence)


@dataclass(frozen=True, slots=True)
class Course:
    """One segment over the hours that a rule looks at; the window begins at hour number `first`."""

    segment: Segment
    standard: Standard
    hours: Sequence[datetime]
    tallies: Sequence[Tally]
    first: int
    chart: Chart

    def between(self, start: int, stop: int) -> Tally:
        """The hours `[start, stop)` as one."""
        return merged(self.tallies[start:stop])

    @property
    def last_breach(self) -> int | None:
        """The last hour of the window that was in breach."""
        hours = np.flatnonzero(self.chart.breached[self.first :])
        return int(hours[-1]) + self.first if hours.size else None

    def newest(self, min_n: int) -> int | None:
        """Where the newest evidence of `min_n` values begins, the window's own at least; None if there are fewer."""
        for start in range(self.first, -1, -1):
            if self.between(start, len(self.tallies)).n >= min_n:
                return start
        return None


def judge(rule: LevelRule, window: Window, rows: Sequence[SegmentRow], past: Sequence[SegmentRow]) -> list[Finding]:
    """One finding per segment. `rows` are hours within `evidence_span`, `past` days before it, all of one epoch."""
    scale = Scale(rule)
    tallies, days = by_segment(rows), by_segment(past)
    standards = {segment: _standard(scale, days.get(segment, {})) for segment in sorted(tallies.keys() | days.keys())}
    known = {segment: standard for segment, standard in standards.items() if isinstance(standard, Standard)}
    found = [no_data(segment, why) for segment, why in standards.items() if isinstance(why, str)]
    if known:
        found += [_finding(scale, course) for course in _courses(scale, window, known, tallies)]
    return found


def _standard(scale: Scale, days: Mapping[datetime, Tally]) -> Standard | str:
    """What the segment is held to, or why that cannot be known."""
    rule = scale.rule
    if rule.target is not None:
        return reference.of_target(scale.told(rule.target), is_share=rule.is_share)
    tally = reference.usual(list(days.values()))
    if tally.n < rule.reference_min_n:
        return f"its past holds {tally.n} of the {rule.reference_min_n} values that a reference needs"
    return reference.of_past(tally, scale.counts(tally), scale.levels)


def _courses(
    scale: Scale,
    window: Window,
    standards: Mapping[Segment, Standard],
    tallies: Mapping[Segment, Mapping[datetime, Tally]],
) -> list[Course]:
    rule, hours = scale.rule, hours_of(evidence_span(window, scale.rule.over))
    cells = grid(list(standards), hours, tallies)
    stream = _stream(scale, cells, list(standards.values()))
    chart = follow(stream, alpha=rule.alpha, min_n=rule.min_n, min_effect=rule.min_effect)
    first = hours.index(whole_hours(window).start)
    return [
        Course(segment, standard, hours, [row[column] for row in cells], first, chart.of(column))
        for column, (segment, standard) in enumerate(standards.items())
    ]


def _stream(scale: Scale, cells: Sequence[Sequence[Tally]], standards: Sequence[Standard]) -> Stream:
    counts = np.array([[scale.counts(cell) for cell in row] for row in cells])
    floor, mean, variance = (
        np.array([getattr(standard, name) for standard in standards]) for name in ("floor", "mean", "variance")
    )
    worse, better = bets_on_values(counts, scale.levels, floor, variance, scale.rule.min_effect)
    n: Floats = counts.sum(axis=2)
    return Stream(worse, better, n, n * mean - counts @ scale.levels)


def _finding(scale: Scale, course: Course) -> Finding:
    rule, end = scale.rule, len(course.hours)
    if not course.between(course.first, end).n:
        return no_data(course.segment, "nothing to judge in this window")
    breach = course.last_breach
    if breach is not None:
        start, end = int(course.chart.since[breach]), breach + 1
        return _told(scale, course, RuleOutcome.BREACHED, start, end)
    newest = course.newest(rule.min_n)
    if newest is None:
        seen = course.between(0, end).n
        return no_data(course.segment, f"{seen} values in {end} h, of {rule.min_n} that the rule needs", n=seen)
    return _told(scale, course, RuleOutcome.OK, newest, end)


def _told(scale: Scale, course: Course, outcome: RuleOutcome, start: int, end: int) -> Finding:
    """The hours `[start, end)` in figures and in words."""
    rule, standard, tally = scale.rule, course.standard, course.between(start, end)
    value, bounds = scale.value(tally), scale.interval(tally)
    usual = scale.told(standard.mean) if standard.tally is None else scale.value(standard.tally)
    low, high = bounds or (None, None)
    evidence = Evidence(
        value=value,
        reference=usual,
        low=low,
        high=high,
        confidence=rule.confidence,
        n=tally.n,
        reference_n=standard.tally.n if standard.tally else None,
        p_value=float(course.chart.p[end - 1]),
        adjusted_p_value=float(course.chart.adjusted_p[end - 1]),
        detectable=intervals.detectable(standard.variance, tally.effective_n, rule.alpha),
        details={"since": course.hours[start].isoformat(), "until": (course.hours[end - 1] + HOUR).isoformat()},
    )
    name = f"share of {rule.measure} below {rule.below:g}" if rule.below else rule.measure.replace("_", " ")
    spread = f", {rule.confidence:.0%} interval {low:.2f} to {high:.2f}" if bounds else ""
    against = f"target {usual:.2f}" if standard.tally is None else f"usually {usual:.2f}"
    sentence = f"{name} {value:.2f} since {course.hours[start]:%d %b %H:%M} UTC (n = {tally.n}{spread}), {against}"
    return Finding(course.segment, outcome, evidence, sentence)

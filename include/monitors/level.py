"""Hours and past days of a score or share go in; whether it is worse than it should be comes out, per segment."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from include.domain.interaction import Window
from include.domain.rule import Evidence, RuleOutcome
from include.domain.segment import SegmentRow, Tally, merged, whole_hours
from include.monitors import intervals, reference
from include.monitors.hours import HOUR, Segment, by_segment, counts, grid, hours_of
from include.monitors.reference import Standard
from include.monitors.result import Finding, no_data
from include.monitors.rules import LevelRule
from include.monitors.scale import Scale
from include.monitors.sequential import DEEP, Chart, Floats, Stream, bets_on_values, follow, recovery

DAY = timedelta(days=1)


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

    def detectable(self, start: int, stop: int, alpha: float) -> float | None:
        """The shift that the hours `[start, stop)` would have shown, beside the chance in the standard itself."""
        counted = sum(tally.weight / tally.heaviest for tally in self.tallies[start:stop])
        both = counted / (1 + counted / self.standard.n)
        return intervals.detectable(self.standard.variance * (self.standard.dispersion or 1.0), both, alpha)

    def turned(self, scale: Scale, since: int, stop: int) -> int:
        """The hour, of `[since, stop)`, in which the values most likely fell (Hinkley 1970).

        Of all beginnings that leave `min_n` values it is the one with the largest n d^2, where n values fall short of
        the standard by d on average.
        """
        weights = np.array([scale.weights(tally) for tally in self.tallies[since:stop]])
        n = np.array([tally.n for tally in self.tallies[since:stop]])
        lost = weights.sum(axis=1) * self.standard.mean - weights @ scale.levels
        n, weight, lost = (np.cumsum(one[::-1])[::-1] for one in (n, weights.sum(axis=1), lost))
        clear = np.where((n >= scale.rule.min_n) & (lost > 0), lost**2 / np.maximum(weight, 1e-9), 0)
        return since + int(clear.argmax())

    @property
    def last_breach(self) -> int | None:
        """The last hour of the window that was in breach."""
        hours = np.flatnonzero(self.chart.breached[self.first :])
        return int(hours[-1]) + self.first if hours.size else None

    def newest(self, min_n: int) -> int | None:
        """Where the newest evidence of `min_n` values begins, the window's own at least; None if there are fewer.

        Values that only rules chose, such as errors, are no evidence of what was not drawn.
        """
        for start in range(self.first, -1, -1):
            seen = self.between(start, len(self.tallies))
            if seen.n >= min_n and seen.is_representative:
                return start
        return None


def evidence_span(rule: LevelRule, window: Window) -> Window:
    """The hours that evidence is gathered over: `over`, in whole days (UTC), before the window's first day, and since.

    It begins at midnight, so that all windows of a day are held to the same past.
    """
    hours = whole_hours(window)
    return Window(_midnight(_midnight(hours.start) - rule.over), hours.end)


def past_days(rule: LevelRule, window: Window) -> Window | None:
    """The whole days before the window's first that a rule looks at, those of the evidence among them."""
    if rule.trailing is None:
        return None
    start = evidence_span(rule, window).start
    return Window(_midnight(start - rule.trailing), _midnight(whole_hours(window).start))


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def judge(rule: LevelRule, window: Window, rows: Sequence[SegmentRow], past: Sequence[SegmentRow]) -> list[Finding]:
    """One finding per segment. `rows` are hours of `evidence_span`, `past` days of `past_days`, all of one epoch."""
    scale = Scale(rule)
    tallies, days = by_segment(rows), by_segment(past)
    parted = {
        segment: parted_at(rule, window, tallies.get(segment, {}), days.get(segment, {}))
        for segment in sorted(tallies.keys() | days.keys())
    }
    standards = {segment: standard_of(scale, before) for segment, (before, _) in parted.items()}
    some = {segment: standard for segment, standard in standards.items() if isinstance(standard, Standard)}
    known = dict(zip(some, reference.together(list(some.values())), strict=True))
    found = [no_data(segment, why) for segment, why in standards.items() if isinstance(why, str)]
    if known:
        since = {segment: parted[segment][1] for segment in known}
        found += [_finding(scale, course) for course in _courses(scale, window, known, since)]
    return found


def parted_at(
    rule: LevelRule, window: Window, hours: Mapping[datetime, Tally], days: Mapping[datetime, Tally]
) -> tuple[list[Tally], dict[datetime, Tally]]:
    """The days of a segment that are its reference, and the hours since, which are held to it.

    A past that is shorter than `trailing` and `over` together is parted in their proportion.
    """
    start = evidence_span(rule, window).start
    if days and rule.trailing is not None:
        today = _midnight(whole_hours(window).start)
        share = rule.over / (rule.over + rule.trailing)
        start = max(start, today - math.floor((today - min(days)) / DAY * share + 1e-9) * DAY)
    return [tally for day, tally in days.items() if day < start], {at: one for at, one in hours.items() if at >= start}


def standard_of(scale: Scale, days: Sequence[Tally]) -> Standard | str:
    """What the segment is held to, or why that cannot be known."""
    rule = scale.rule
    if rule.target is not None:
        return reference.of_target(scale.told(rule.target), is_share=rule.is_share)
    tally = reference.usual(days)
    if tally.n and not tally.is_representative:
        return f"the {tally.n} values of its past are only those that sampling rules always have judged"
    if tally.n < rule.reference_min_n:
        return f"its past holds {tally.n} of the {rule.reference_min_n} values that a reference needs"
    weights = scale.weights(tally)
    counted = weights * (scale.n(tally) / weights.sum())
    if rule.is_share:
        return reference.of_shares(tally, counted, scale.levels)
    return reference.of_scores(tally, counted, scale.levels, days)


def _courses(
    scale: Scale,
    window: Window,
    standards: Mapping[Segment, Standard],
    tallies: Mapping[Segment, Mapping[datetime, Tally]],
) -> list[Course]:
    hours = hours_of(evidence_span(scale.rule, window))
    cells = grid(list(standards), hours, tallies)
    weights = np.array([[scale.weights(cell) for cell in row] for row in cells])
    heaviest = np.array([[cell.heaviest for cell in row] for row in cells])
    chart = charted(scale, weights, heaviest, counts(cells), list(standards.values()))
    first = hours.index(whole_hours(window).start)
    return [
        Course(segment, standard, hours, [row[column] for row in cells], first, chart.of(column))
        for column, (segment, standard) in enumerate(standards.items())
    ]


def charted(scale: Scale, weights: Floats, heaviest: Floats, n: Floats, standards: Sequence[Standard]) -> Chart:
    """The chart of hours by segments, of the weights at each level, the largest weight and the number of values."""
    rule = scale.rule

    def each(name: str) -> Floats:
        found = np.array([getattr(one, name) for one in standards], float)
        return found.reshape(*n.shape[1:], *found.shape[1:])

    usual = None if standards[0].usual is None else each("usual")
    counted = weights / heaviest[..., None]
    variance = each("variance")
    worse, _ = bets_on_values(counted, scale.levels, each("floor"), variance, rule.min_effect, usual)

    def mended(fall: float) -> Floats:
        return recovery(counted, scale.levels, each("least"), variance, fall)

    weight: Floats = weights.sum(axis=-1)
    stream = Stream(
        worse / each("dispersion")[..., None],
        mended(rule.min_effect),
        n,
        weight,
        lost=weight * each("mean") - weights @ scale.levels,
        counted=counted.sum(axis=-1),
        reference_n=None if usual is None else each("n"),
        mended=None if usual is None else mended(rule.min_effect * DEEP / 2),
    )
    return follow(stream, alpha=rule.alpha, min_n=rule.min_n, min_effect=rule.min_effect)


def _finding(scale: Scale, course: Course) -> Finding:
    rule, end = scale.rule, len(course.hours)
    if not course.between(course.first, end).n:
        return no_data(course.segment, "nothing to judge in this window")
    breach = course.last_breach
    if breach is not None:
        end = breach + 1
        start = course.turned(scale, int(course.chart.since[breach]), end)
        return _told(scale, course, RuleOutcome.BREACHED, start, end)
    newest = course.newest(rule.min_n)
    if newest is None:
        seen = course.between(0, end)
        if seen.n >= rule.min_n:
            why = f"{seen.n} values in {end} h, all of them chosen by rules: nothing was drawn of the rest"
        else:
            why = f"{seen.n} values in {end} h, of {rule.min_n} that the rule needs"
        return no_data(course.segment, why, n=seen.n)
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
        detectable=course.detectable(start, end, rule.alpha),
        details={
            "since": course.hours[start].isoformat(),
            "until": (course.hours[end - 1] + HOUR).isoformat(),
            **({} if standard.usual is None else {"dispersion": round(standard.dispersion or 1.0, 3)}),
        },
    )
    name = f"share of {rule.measure} below {rule.below:g}" if rule.below else rule.measure.replace("_", " ")
    spread = f", {rule.confidence:.0%} interval {low:.2f} to {high:.2f}" if bounds else ""
    against = f"target {usual:.2f}" if standard.tally is None else f"usually {usual:.2f}"
    sentence = f"{name} {value:.2f} since {course.hours[start]:%d %b %H:%M} UTC (n = {tally.n}{spread}), {against}"
    return Finding(course.segment, outcome, evidence, sentence)

"""Hours and past days of a score or share go in; whether it is worse than it should be comes out, per segment."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import TypeAlias

from include.domain.interaction import Window
from include.domain.rule import Evidence, RuleOutcome
from include.domain.segment import SegmentRow, Tally, whole_hours
from include.domain.series import HEAVIEST, TOTAL, N
from include.monitors import reference, rhythm, tail
from include.monitors.charting import charted as charted
from include.monitors.charting import followed_through, stream_of
from include.monitors.course import Course
from include.monitors.hours import HOUR, Segment, hours_of
from include.monitors.predecessor import Followed, followed, kindred, withdrawn
from include.monitors.reference import Standard
from include.monitors.result import Finding, no_data
from include.monitors.rules import LevelRule
from include.monitors.scale import Scale
from include.monitors.timeline import NOTHING, Hours, Timeline, figures, timelines

DAY = timedelta(days=1)
Parted: TypeAlias = tuple[Mapping[datetime, Tally], Timeline]
"""The days that are the reference of a segment, and the hours that are held to it."""


def evidence_span(rule: LevelRule, window: Window) -> Window:
    """The hours that evidence is gathered over: `over`, in whole days (UTC), before the window's first day, and since.

    It begins at midnight, so that all windows of a day are held to the same past.
    """
    hours = whole_hours(window)
    return Window(_midnight(_midnight(hours.start) - rule.over), hours.end)


def past_days(rule: LevelRule, window: Window) -> Window | None:
    """The whole days before the window's first that a rule looks at, with those of the evidence; or the pinned days."""
    if rule.baseline:
        return rule.baseline.window
    if rule.trailing is None:
        return None
    start = evidence_span(rule, window).start
    return Window(_midnight(start - rule.trailing), _midnight(whole_hours(window).start))


def past_step(rule: LevelRule) -> timedelta:
    """The parts of the past that a rule tells apart."""
    return rhythm.QUARTER if rule.same_hours else DAY


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def judge(rule: LevelRule, window: Window, rows: Sequence[SegmentRow], past: Sequence[SegmentRow]) -> list[Finding]:
    """One finding per segment. `rows` are hours of `evidence_span`, `past` days of `past_days`, all of one epoch."""
    [found] = judge_each(rule, [window], rows, past)
    return found


def judge_each(
    rule: LevelRule, windows: Sequence[Window], rows: Sequence[SegmentRow], past: Sequence[SegmentRow]
) -> list[list[Finding]]:
    """What `judge` finds in each window of one day, in order, where `rows` of all segments begin before the first ends.

    The windows are held to the same past, and what an hour says depends on no later one: the day is charted once.
    """
    scale, last = Scale(rule), windows[-1]
    start = evidence_span(rule, last).start
    seen = tail.cut(rule, timelines(rows), timelines(past), start)
    tallies, days = seen.hours, seen.days
    parted: dict[Segment, Parted] = {
        segment: parted_at(rule, last, tallies.get(segment, NOTHING), days.get(segment, NOTHING))
        for segment in sorted(tallies.keys() | days.keys())
    }
    before = followed(rule, start, tallies, days)
    parted |= {segment: (one.days, tallies.get(segment, NOTHING)) for segment, one in before.items()}
    whole = rhythm.whole_days if rule.same_hours else Timeline.values
    standards = {segment: standard_of(scale, [*whole(known)]) for segment, (known, _) in parted.items()}
    standards |= {segment: one.why for segment, one in before.items() if one.why}
    some = {segment: standard for segment, standard in standards.items() if isinstance(standard, Standard)}
    known = dict(zip(some, reference.together(list(some.values())), strict=True))
    found = [no_data(segment, why) for segment, why in standards.items() if isinstance(why, str)]
    courses = _courses(scale, last, known, {segment: parted[segment] for segment in known}) if known else []
    courses = [
        replace(course, called=_called(rule, before.get(course.segment)), threshold=seen.thresholds.get(course.segment))
        for course in courses
    ]
    each = [found + [_finding(scale, course.within(window)) for course in courses] for window in windows]
    if not rule.follows:
        return each
    kin = kindred(rule, tallies)
    return [
        [_unless_withdrawn(one, partial(withdrawn, kin(one.segment), one.segment, window.end, days)) for one in some]
        for window, some in zip(windows, each, strict=True)
    ]


def _unless_withdrawn(found: Finding, answers_since: Callable[[], int]) -> Finding:
    """A model or version that nobody gets any more is as good as well: else its alert would never end."""
    others = answers_since() if found.outcome is RuleOutcome.NO_DATA else 0
    if not others:
        return found
    told = f"nobody gets it any more: others gave {others} answers since its last"
    return Finding(found.segment, RuleOutcome.OK, Evidence(details={"reason": told}), told)


def _called(rule: LevelRule, before: Followed | None) -> str:
    """How the sentence calls the standard."""
    if before:
        return f"compared with {before.name}, which it followed:"
    if rule.baseline:
        return f"from {rule.baseline.first} to {rule.baseline.last}"
    return "usually at these hours" if rule.same_hours else "usually"


def parted_at(rule: LevelRule, window: Window, hours: Timeline, days: Timeline) -> tuple[Timeline, Timeline]:
    """The days of a segment that are its reference, and the hours since, which are held to it.

    A past that is shorter than `trailing` and `over` together is parted in their proportion.
    """
    start = evidence_span(rule, window).start
    if rule.baseline:
        return days, hours.since(rule.baseline.window.end)
    if days and rule.trailing is not None:
        today = _midnight(whole_hours(window).start)
        share = rule.over / (rule.over + rule.trailing)
        start = max(start, today - math.floor((today - days.first) / DAY * share + 1e-9) * DAY)
    return days.before(start), hours.since(start)


def standard_of(scale: Scale, days: Sequence[Tally], min_n: int | None = None) -> Standard | str:
    """What the segment is held to, or why that cannot be known; `min_n` takes the place of the rule's."""
    rule, least = scale.rule, min_n or scale.rule.reference_min_n
    if rule.target is not None:
        return reference.of_target(scale.told(rule.target), is_share=rule.is_share)
    tally = reference.usual(days)
    if tally.n and not tally.is_representative:
        return f"the {tally.n} values of its past are only those that sampling rules always have judged"
    if tally.n < least:
        return f"its past holds {tally.n} of the {least} values that a reference needs"
    weights = scale.weights(tally)
    counted = weights * (scale.n(tally) / weights.sum())
    if rule.is_share:
        return reference.of_shares(tally, counted, scale.levels, days, scale.good)
    return reference.of_scores(tally, counted, scale.levels, days)


def _courses(
    scale: Scale,
    window: Window,
    standards: Mapping[Segment, Standard],
    parted: Mapping[Segment, Parted],
) -> list[Course]:
    hours = hours_of(evidence_span(scale.rule, window))
    cells = figures(hours, [parted[segment][1] for segment in standards])
    weights, heaviest, n, known = scale.weights_of(cells), cells[..., HEAVIEST], cells[..., N], list(standards.values())
    stream = stream_of(scale, weights, heaviest, n, known, scale.beside(weights, cells[..., TOTAL]))
    held_to = [known] * len(hours)
    if scale.rule.same_hours:
        kinds = _by_kind(scale, standards, parted)
        held_to = [kinds[rhythm.kind(hour)] for hour in hours]
        stream = rhythm.woven(
            hours, stream, lambda kind, at: stream_of(scale, weights[at], heaviest[at], n[at], kinds[kind])
        )
    chart, first = followed_through(scale.rule, stream), hours.index(whole_hours(window).start)
    return [
        Course(segment, standard, hours, Hours(cells[:, at]), first, chart.of(at), [one[at] for one in held_to])
        for at, (segment, standard) in enumerate(standards.items())
    ]


def _by_kind(
    scale: Scale, standards: Mapping[Segment, Standard], parted: Mapping[Segment, Parted]
) -> dict[rhythm.Kind, list[Standard]]:
    """The standards of each quarter of working days and of weekends; of all days alike where too little is known."""
    found = {}
    for kind in rhythm.KINDS:
        own = []
        for segment, whole in standards.items():
            alike = rhythm.alike(parted[segment][0], kind)
            tried = (standard_of(scale, some, max(1, scale.rule.reference_min_n // 4)) for some in alike)
            own.append(next((one for one in tried if isinstance(one, Standard)), whole))
        found[kind] = reference.together(own)
    return found


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
    """The hours `[start, end)` in figures and in words, from the first of them in which anything was seen."""
    start = next(hour for hour in range(start, end) if course.tallies[hour].n)
    rule, standard, tally = scale.rule, course.standard, course.between(start, end)
    value, bounds = scale.value(tally), scale.interval(tally)
    usual = course.expected(scale, start, end)
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
            **({} if standard.tally is None else {"dispersion": round(standard.dispersion or 1.0, 3)}),
            **({} if course.called == "usually" or standard.tally is None else {"reference": course.called}),
            **({"threshold": course.threshold} if course.threshold else {}),
        },
    )
    spread = f", {rule.confidence:.0%} interval {low:.2f} to {high:.2f}" if bounds else ""
    against = f"{'target' if standard.tally is None else course.called} {usual:.2f}"
    against += f"; that is {course.threshold:,g} or more" if course.threshold else ""
    since = f"{course.hours[start]:%d %b %H:%M} UTC"
    sentence = f"{rule.title} {value:.2f} since {since} (n = {tally.n}{spread}), {against}"
    return Finding(course.segment, outcome, evidence, sentence)

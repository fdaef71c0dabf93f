"""Hourly numbers of logged interactions go in; whether a segment fell silent, or half so, comes out."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median

import numpy as np

from include.domain.interaction import Window
from include.domain.rule import Evidence, RuleOutcome
from include.domain.segment import SegmentRow, whole_hours
from include.domain.series import N
from include.monitors import intervals
from include.monitors.hours import HOUR, Segment, evidence_span, hours_of
from include.monitors.result import Finding, no_data
from include.monitors.rules import VolumeRule
from include.monitors.sequential import Bools, Chart, Floats, Stream, bets_on_counts, follow
from include.monitors.timeline import NOTHING, figures, timelines

ENOUGH_DAYS = 3
"""How many past days of the same kind must know an hour before anything is expected of it."""


def kind(hour: datetime) -> tuple[bool, int]:
    """Hours that are alike: the same hour of working days, or of weekend days (UTC)."""
    return hour.weekday() >= 5, hour.hour


@dataclass(frozen=True, slots=True)
class Usual:
    """Interactions of an hour of one kind: the median of `days` past days."""

    median: float
    days: int

    def floor(self, dispersion: float) -> float:
        """The lower end of a one-sided 95 % interval: a median of n has 1.25 times the standard error of a mean."""
        return max(0.0, self.median - 1.645 * 1.2533 * math.sqrt(dispersion * self.median / self.days))


@dataclass(frozen=True, slots=True)
class Rhythm:
    """What is usual of one segment: interactions by kind of hour, and their variance over their mean (at least 1)."""

    usual: Mapping[tuple[bool, int], Usual]
    dispersion: float

    def expected(self, hour: datetime) -> float:
        """Interactions of that hour, 0 where nothing is known of its kind."""
        usual = self.usual.get(kind(hour))
        return usual.median if usual else 0.0

    def floor(self, hour: datetime) -> float:
        """As many at least, unless something is wrong."""
        usual = self.usual.get(kind(hour))
        return usual.floor(self.dispersion) if usual else 0.0


def rhythm(past: Sequence[int], hours: Mapping[tuple[bool, int], Collection[int]], first: int) -> Rhythm:
    """The rhythm of a segment that logged so much in each hour that was run; `hours` are their places, by kind.

    Those before place `first`, where it logged for the first time, say nothing; an empty one later is a real 0.

    Medians, so that a past incident does not count. The dispersion leaves out the two hundredths of hours that are
    furthest from their median, for the same reason.
    """
    known: dict[tuple[bool, int], list[int]] = {}
    for key, alike in hours.items():
        numbers = [past[place] for place in alike if place >= first]
        if len(numbers) >= ENOUGH_DAYS:
            known[key] = numbers
    usual = {key: Usual(float(median(numbers)), len(numbers)) for key, numbers in known.items()}
    off: list[float] = []
    for key, numbers in known.items():
        middle, days = usual[key].median, len(numbers)
        off += [(number - middle) ** 2 * days / (days - 1) for number in numbers]
    off.sort()
    kept = off[: math.ceil(len(off) * 0.98)]
    mean = sum(one.median * one.days for one in usual.values()) / max(1, len(off))
    return Rhythm(usual, max(1.0, sum(kept) / len(kept) / mean) if mean else 1.0)


def _by_kind(hours: Sequence[datetime]) -> dict[tuple[bool, int], list[int]]:
    found: dict[tuple[bool, int], list[int]] = defaultdict(list)
    for place, hour in enumerate(hours):
        found[kind(hour)].append(place)
    return dict(found)


def judge(
    rule: VolumeRule,
    window: Window,
    rows: Sequence[SegmentRow],
    past: Sequence[SegmentRow],
    settled: Collection[datetime],
) -> list[Finding]:
    """One finding per segment that ever logged in `past`: both are hours; `settled` are the hours that were run."""
    span = evidence_span(window, rule.over)
    days, now = timelines(past), timelines(rows)
    if not days:
        return []
    ran = sorted(hour for hour in settled if hour < span.start)
    kinds, segments = _by_kind(ran), sorted(days)
    numbers = figures(ran, [days[segment] for segment in segments])[..., N].astype(int)
    rhythms = {
        segment: rhythm(numbers[:, at].tolist(), kinds, bisect_left(ran, days[segment].first))
        for at, segment in enumerate(segments)
    }
    hours = [hour for hour in hours_of(span) if hour in settled]
    logged = figures(hours, [now.get(segment, NOTHING) for segment in segments])[..., N]
    return _findings(rule, whole_hours(window), rhythms, hours, logged)


def _findings(
    rule: VolumeRule, window: Window, rhythms: Mapping[Segment, Rhythm], hours: Sequence[datetime], logged: Floats
) -> list[Finding]:
    expected, floor = (
        np.array([[getattr(one, name)(hour) for one in rhythms.values()] for hour in hours]).reshape(logged.shape)
        for name in ("expected", "floor")
    )
    seen = np.where(expected > 0, logged, 0)
    dispersion = np.array([one.dispersion for one in rhythms.values()])
    stream = Stream(*bets_on_counts(seen, floor, dispersion, rule.min_effect), expected, expected, expected - seen)
    chart = follow(stream, alpha=rule.alpha, min_n=rule.min_n, min_effect=rule.min_effect)
    inside = np.array([hour in window for hour in hours], bool)
    return [
        _finding(rule, segment, one, hours, inside, expected[:, column], seen[:, column], chart.of(column))
        for column, (segment, one) in enumerate(rhythms.items())
    ]


def _finding(
    rule: VolumeRule,
    segment: Segment,
    one: Rhythm,
    hours: Sequence[datetime],
    inside: Bools,
    expected: Floats,
    seen: Floats,
    chart: Chart,
) -> Finding:
    if not expected[inside].sum():
        return no_data(segment, "nothing is known of these hours, or nothing is ever logged in them")
    breaches = np.flatnonzero(inside & chart.breached)
    last = int(breaches[-1]) if breaches.size else len(hours) - 1
    start = int(chart.since[last]) if breaches.size else int(inside.argmax())
    usual, value = float(expected[start : last + 1].sum()), int(seen[start : last + 1].sum())
    evidence = Evidence(
        value=value,
        reference=usual,
        n=value,
        p_value=float(chart.p[last]),
        adjusted_p_value=float(chart.adjusted_p[last]),
        detectable=intervals.detectable(usual * one.dispersion, 1, rule.alpha),
        details={
            "since": hours[start].isoformat(),
            "until": (hours[last] + HOUR).isoformat(),
            "dispersion": round(one.dispersion, 3),
        },
    )
    outcome = RuleOutcome.BREACHED if breaches.size else RuleOutcome.OK
    sentence = f"{value} interactions since {hours[start]:%d %b %H:%M} UTC, usually {usual:.0f}"
    return Finding(segment, outcome, evidence, sentence)

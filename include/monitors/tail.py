"""Amounts counted in bins go in; tallies of the share that lies beyond a rule's threshold come out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np

from include.domain.segment import AMOUNT_EDGES, AMOUNTS
from include.domain.series import BINNED, BINS, HIGH, LOW, TOTAL, TOTAL_SQ, TOTAL_SQ_W2, TOTAL_W2
from include.monitors.hours import Segment
from include.monitors.rules import LevelRule
from include.monitors.timeline import Timeline

MOST = 0.5
"""What more than that share of the past reaches is no tail."""


@dataclass(frozen=True, slots=True)
class Cut:
    """Hours of now and days of the past as a rule sees them; `thresholds` are those that the past set, by segment."""

    hours: Mapping[Segment, Timeline]
    days: Mapping[Segment, Timeline]
    thresholds: Mapping[Segment, float] = field(default_factory=dict)


def cut(rule: LevelRule, hours: Mapping[Segment, Timeline], days: Mapping[Segment, Timeline], start: datetime) -> Cut:
    """Of a rule on an amount, tallies of 0 and 1, where 1 lies beyond; of any other rule all as it is.

    A percentile is that of the segment's days before `start`, or of all its days if there are none before, rounded down
    to the edge of a bin: at least that share of the past reaches it, unless most does, where values hardly differ.
    """
    if rule.measure not in AMOUNTS:
        return Cut(hours, days)
    hours, days = (_counted(some) for some in (hours, days))
    if rule.percentile is None:
        edge, under = rule.above or rule.below or 0.0, rule.above is None
        hours, days = (
            {place: _beyond(one, edge, under=under) for place, one in some.items()} for some in (hours, days)
        )
        return Cut(hours, days)
    known = {place: _percentile(one.before(start) or one, rule.percentile) for place, one in days.items()}
    hours, days = (
        {place: _beyond(one, known[place]) for place, one in some.items() if place in known} for some in (hours, days)
    )
    return Cut(hours, days, known)


def _counted(some: Mapping[Segment, Timeline]) -> dict[Segment, Timeline]:
    """What has bins."""
    found = {place: Timeline(one.lines[one.lines[:, BINNED] > 0]) for place, one in some.items()}
    return {place: one for place, one in found.items() if one}


def _percentile(days: Timeline, percentile: int) -> float:
    bins = np.zeros(len(AMOUNT_EDGES) + 1)
    summed = days.lines[:, BINS:].sum(axis=0)
    bins[: len(summed)] = summed
    reach = bins[::-1].cumsum()[::-1][1:] / bins.sum()
    reached = int(((reach >= 1 - percentile / 100 - 1e-9) & (reach <= MOST)).sum())
    return AMOUNT_EDGES[min(int((reach > MOST).sum()) + max(0, reached - 1), len(AMOUNT_EDGES) - 1)]


def _beyond(one: Timeline, edge: float, *, under: bool = False) -> Timeline:
    first, lines = BINS + AMOUNT_EDGES.index(edge) + 1, one.lines[:, :BINS].copy()
    beyond = (one.lines[:, BINS:first] if under else one.lines[:, first:]).sum(axis=1)
    lines[:, [TOTAL, TOTAL_SQ, TOTAL_W2, TOTAL_SQ_W2]] = beyond[:, None]
    lines[:, [LOW, HIGH]], lines[:, BINNED] = np.nan, 0
    return Timeline(lines)

"""Amounts counted in bins go in; tallies of the share that lies beyond a rule's threshold come out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import numpy as np

from include.domain.segment import AMOUNT_EDGES, AMOUNTS, SegmentRow, Tally, merged
from include.monitors.hours import Segment, by_segment
from include.monitors.rules import LevelRule

MOST = 0.5
"""What more than that share of the past reaches is no tail."""


@dataclass(frozen=True, slots=True)
class Cut:
    """Rows of now and of the past as a rule sees them; `thresholds` are those that the past set, by segment."""

    rows: Sequence[SegmentRow]
    past: Sequence[SegmentRow]
    thresholds: Mapping[Segment, float] = field(default_factory=dict)


def cut(rule: LevelRule, rows: Sequence[SegmentRow], past: Sequence[SegmentRow], start: datetime) -> Cut:
    """Of a rule on an amount, tallies of 0 and 1, where 1 lies beyond; of any other rule the rows as they are.

    A percentile is that of the segment's days before `start`, or of all its days if there are none before, rounded down
    to the edge of a bin: at least that share of the past reaches it, unless most does, where values hardly differ.
    """
    if rule.measure not in AMOUNTS:
        return Cut(rows, past)
    rows, past = ([row for row in some if row.tally.bins] for some in (rows, past))
    if rule.percentile is None:
        edge = rule.above or rule.below or 0.0
        rows, past = ([_beyond(row, edge, under=rule.above is None) for row in some] for some in (rows, past))
        return Cut(rows, past)
    known = {
        segment: _percentile([day for at, day in days.items() if at < start] or [*days.values()], rule.percentile)
        for segment, days in by_segment(past).items()
    }
    rows, past = ([_beyond(row, known[row.segment]) for row in some if row.segment in known] for some in (rows, past))
    return Cut(rows, past, known)


def _percentile(days: Sequence[Tally], percentile: int) -> float:
    bins = np.array(merged(days).bins)
    reach = bins[::-1].cumsum()[::-1][1:] / bins.sum()
    reached = int(((reach >= 1 - percentile / 100 - 1e-9) & (reach <= MOST)).sum())
    return AMOUNT_EDGES[min(int((reach > MOST).sum()) + max(0, reached - 1), len(AMOUNT_EDGES) - 1)]


def _beyond(row: SegmentRow, edge: float, *, under: bool = False) -> SegmentRow:
    tally, first = row.tally, AMOUNT_EDGES.index(edge) + 1
    beyond = sum(tally.bins[:first] if under else tally.bins[first:])
    n, weight, weight_sq, heaviest = tally.n, tally.weight, tally.weight_sq, tally.heaviest
    return replace(row, tally=Tally(n, weight, weight_sq, beyond, beyond, None, None, beyond, beyond, heaviest))

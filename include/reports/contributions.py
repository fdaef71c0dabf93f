"""Tallies of a score by segment, of now and of before, go in; what each segment brought to the change comes out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from include.domain.report import Estimate, Trend
from include.domain.segment import Tally, merged
from include.reports.estimate import discoveries, estimate, p_of_difference
from include.reports.quality import MIN_DIFFERENCE

Segment: TypeAlias = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one segment brought to the change of the whole's mean, in the unit of the score.

    Shares are of the weight of all scores, in [0, 1]. `trend` says whether its own mean changed by more than noise.
    """

    segment: Segment
    value: float
    share: float
    share_before: float
    now: Estimate | None
    before: Estimate | None
    trend: Trend

    @property
    def difference(self) -> float | None:
        """Of its own means, where both are known."""
        return self.now.mean - self.before.mean if self.now and self.before else None


def contributions(now: Mapping[Segment, Tally], before: Mapping[Segment, Tally]) -> tuple[Contribution, ...]:
    """Every segment, whoever brought most of the change first; none where either time has no score at all.

    With share w and mean m of a segment and mean M of the whole, now and before (0), a segment brings
    w (m - M0) - w0 (m0 - M0). Over all segments that adds up to M - M0, since shares add up to 1: a segment whose share
    stays brings its own change in that share, one that is new brings how far it lies from what was usual, and one that
    grows brings more of that (the decomposition of Kitagawa, 1955, with the mean of before as its reference).
    """
    whole, whole_before = merged(now.values()), merged(before.values())
    if not whole_before.weight or not whole.weight:
        return ()

    pairs = {name: (now.get(name, Tally()), before.get(name, Tally())) for name in sorted({*now, *before})}
    real = discoveries([p_of_difference(*pair) for pair in pairs.values()])
    found = [
        Contribution(
            segment=name,
            value=brought(here, there, whole, whole_before),
            share=here.weight / whole.weight,
            share_before=there.weight / whole_before.weight,
            now=estimate(here),
            before=estimate(there),
            trend=_trend(estimate(here), estimate(there), is_real),
        )
        for (name, (here, there)), is_real in zip(pairs.items(), real, strict=True)
    ]
    return tuple(sorted(found, key=lambda one: (-abs(one.value), one.segment)))


def brought(now: Tally, before: Tally, whole: Tally, whole_before: Tally) -> float:
    """What a segment brings to the change of the whole's mean (see `contributions`); both wholes hold scores."""
    usual = whole_before.total / whole_before.weight
    return (now.total - now.weight * usual) / whole.weight - (
        before.total - before.weight * usual
    ) / whole_before.weight


def _trend(now: Estimate | None, before: Estimate | None, is_real: bool) -> Trend:
    if now is None or before is None:
        return Trend.NO_DATA
    difference = now.mean - before.mean
    if not is_real or abs(difference) < MIN_DIFFERENCE:
        return Trend.STEADY
    return Trend.BETTER if difference > 0 else Trend.WORSE

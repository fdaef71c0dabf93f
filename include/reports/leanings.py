"""Shifts of scores under disguises go in; how far each judge leans comes out."""

from __future__ import annotations

from collections.abc import Iterable

from include.domain.probe import RISES_ONLY, ShiftTally
from include.domain.report import Leaning
from include.reports.estimate import CONFIDENCE


def leanings_of(shifts: Iterable[ShiftTally]) -> tuple[Leaning, ...]:
    """With Student's interval of the mean, cut to [-1, 1], faults first and then whichever moved furthest."""
    return tuple(
        sorted(map(_leaning, shifts), key=lambda one: (not one.is_fault, -abs(one.mean), one.probe, one.epoch))
    )


def _leaning(shift: ShiftTally) -> Leaning:
    told = (shift.probe, shift.dimension, shift.epoch, shift.n, shift.mean)
    if shift.variance is None:
        return Leaning(*told, None, None, is_fault=False)
    from scipy.special import stdtrit

    half = float(stdtrit(shift.n - 1, (1 + CONFIDENCE) / 2)) * (shift.variance / shift.n) ** 0.5
    low, high = max(-1.0, shift.mean - half), min(1.0, shift.mean + half)
    return Leaning(*told, low, high, is_fault=low > 0 or (high < 0 and shift.probe not in RISES_ONLY))

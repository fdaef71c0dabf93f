"""Labelled interactions go in; which labels changed more than the others did, or grew and are worse, comes out.

Both beyond chance, by z with the error shared over all labels of a family (Bonferroni).
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from include.monitors.labels import Labelled
from include.monitors.sequential import Bools, Floats

LEAST_N = 8
"""Interactions of now that a label must have, and that there must be without it."""
FEW = 5
"""Fewer interactions of before are no mean to compare with: that of all before stands in. And those of now must amount
to so many that are independent."""
SMOOTHING = 5.0
"""The variance of all interactions counts in that of a label like so many of its own."""
CHANCE = 0.01
"""How often a label of a family (words of questions are one, all columns the other) stands out by chance alone."""
TWICE = 2.0
"""How many times the change of all others a label's own must be."""
NEARLY_ALL = 0.9
"""A label with so much of the traffic leaves too little to compare it with."""


@dataclass(frozen=True)
class Contrast:
    """By label: how sure it is that it changed more than all interactions without it (`z`), and whether that counts.

    `differs` is both more and less, `is_telling` much more: twice as much.
    """

    z: Floats
    differs: Bools
    is_telling: Bools

    @classmethod
    def of(cls, taken: Labelled, left: Bools, dispersion: float) -> Contrast:
        """Among the interactions that are `left`."""
        sides = [left & taken.now, left & ~taken.now]
        now, before = ((taken.sums(side), taken.whole(side)) for side in sides)
        own, own_variance = _change(taken, now[0], before[0], now[1], before[1])
        others, others_variance = _change(taken, now[1] - now[0], before[1] - before[0], now[1], before[1])
        z = (own - others) / np.sqrt(np.maximum((own_variance + others_variance) * dispersion, 1e-12))
        least = max(LEAST_N, FEW * dispersion)
        enough = (now[0][0] >= least) & (now[1][0] - now[0][0] >= least)
        sure = enough & _is_no_chance(abs(z), enough, taken.is_topic)
        return cls(z, sure, sure & (own > 0) & (own > others) & (own >= TWICE * others))


@dataclass(frozen=True)
class Growth:
    """By label: what its larger share of the traffic brings of the change, and how sure it is that it grew."""

    brought: Floats
    z: Floats
    is_telling: Bools

    @classmethod
    def of(cls, taken: Labelled, left: Bools, dispersion: float) -> Growth:
        """Among the interactions that are `left`; shares are of the traffic of all."""
        all_now, all_before = taken.whole(taken.now), taken.whole(~taken.now)
        now, before = taken.sums(left & taken.now), taken.sums(left & ~taken.now)
        share, was = now[1] / max(float(all_now[1, 0]), 1e-12), before[1] / max(float(all_before[1, 0]), 1e-12)
        mean, mean_before = _mean(now), np.where(before[0] >= FEW, _mean(before), _mean(now))
        brought = (share - was) * ((mean + mean_before) / 2 - taken.usual)
        z = (share - was) / np.sqrt(np.maximum(_share_variance(share, was, all_now, all_before) * dispersion, 1e-12))
        others = all_now - now
        apart = _variance(now, all_now) + _variance(others, all_now)
        worse = (mean - _mean(others)) / np.sqrt(np.maximum(apart * dispersion, 1e-12))
        stands_apart = (share >= NEARLY_ALL) | (worse >= NormalDist().inv_cdf(1 - CHANCE))
        enough = (now[0] >= max(LEAST_N, FEW * dispersion)) & ~taken.is_hour
        return cls(brought, z, enough & (share >= 2 * was) & stands_apart & _is_no_chance(z, enough, taken.is_topic))


def _is_no_chance(z: Floats, tested: Bools, is_topic: Bools) -> Bools:
    found = np.zeros(len(z), bool)
    for family in (is_topic, ~is_topic):
        tests = int((tested & family).sum())
        if tests:
            found |= family & (z >= NormalDist().inv_cdf(1 - CHANCE / tests))
    return found


def _change(taken: Labelled, now: Floats, before: Floats, all_now: Floats, all_before: Floats) -> tuple[Floats, Floats]:
    """By how much the mean got worse, and the variance of that."""
    known = before[0] >= FEW
    stand_in = float(_mean(all_before)[0]) if all_before[0, 0] >= FEW else taken.usual
    spread = np.where(known, _variance(before, all_before), _variance(all_before, all_before))
    return _mean(now) - np.where(known, _mean(before), stand_in), _variance(now, all_now) + spread


def _mean(sums: Floats) -> Floats:
    found: Floats = sums[3] / np.maximum(sums[1], 1e-12)
    return found


def _variance(sums: Floats, pool: Floats) -> Floats:
    """Of the mean, by Kish's effective n; the variance of one value is smoothed towards that of the pool."""
    n, own, common = sums[0], *((one[4] / np.maximum(one[1], 1e-12) - _mean(one) ** 2) for one in (sums, pool))
    one = np.maximum(0, (n * own + SMOOTHING * common) / (n + SMOOTHING))
    found: Floats = one * sums[2] / np.maximum(sums[1], 1e-12) ** 2
    return found


def _share_variance(share: Floats, was: Floats, all_now: Floats, all_before: Floats) -> Floats:
    """Of the difference of two shares, with one interaction more of either kind (Agresti and Caffo 2000)."""
    found = np.zeros_like(share)
    for one, whole in ((share, all_now), (was, all_before)):
        n = whole[1] ** 2 / np.maximum(whole[2], 1e-12)
        mended = (one * n + 1) / (n + 2)
        found = found + mended * (1 - mended) / (n + 2)
    return found

"""Log-likelihood of "worse" and of "well again", hour by hour, goes in; when each segment was in breach comes out.

The evidence of every hour is added up until it suffices, so that a large fall is found at once and a small one as
soon as it can be, and looking every hour costs nothing in false alarms. For one segment, with E_t an e-value of
hour t (its mean is at most 1 while nothing is worse), W_t = max(0, W_{t-1} + log E_t) is the CUSUM of Page (1954);
exp(W) is an e-detector (Shin, Ramdas and Rinaldo, "E-detectors", 2023, theorem 2.4): raised at exp(W) >= 1 / alpha,
the mean time between false alarms is at least 1 / alpha hours, whatever the distribution of the values. Over
segments, Benjamini-Hochberg on exp(-W) is the e-BH procedure (Wang and Ramdas 2022), which holds under any
dependence between segments. The theorem is of a standard that is known and of values that are independent; where the
standard is an estimate or days differ by more than chance, the logs of evidence are scaled down (`follow`, `level`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Bools: TypeAlias = NDArray[np.bool_]
Ints: TypeAlias = NDArray[np.int64]

RECOVERED = float(np.log(10))
"""How sure the chart must be that a breached segment is well again: e-value 10. Erring costs a second message."""


DEEP = 8.0
"""A fall of so many times the smallest that matters is over once half of it is surely gone; else all of it must be."""


@dataclass(frozen=True, slots=True)
class Stream:
    """What each hour says of each segment.

    `worse` (hours, segments, bets): log e-values against "as good as the standard", one for each bet that is made;
    `better` (hours, segments): log e-values against "worse by `min_effect` or more". `n` (hours, segments) counts what
    the evidence stands on and `weight` adds up its sampling weights; `lost` is by how much its weighted sum falls short
    of the standard. `counted` (hours, segments) is how many values the evidence amounts to, `reference_n` (segments)
    how many the standard does, if it is an estimate. `mended` is `better` against "worse by `DEEP` / 2 times
    `min_effect` or more": what ends a breach by `DEEP` times `min_effect`.

    Further axes between hours and segments are runs of the same rule that know nothing of each other.
    """

    worse: Floats
    better: Floats
    n: Floats
    weight: Floats
    lost: Floats
    counted: Floats | None = None
    reference_n: Floats | None = None
    mended: Floats | None = None


BY_HOUR = ("worse", "better", "n", "weight", "lost", "counted")
"""What of a stream is told hour by hour; `mended` is as well, where there is one."""


@dataclass(frozen=True, slots=True)
class Chart:
    """For each hour and segment: whether it was in breach, since which hour, and p before and after BH.

    Where nothing is wrong, `since` is the hour in which the evidence would have begun.
    """

    breached: Bools
    since: Ints
    p: Floats
    adjusted_p: Floats

    def of(self, segment: int) -> Chart:
        """The part of one segment: by hour alone."""
        return Chart(self.breached[:, segment], self.since[:, segment], self.p[:, segment], self.adjusted_p[:, segment])


def follow(stream: Stream, *, alpha: float, min_n: float, min_effect: float) -> Chart:
    """Walk through the hours: into breach on enough evidence of a fall that matters, out of it on evidence of health.

    A breach needs an adjusted p of at most `alpha`, at least `min_n` values since the evidence began, and a weighted
    mean shortfall of at least `min_effect` over them. Evidence of n values against a reference of N counts N / (N + n)
    of its log: the variance of a difference of two means is that of either times 1 / n + 1 / N.
    """
    shape = stream.better.shape
    worse = np.moveaxis(stream.worse, -1, 1).copy()  # sums and maxima over bets are fastest where bets come first
    was, start = np.zeros(shape, bool), np.zeros(shape, np.int64)
    e_values, evidence, amount = np.zeros(worse.shape), np.zeros(worse.shape[1:]), np.zeros(worse.shape[1:])
    began = np.zeros(worse.shape[1:], np.int64)
    breached, health, onset = np.zeros(shape[1:], bool), np.zeros(shape[1:]), np.zeros(shape[1:], np.int64)
    deep = np.zeros(shape[1:], bool)
    n, weight, lost = _Sums(stream.n), _Sums(stream.weight), _Sums(stream.lost)
    counted = stream.n if stream.counted is None else stream.counted
    for hour in range(len(was)):
        idle = evidence <= 0
        np.copyto(began, hour, where=idle)
        np.copyto(amount, 0, where=idle)
        amount += counted[hour]
        evidence = np.maximum(0, evidence + worse[hour])
        told = e_values[hour] = _allowed(evidence, amount, stream.reference_n)
        best = np.take_along_axis(began, evidence.argmax(axis=0)[None], axis=0)[0]
        since = np.where(breached, onset, best)
        if (~breached & (told.max(axis=0) >= -math.log(alpha))).any():  # else no adjusted p is small enough
            effect = lost.between(since, hour) / np.maximum(weight.between(since, hour), 1e-9)
            proven = benjamini_hochberg(_p(told)) <= alpha
            found = proven & (n.between(since, hour) >= min_n) & (effect >= min_effect)
            deep = np.where(breached, deep, effect >= DEEP * min_effect)
            breached = breached | found
        if breached.any():
            better = (
                stream.better[hour]
                if stream.mended is None
                else np.where(deep, stream.mended[hour], stream.better[hour])
            )
            health = np.where(was[hour - 1] if hour else False, np.maximum(0, health + better), 0)
            well = health >= RECOVERED
            breached = breached & ~well
            evidence[:, well], health[well] = 0, 0
        onset, was[hour], start[hour] = since, breached, since
    p = _p(np.moveaxis(e_values, 1, 0))
    return Chart(was, start, p, benjamini_hochberg(p))


class _Sums:
    """Sums over the hours from one to another."""

    def __init__(self, values: Floats) -> None:
        self._before = np.concatenate([np.zeros((1, *values.shape[1:])), values.cumsum(axis=0)])

    def between(self, since: Ints, hour: int) -> Floats:
        """From hour number `since`, of each segment, to `hour`, both included."""
        found: Floats = self._before[hour + 1] - np.take_along_axis(self._before, since[None], axis=0)[0]
        return found


def _allowed(evidence: Floats, amount: Floats, reference_n: Floats | None) -> Floats:
    """What logs of e-values count that rest on `amount` values against `reference_n` (segments)."""
    return evidence if reference_n is None else evidence * (reference_n / (reference_n + amount))


def _p(evidence: Floats) -> Floats:
    """Of the logs of e-values of bets, the first axis: their mean is an e-value again, and its inverse is p."""
    top: Floats = evidence.max(axis=0)
    mean = top + np.log(np.exp(evidence - top).mean(axis=0))  # so that nothing overflows
    p: Floats = np.minimum(1, np.exp(-mean))
    return p


def benjamini_hochberg(p: Floats) -> Floats:
    """p-values adjusted along the last axis: the smallest rate of false discoveries at which each is discovered.

    Benjamini and Hochberg (1995), figure by figure as `scipy.stats.false_discovery_control`, whose import takes longer
    than all rules on a hundred segments.
    """
    if not p.size:
        return p
    if not ((p >= 0) & (p <= 1)).all():
        raise ValueError("p-values lie in [0, 1]")
    order, tests = p.argsort(axis=-1), p.shape[-1]
    ordered = np.take_along_axis(p, order, axis=-1) * (tests / np.arange(1, tests + 1))
    adjusted = np.empty_like(ordered)
    np.put_along_axis(adjusted, order, np.minimum.accumulate(ordered[..., ::-1], axis=-1)[..., ::-1], axis=-1)
    clipped: Floats = np.minimum(adjusted, 1)
    return clipped


def bets_on_counts(counts: Floats, expected: Floats, dispersion: Floats, min_effect: float) -> tuple[Floats, Floats]:
    """`Stream.worse` and `Stream.better` of numbers of interactions (hours, segments), of which more is better.

    Log-likelihood ratios of Poisson counts with mean `expected` against the share of it that is left after a fall,
    divided by the segment's `dispersion` (variance / mean, at least 1: quasi-likelihood), since interactions come
    in conversations. Falls by `min_effect` and by 90 % are bet on.
    """
    left = 1 - np.array([min_effect, max(min_effect, 0.9)])
    x, m = counts[:, :, None], expected[:, :, None]
    worse = (x * np.log(left) + m * (1 - left)) / dispersion[:, None]
    better = (counts * -np.log(left[0]) - expected * (1 - left[0])) / dispersion
    return worse, better

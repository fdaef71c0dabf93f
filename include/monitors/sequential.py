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
    shape, bets = stream.better.shape, stream.worse.shape[-1:]
    was, start = np.zeros(shape, bool), np.zeros(shape, np.int64)
    e_values, amounts = np.zeros((2, *stream.worse.shape))
    evidence, amount = np.zeros((2, *shape[1:], *bets))
    began = np.zeros((*shape[1:], *bets), np.int64)
    breached, health, onset = np.zeros(shape[1:], bool), np.zeros(shape[1:]), np.zeros(shape[1:], np.int64)
    deep = np.zeros(shape[1:], bool)
    n, weight, lost = _Sums(stream.n), _Sums(stream.weight), _Sums(stream.lost)
    counted = (stream.n if stream.counted is None else stream.counted)[..., None]
    for hour in range(len(was)):
        idle = evidence <= 0
        began[idle], amount[idle] = hour, 0
        e_values[hour] = evidence = np.maximum(0, evidence + stream.worse[hour])
        amounts[hour] = amount = amount + counted[hour]
        best = np.take_along_axis(began, evidence.argmax(axis=-1)[..., None], axis=-1)[..., 0]
        since = np.where(breached, onset, best)
        if (~breached & (evidence.max(axis=-1) >= -math.log(alpha))).any():  # else no adjusted p is small enough
            effect = lost.between(since, hour) / np.maximum(weight.between(since, hour), 1e-9)
            proven = benjamini_hochberg(_p(evidence, amount, stream.reference_n)) <= alpha
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
            evidence[well], health[well] = 0, 0
        onset, was[hour], start[hour] = since, breached, since
    p = _p(e_values, amounts, stream.reference_n)
    return Chart(was, start, p, benjamini_hochberg(p))


class _Sums:
    """Sums over the hours from one to another."""

    def __init__(self, values: Floats) -> None:
        self._before = np.concatenate([np.zeros((1, *values.shape[1:])), values.cumsum(axis=0)])

    def between(self, since: Ints, hour: int) -> Floats:
        """From hour number `since`, of each segment, to `hour`, both included."""
        found: Floats = self._before[hour + 1] - np.take_along_axis(self._before, since[None], axis=0)[0]
        return found


def _p(evidence: Floats, amount: Floats, reference_n: Floats | None) -> Floats:
    """By segment: of the logs of e-values, one of each bet, that rest on `amount` values against `reference_n`."""
    if reference_n is not None:
        evidence = evidence * (reference_n[..., None] / (reference_n[..., None] + amount))
    p: Floats = np.minimum(1, np.exp(-_log_mean_exp(evidence)))
    return p


def benjamini_hochberg(p: Floats) -> Floats:
    """p-values adjusted along the last axis: the smallest rate of false discoveries at which each is discovered."""
    from scipy.stats import false_discovery_control

    adjusted: Floats = np.asarray(false_discovery_control(p, axis=-1)) if p.size else p
    return adjusted


def bets_on_values(
    counts: Floats,
    levels: Floats,
    standard: Floats,
    variance: Floats,
    min_effect: float,
    usual: Floats | None = None,
) -> tuple[Floats, Floats]:
    """`Stream.worse` and `Stream.better` of values in [0, 1] of which more is better.

    `counts` (hours, segments, levels) are how often each of `levels` was seen, or of a sample the weights seen there
    over the largest weight that any could have had; `standard` and `variance` (segments) say what is normal. The
    e-value of a value x is 1 + b (standard - x), a fair bet against a mean of `standard` or more whatever the
    distribution (Waudby-Smith and Ramdas, "Estimating means of bounded random variables by betting", 2024);
    b = d / (variance + d^2) nearly maximises its growth under a fall by d (their section B.3). Of shares, which have
    two levels, d / variance does so exactly: it makes the e-value the likelihood ratio. Falls of 1, 2, 4 and 8 times
    `min_effect` are bet on; where the shares of the levels in the past are known (`usual`), those of 1 and 4 times it,
    and beside them ranks (`rank_gains`).

    Of a sample: 1 + b (w / W) (standard - x) for an interaction that was drawn with probability 1 / w, and 1 for one
    that was not, is a fair bet on every logged interaction (Horvitz and Thompson 1952), where W is the largest weight
    that any of them could have. By concavity its logarithm is at least w / W times that of 1 + b (standard - x), which
    is what is added up here: exact where weights are equal, and else on the safe side.
    """
    falls = min_effect * np.array([1.0, 2.0, 4.0, 8.0])
    if usual is not None:
        falls = falls[::2]
    stake = falls / (variance[..., None] + (falls**2 if len(levels) > 2 else 0))
    stake = np.minimum(stake, SAFE / np.maximum(1 - standard, 1e-9)[..., None])
    gain = np.log1p(stake[..., None] * (standard[..., None, None] - levels))
    if usual is not None:
        gain = np.concatenate([gain, rank_gains(usual)], axis=-2)
    worse: Floats = np.einsum("h...l,...bl->h...b", counts, gain)
    return worse, recovery(counts, levels, standard, variance, min_effect)


def recovery(counts: Floats, levels: Floats, standard: Floats, variance: Floats, fall: float) -> Floats:
    """`Stream.better`: by hour and segment, the log e-value against "worse than the standard by `fall` or more"."""
    poor = np.maximum(standard - fall, 0)
    stake = np.minimum(fall / (variance + fall**2), SAFE / np.maximum(poor, 1e-9))
    found: Floats = np.einsum("h...l,...l->h...", counts, np.log1p(stake[..., None] * (levels - poor[..., None])))
    return found


def rank_gains(usual: Floats) -> Floats:
    """By segment, bet and level: the logarithm of 1 + b (1 - 2 u), where u is the rank of a value in its past.

    u is the share of the past that lies below the value, ties half: a one-sided Mann-Whitney test, value by value.
    Under the distribution of the past 1 - 2 u is 0 on average, ties or not, so that the bet is fair. Ranks see that
    many answers are a little worse sooner than a mean does; the mean sees that a few are far worse.
    """
    below = usual.cumsum(axis=-1) - usual / 2
    gain: Floats = np.log1p(RANK_STAKES[:, None] * (1 - 2 * below[..., None, :]))
    return gain


SAFE = 0.9
"""The largest share of the capital that a single value may cost."""
RANK_STAKES = np.array([0.4, 0.8])
"""Best where 57 % and 63 % of comparisons with a usual score are lost."""


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


def _log_mean_exp(evidence: Floats) -> Floats:
    """The mean of the bets' e-values is an e-value again; in logs, so that nothing overflows."""
    top: Floats = evidence.max(axis=-1)
    mean: Floats = top + np.log(np.exp(evidence - top[..., None]).mean(axis=-1))
    return mean

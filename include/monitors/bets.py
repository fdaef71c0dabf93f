"""How often each level of a score or share was seen goes in; log e-values of "worse" and of "well again" come out."""

from __future__ import annotations

import numpy as np

from include.monitors.sequential import Floats

SAFE = 0.9
"""The largest share of the capital that a single value may cost."""
RANK_STAKES = np.array([0.4, 0.8])
"""Best where 57 % and 63 % of comparisons with a usual score are lost."""
HALVINGS = 16
"""Of the range in which `tempered` looks for a divisor; it is then known to 0.01 %."""


def bets_on_values(
    counts: Floats,
    levels: Floats,
    standard: Floats,
    variance: Floats,
    min_effect: float,
    usual: Floats | None = None,
    dispersion: Floats | None = None,
) -> tuple[Floats, Floats]:
    """`Stream.worse` and `Stream.better` of values in [0, 1] of which more is better.

    `counts` (hours, segments, levels) are how often each of `levels` was seen, or of a sample the weights seen there
    over the largest weight that any could have had; `standard` and `variance` (segments) say what is normal. The
    e-value of a value x is 1 + b (standard - x), a fair bet against a mean of `standard` or more whatever the
    distribution (Waudby-Smith and Ramdas, "Estimating means of bounded random variables by betting", 2024);
    b = d / (variance + d^2) nearly maximises its growth under a fall by d (their section B.3). Of shares, which have
    two levels, d / variance does so exactly: it makes the e-value the likelihood ratio. Falls of 1, 2, 4 and 8 times
    `min_effect` are bet on; where the shares of the levels in the past are known (`usual`), those of 1 and 4 times it,
    and beside them ranks (`rank_gains`). Where days differ more than chance makes them, by `dispersion` (segments),
    the logs are divided by what makes that fair (`tempered`).

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
    if dispersion is not None:
        shares = np.stack([standard, 1 - standard], axis=-1) if usual is None else usual
        gain = tempered(gain, shares, dispersion)
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


def tempered(gain: Floats, shares: Floats, dispersion: Floats) -> Floats:
    """Logs of bets (segments, bets, levels), divided by so much that values that come alike win nothing on average.

    Sums of alike values vary D = `dispersion` times more than those of independent ones. To divide by D would do if
    bets were small (quasi-likelihood); a value that repeats wins a large bet again and again. Where every value is
    with the chance r = (D - 1) / (D + 1) the one before it, sums vary D times more and a value x comes L times in a
    row, of geometric length; L gains of g / d, d the divisor, are fair if the mean over x of
    E exp(L g / d) = (1 - r) exp(g / d) / (1 - r exp(g / d)) is at most 1. The divisor is D, or the least above it of
    which that is true, where the levels have the `shares` (segments, levels).
    """
    alike = (dispersion > 1)[..., None]
    repeats = ((dispersion - 1) / (dispersion + 1))[..., None, None]
    low = np.log(np.broadcast_to(dispersion[..., None], gain.shape[:-1]))
    high = low + np.log(32)
    for step in range(HALVINGS + 1):
        middle = low if step == 0 else (low + high) / 2
        won = np.exp(gain / np.exp(middle)[..., None])
        left = 1 - repeats * won
        fair = (left > 0).all(axis=-1)
        with np.errstate(divide="ignore", over="ignore"):
            mean = np.einsum("...l,...bl->...b", shares, (1 - repeats) * won / np.where(left > 0, left, 1))
        fair &= mean <= 1
        if step == 0:
            high = np.where(fair | ~alike, low, high)
        low, high = np.where(fair, low, middle), np.where(fair, middle, high)
    tempering: Floats = gain / np.exp(high)[..., None]
    return tempering

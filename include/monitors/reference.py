"""The days of a segment's past go in, the standard that it is held to comes out."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist, fmean, median

import numpy as np

from include.domain.segment import Tally, merged
from include.monitors.sequential import Floats

LEFT_OUT = 0.2
"""The share of days that is left out at either end, so that an incident of the past does not become the norm."""
EFFICIENCY = 0.88
"""Of a mean without these days, against that of all of them: what was left out still says where the middle is."""
ENOUGH_DAYS = 5
"""Fewer days than that are all kept, and do not tell how much days differ."""
OUTLYING = 0.25
"""The share of days that is left out where the dispersion is estimated, for the same reason as above."""
PROVEN = 2.0
"""Of 28 days alike, one segment in a hundred seems that many times more dispersed than it is (by simulation)."""
NORMAL = NormalDist()


@dataclass(frozen=True, slots=True)
class Standard:
    """What is normal, on the scale where more is better: `floor` is the mean that no bet is made against.

    `mean` and `tally` are what was seen, for people. Of scores `usual` is the share of the past at each level, `n` how
    many values it stands on. `dispersion` is how many times more days differ than chance makes them (None: unknown).
    """

    floor: float
    mean: float
    variance: float
    tally: Tally | None = None
    n: float = math.inf
    usual: Floats | None = None
    dispersion: float | None = None

    @property
    def least(self) -> float:
        """What the mean is at least: the lower end of a one-sided 95 % interval. To reach it is to be well again."""
        return max(0.0, self.floor - 1.645 * math.sqrt(self.variance / self.n))


def usual(days: Sequence[Tally]) -> Tally:
    """Days as one, without the fifth that is furthest below and the fifth furthest above the median day.

    How far a day is counts in standard errors: one odd answer on a quiet day does not make it an odd day. Days of
    which only what rules chose was judged tell nothing of the others, and are left out as long as there are others.
    """
    days = _telling(days)
    if len(days) < ENOUGH_DAYS:
        return merged(days)
    middle = median(day.total / day.weight for day in days)
    ordered = sorted(days, key=lambda day: (day.total / day.weight - middle) * math.sqrt(day.effective_n))
    out = math.ceil(LEFT_OUT * len(days))
    return merged(ordered[out:-out])


def _telling(days: Sequence[Tally]) -> list[Tally]:
    days = [day for day in days if day.n]
    return [day for day in days if day.is_representative] or days


def of_shares(
    tally: Tally, counts: Floats, levels: Floats, days: Sequence[Tally], good: Callable[[Tally], float]
) -> Standard:
    """The standard of values that were seen `counts` times at `levels`, of a sample as often as if drawn evenly.

    One value of the worst kind is added to what was seen (an error rate of 0 in 100 is not 0 for ever), and the
    floor is the lower end of a one-sided 95 % interval. `good` tells the share of good values of a day.
    """
    n, mean, variance = _with_one_of_the_worst(counts, levels)
    variance = max(variance, 1e-9)  # of a share of which all was bad it is 0
    floor = max(0.0, mean - 1.645 * math.sqrt(variance / n))
    seen = float(np.average(levels, weights=counts))
    return Standard(floor, seen, variance, tally, dispersion=dispersion(days, good, seen, variance))


def of_scores(tally: Tally, counts: Floats, levels: Floats, days: Sequence[Tally]) -> Standard:
    """The same of scores; the chance in what was seen is allowed for where it is compared (`sequential.follow`)."""
    _, mean, variance = _with_one_of_the_worst(counts, levels)
    usual = counts / counts.sum()
    found = Standard(mean, float(usual @ levels), variance, tally, float(counts.sum()), usual)
    design = found.n / tally.effective_n
    kept = tally.weight / sum(day.weight for day in _telling(days))
    return replace(
        found,
        n=found.n * max(1.0, EFFICIENCY / kept),
        dispersion=dispersion(days, _mean, tally.total / tally.weight, variance / design),
    )


def _mean(day: Tally) -> float:
    return day.total / day.weight


def _with_one_of_the_worst(counts: Floats, levels: Floats) -> tuple[float, float, float]:
    """n, mean and variance."""
    n, mean = counts.sum() + 1, float(counts @ levels) / (counts.sum() + 1)
    return n, mean, float(counts @ (levels - mean) ** 2 + mean**2) / n


def of_target(target: float, *, is_share: bool) -> Standard:
    """The standard that a person set, on the scale where more is better.

    The variance only sets the size of the bets: of a share it is exact, of scores a quarter of the largest that
    values in [0, 1] with this mean can have.
    """
    return Standard(target, target, max(target * (1 - target) / (1 if is_share else 4), 1e-3))


def dispersion(days: Sequence[Tally], of: Callable[[Tally], float], mean: float, variance: float) -> float | None:
    """How many times more what days are `of` varies around `mean` than of independent values.

    None where nothing varies or days are few.

    `variance` is that of one value, by Kish's effective n of a day that of its mean.

    Above 1 where answers of a conversation are alike, or days of the week are not. The quarter of days that is
    furthest off is left out, as incidents; 1 on average where days are alike.
    """
    if variance <= 0:  # as of errors that nobody ever saw
        return None
    off = sorted((of(day) - mean) ** 2 * day.effective_n / variance for day in days if day.is_representative)
    if len(off) < ENOUGH_DAYS:
        return None
    kept = off[: len(off) - math.ceil(OUTLYING * len(off))]
    return fmean(kept) / _smallest_squares(len(kept) / len(off)) / (1 - 1 / len(off))


def _smallest_squares(share: float) -> float:
    """The mean of so large a share of the squares of standard normal numbers, the smallest of them."""
    largest = NORMAL.inv_cdf((1 + share) / 2)
    return 1 - 2 * largest * NORMAL.pdf(largest) / share


def together(standards: Sequence[Standard]) -> list[Standard]:
    """The standards of a rule's segments with dispersions of at least 1: that of most, or its own where it is larger.

    One segment's days tell its dispersion badly, the days of all segments that of most of them well: their mean,
    without those that are surely more dispersed than most.
    """
    known = [one.dispersion for one in standards if one.dispersion is not None]
    most = [one for one in known if one <= PROVEN * median(known)]
    common = max(1.0, fmean(most)) if known else 1.0
    return [replace(one, dispersion=max(common, (one.dispersion or 0) / PROVEN)) for one in standards]

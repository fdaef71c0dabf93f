"""The days of a segment's past go in, the standard that it is held to comes out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median

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
KEPT_SQUARES = 0.368
"""The mean of the three quarters of smallest squares of standard normal numbers."""
PROVEN = 2.0
"""Of 28 days alike, one segment in a hundred seems that many times more dispersed than it is (by simulation)."""


@dataclass(frozen=True, slots=True)
class Standard:
    """What is normal, on the scale where more is better: `floor` is the mean that no bet is made against.

    `mean` and `tally` are what was seen, for people. Of scores `usual` is the share of the past at each level, `n` how
    many values it stands on, and `dispersion` how many times more days differ than chance makes them (None: unknown).
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


def of_shares(tally: Tally, counts: Floats, levels: Floats) -> Standard:
    """The standard of values that were seen `counts` times at `levels`, of a sample as often as if drawn evenly.

    One value of the worst kind is added to what was seen (an error rate of 0 in 100 is not 0 for ever), and the
    floor is the lower end of a one-sided 95 % interval.
    """
    n, mean, variance = _with_one_of_the_worst(counts, levels)
    floor = max(0.0, mean - 1.645 * math.sqrt(variance / n))
    return Standard(floor, float(np.average(levels, weights=counts)), variance, tally)


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
        dispersion=dispersion(days, tally.total / tally.weight, variance / design),
    )


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


def dispersion(days: Sequence[Tally], mean: float, variance: float) -> float | None:
    """How many times more the means of days vary around `mean` than independent values would; None of too few days.

    `variance` is that of one value, by Kish's effective n of a day that of its mean.

    Above 1 where answers of a conversation are alike, or days of the week are not. The quarter of days that is
    furthest off is left out, as incidents.
    """
    off = sorted(
        (day.total / day.weight - mean) ** 2 * day.effective_n / variance for day in days if day.is_representative
    )
    if len(off) < ENOUGH_DAYS:
        return None
    kept = off[: len(off) - math.ceil(OUTLYING * len(off))]
    return float(sum(kept) / len(kept) / KEPT_SQUARES)


def together(standards: Sequence[Standard]) -> list[Standard]:
    """The standards of a rule's segments with dispersions of at least 1: that of most, or its own where it is larger.

    One segment's days tell its dispersion badly, the days of all segments that of most of them well.
    """
    known = [one.dispersion for one in standards if one.dispersion is not None]
    common = max(1.0, median(known)) if known else 1.0
    return [replace(one, dispersion=max(common, (one.dispersion or 0) / PROVEN)) for one in standards]

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
ENOUGH_DAYS = 5
"""Fewer days than that are all kept, and do not tell how much days differ."""
OUTLYING = 0.1
"""The share of days that is left out where the dispersion is estimated, for the same reason as above."""
KEPT_SQUARES = 0.623
"""The mean of the 90 % smallest squares of standard normal numbers."""
DISPERSION_NOISE = 3.0
"""Variance of an estimated dispersion, in terms of dispersion^2 / days (by simulation)."""


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


def usual(days: Sequence[Tally]) -> Tally:
    """Days as one, without the fifth that is furthest below and the fifth furthest above the median day.

    How far a day is counts in standard errors: one odd answer on a quiet day does not make it an odd day. Days of
    which only what rules chose was judged tell nothing of the others, and are left out as long as there are others.
    """
    days = [day for day in days if day.n]
    days = [day for day in days if day.is_representative] or days
    if len(days) < ENOUGH_DAYS:
        return merged(days)
    middle = median(day.total / day.weight for day in days)
    ordered = sorted(days, key=lambda day: (day.total / day.weight - middle) * math.sqrt(day.effective_n))
    out = math.ceil(LEFT_OUT * len(days))
    return merged(ordered[out:-out])


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
    design = found.n / tally.effective_n if tally.effective_n else 1.0
    return replace(found, dispersion=dispersion(days, tally.total / tally.weight, variance / design))


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

    Above 1 where answers of a conversation are alike, or days of the week are not. The tenth of days that is furthest
    off is left out, as incidents.
    """
    off = sorted(
        (day.total / day.weight - mean) ** 2 * day.effective_n / variance for day in days if day.is_representative
    )
    if len(off) < ENOUGH_DAYS:
        return None
    kept = off[: len(off) - math.ceil(OUTLYING * len(off))]
    return sum(kept) / len(kept) / KEPT_SQUARES


def together(standards: Sequence[Standard]) -> list[Standard]:
    """The standards of a rule's segments, with dispersions of at least 1 that are drawn to their mean.

    As far as they differ by no more than chance: one segment's days tell its dispersion badly, the days of all
    segments that of all of them well (James and Stein 1961).
    """
    known = [one.dispersion for one in standards if one.dispersion is not None]
    if not known:
        return list(standards)
    common = sum(known) / len(known)
    spread = sum((one - common) ** 2 for one in known) / len(known)
    own = 1 - min(1.0, DISPERSION_NOISE * common**2 / spread) if spread else 0.0
    return [
        replace(one, dispersion=max(1.0, float(common + own * ((one.dispersion or common) - common))))
        for one in standards
    ]

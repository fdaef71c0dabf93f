"""The days of a segment's past go in, the standard that it is held to comes out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

from include.domain.segment import Tally, merged
from include.monitors.sequential import Floats

LEFT_OUT = 0.2
"""The share of days that is left out at either end, so that an incident of the past does not become the norm."""
ENOUGH_DAYS = 5
"""Fewer days than that are all kept."""


@dataclass(frozen=True, slots=True)
class Standard:
    """What is normal, on the scale where more is better: `floor` is the mean that no bet is made against.

    `mean` and `tally` are what was seen, for people; `floor` allows for the chance in them.
    """

    floor: float
    mean: float
    variance: float
    tally: Tally | None = None


def usual(days: Sequence[Tally]) -> Tally:
    """Days as one, without the fifth that is furthest below and the fifth furthest above the median day.

    How far a day is counts in standard errors: one odd answer on a quiet day does not make it an odd day.
    """
    days = [day for day in days if day.n]
    if len(days) < ENOUGH_DAYS:
        return merged(days)
    middle = median(day.total / day.weight for day in days)
    ordered = sorted(days, key=lambda day: (day.total / day.weight - middle) * math.sqrt(day.n))
    out = math.ceil(LEFT_OUT * len(days))
    return merged(ordered[out:-out])


def of_past(tally: Tally, counts: Floats, levels: Floats) -> Standard:
    """The standard of values that were seen `counts` times at `levels`.

    One value of the worst kind is added to what was seen (an error rate of 0 in 100 is not 0 for ever), and the
    floor is the lower end of a one-sided 95 % interval.
    """
    n, mean = counts.sum() + 1, float(counts @ levels) / (counts.sum() + 1)
    variance = float(counts @ (levels - mean) ** 2 + mean**2) / n
    floor = max(0.0, mean - 1.645 * math.sqrt(variance / n))
    return Standard(floor, float(np.average(levels, weights=counts)), variance, tally)


def of_target(target: float, *, is_share: bool) -> Standard:
    """The standard that a person set, on the scale where more is better.

    The variance only sets the size of the bets: of a share it is exact, of scores a quarter of the largest that
    values in [0, 1] with this mean can have.
    """
    return Standard(target, target, max(target * (1 - target) / (1 if is_share else 4), 1e-3))

"""A tally goes in, an interval for its mean or share and the smallest effect that it could have shown come out."""

from __future__ import annotations

import math
from statistics import NormalDist

from include.domain.segment import Tally

POWER = 0.8
Interval = tuple[float, float]


def wilson(share: float, n: float, confidence: float) -> Interval:
    """Two-sided interval of a share in [0, 1] of `n` > 0 values (Wilson 1927)."""
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return max(0.0, min(share, centre - half)), min(1.0, max(share, centre + half))


def of_mean(tally: Tally, confidence: float) -> Interval | None:
    """Student's interval of the weighted mean of scores, within [0, 1]; None where fewer than two values tell nothing.

    With as many degrees of freedom as Kish's effective n has; of equal weights the interval of the books.
    """
    from scipy.special import stdtrit

    if tally.mean is None or tally.mean_variance is None:
        return None
    half = float(stdtrit(tally.effective_n - 1, (1 + confidence) / 2)) * math.sqrt(tally.mean_variance)
    return max(0.0, tally.mean - half), min(1.0, tally.mean + half)


def detectable(variance: float, n: float, alpha: float) -> float | None:
    """The shift of a mean of `n` values that a one-sided test at `alpha` would show with 80 % power."""
    if n <= 0:
        return None
    normal = NormalDist()
    return (normal.inv_cdf(1 - alpha) + normal.inv_cdf(POWER)) * math.sqrt(variance / n)

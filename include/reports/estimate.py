"""Tallies go in, means with intervals come out, and whether two weeks differ by more than noise."""

from __future__ import annotations

import math
from collections.abc import Sequence

from include.domain.report import Estimate
from include.domain.segment import Tally

CONFIDENCE = 0.95
FALSE_DISCOVERY_RATE = 0.05


def estimate(tally: Tally) -> Estimate | None:
    """The weighted mean with Student's 95 % interval, cut to [0, 1]; None of nothing.

    None too where only what sampling rules always have judged was scored, which says nothing of the rest. The interval
    takes interactions as independent, with as many degrees of freedom as Kish's effective n has.
    """
    mean, error = tally.mean, standard_error(tally)
    if mean is None or not tally.is_representative:
        return None
    if error is None:
        return Estimate(mean, None, None, tally.n)
    from scipy.special import stdtrit

    half = float(stdtrit(tally.effective_n - 1, (1 + CONFIDENCE) / 2)) * error
    return Estimate(mean, max(0.0, mean - half), min(1.0, mean + half), tally.n)


def standard_error(tally: Tally) -> float | None:
    """Standard error of the weighted mean; None below two values."""
    return None if tally.mean_variance is None else math.sqrt(tally.mean_variance)


def p_of_difference(now: Tally, before: Tally) -> float | None:
    """Two-sided p of Welch's t-test for equal means (Welch 1947); None where either has fewer than two values."""
    first, second = standard_error(now), standard_error(before)
    if first is None or second is None or now.mean is None or before.mean is None:
        return None
    variance = first**2 + second**2
    if variance == 0:
        return 1.0 if now.mean == before.mean else 0.0
    from scipy.special import stdtr

    freedom = variance**2 / (first**4 / (now.effective_n - 1) + second**4 / (before.effective_n - 1))
    return float(2 * stdtr(freedom, -abs(now.mean - before.mean) / math.sqrt(variance)))


def discoveries(p_values: Sequence[float | None]) -> list[bool]:
    """Which of many comparisons are more than noise: Benjamini and Hochberg (1995) at 5 %; None never is."""
    known = sorted(p for p in p_values if p is not None)
    passed = [p for rank, p in enumerate(known, start=1) if p <= FALSE_DISCOVERY_RATE * rank / len(known)]
    return [p is not None and bool(passed) and p <= passed[-1] for p in p_values]

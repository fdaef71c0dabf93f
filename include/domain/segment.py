"""What an hour or a day of a segment amounts to, so that rules need not read its interactions again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from include.domain.interaction import Window

SCORE_BINS = 20
"""Scores are counted in this many bins of equal width over [0, 1], half-open but for the last."""
AMOUNTS = ("latency_ms", "input_tokens", "output_tokens", "response_chars")
"""Measures without an upper end that are counted in bins."""
AMOUNT_EDGES = (
    *(step * 10.0**power for power in range(1, 6) for step in (1, 1.25, 1.6, 2, 2.5, 3.15, 4, 5, 6.3, 8)),
    1e6,
)
"""Where one bin of amounts ends and the next begins: the preferred numbers of series R10 (ISO 3), ten to a decade."""


@dataclass(frozen=True, slots=True)
class Tally:
    """Sums over the values x of a measure, with sampling weights w = 1 / rate.

    `n` counts the values; `weight`, `weight_sq`, `total` and `total_sq` are the sums of w, w^2, w x and w x^2,
    `total_w2` and `total_sq_w2` those of w^2 x and w^2 x^2. `bins` adds up the weights of scores in `SCORE_BINS` bins,
    those of `AMOUNTS` in one bin below each of `AMOUNT_EDGES` and one from the last edge on, and is empty for other
    measures. `heaviest` is the largest weight that any interaction of these hours would have had, whether it was drawn
    or not.
    """

    n: int = 0
    weight: float = 0.0
    weight_sq: float = 0.0
    total: float = 0.0
    total_sq: float = 0.0
    low: float | None = None
    high: float | None = None
    total_w2: float = 0.0
    total_sq_w2: float = 0.0
    heaviest: float = 1.0
    bins: tuple[float, ...] = ()

    @property
    def mean(self) -> float | None:
        """Weighted mean, or None of nothing."""
        return self.total / self.weight if self.weight else None

    @property
    def is_representative(self) -> bool:
        """Whether the values stand for at least one interaction of the kind that is drawn most rarely.

        If not, they are those that rules always have judged (errors, answers that users flagged), and their mean is
        not that of the segment. A hair is left for rounding.
        """
        return self.weight >= self.heaviest * (1 - 1e-9)

    @property
    def effective_n(self) -> float:
        """How many equally weighted values tell as much (Kish 1965): (sum w)^2 / sum w^2."""
        return self.weight**2 / self.weight_sq if self.weight_sq else 0.0

    @property
    def variance(self) -> float | None:
        """Weighted variance of the values, corrected for the lost degree of freedom; None below two values."""
        mean, n = self.mean, self.effective_n
        if mean is None or n <= 1:
            return None
        return max(0.0, self.total_sq / self.weight - mean**2) * n / (n - 1)

    @property
    def mean_variance(self) -> float | None:
        """Variance of the weighted mean; None below two values.

        The mean is Hajek's ratio of two sums; linearised, its variance is sum w^2 (x - mean)^2 / (sum w)^2 (Sarndal,
        Swensson and Wretman, "Model Assisted Survey Sampling", 1992, 5.7 and 7.2), here without the finite
        population correction, since the mean is that of the application and not of these interactions alone. The
        factor n / (n - 1) with Kish's n makes it s^2 / n where all weights are equal.
        """
        mean, n = self.mean, self.effective_n
        if mean is None or n <= 1:
            return None
        spread = self.total_sq_w2 - 2 * mean * self.total_w2 + mean**2 * self.weight_sq
        return max(0.0, spread) / self.weight**2 * n / (n - 1)

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.n + other.n,
            self.weight + other.weight,
            self.weight_sq + other.weight_sq,
            self.total + other.total,
            self.total_sq + other.total_sq,
            min((x for x in (self.low, other.low) if x is not None), default=None),
            max((x for x in (self.high, other.high) if x is not None), default=None),
            self.total_w2 + other.total_w2,
            self.total_sq_w2 + other.total_sq_w2,
            max(self.heaviest, other.heaviest),
            tuple(map(sum, zip(self.bins, other.bins, strict=True)))
            if self.bins and other.bins
            else self.bins or other.bins,
        )


def merged(tallies: Iterable[Tally]) -> Tally:
    """All of them as one, in one pass; empty ones add nothing."""
    several = [tally for tally in tallies if tally.n]
    if len(several) < 2:
        return several[0] if several else Tally()
    lows = [tally.low for tally in several if tally.low is not None]
    highs = [tally.high for tally in several if tally.high is not None]
    sums = [(t.weight, t.weight_sq, t.total, t.total_sq, t.total_w2, t.total_sq_w2) for t in several]
    weight, weight_sq, total, total_sq, total_w2, total_sq_w2 = map(sum, zip(*sums, strict=True))
    return Tally(
        sum([tally.n for tally in several]),
        weight,
        weight_sq,
        total,
        total_sq,
        min(lows, default=None),
        max(highs, default=None),
        total_w2,
        total_sq_w2,
        max([tally.heaviest for tally in several]),
        tuple(map(sum, zip(*(tally.bins for tally in several if tally.bins), strict=True))),
    )


@dataclass(frozen=True, slots=True)
class SegmentRow:
    """The tally of one measure of one segment over the hour or day that begins at `starts_at`.

    `segment` holds the values of the columns that were asked for, in that order; `epoch` is the judge's, or that
    of the set of judges behind a composite, or "" of what nobody judged.
    """

    starts_at: datetime
    segment: tuple[str, ...]
    epoch: str
    tally: Tally


def whole_hours(window: Window) -> Window:
    """The window, widened to whole hours (UTC)."""
    start, end = (moment.replace(minute=0, second=0, microsecond=0) for moment in (window.start, window.end))
    return Window(start, end if end == window.end else end + timedelta(hours=1))

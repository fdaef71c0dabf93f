"""Tallies of a measure go in; how often each level was seen, the mean and its interval come out, as a rule has them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from include.domain.segment import SCORE_BINS, Tally
from include.monitors import intervals
from include.monitors.rules import RATES, LevelRule
from include.monitors.sequential import Floats

BIN_CENTRES = (np.arange(SCORE_BINS) + 0.5) / SCORE_BINS
GOOD_OR_BAD = np.array([1.0, 0.0])


@dataclass(frozen=True, slots=True)
class Scale:
    """How a rule sees values: as levels in [0, 1] of which more is better; and how it tells people of them."""

    rule: LevelRule

    @property
    def levels(self) -> Floats:
        """Bin centres of a score; 1 and 0 of a share."""
        return GOOD_OR_BAD if self.rule.is_share else BIN_CENTRES

    def weights(self, tally: Tally) -> Floats:
        """The sum of weights at each level: how often it was logged, as far as the sample tells."""
        if self.rule.measure in RATES:
            return np.array([tally.weight - tally.total, tally.total])
        bins = np.array(tally.bins or (0,) * SCORE_BINS, float)
        if self.rule.below is None:
            return bins
        edge = round(self.rule.below * SCORE_BINS)
        return np.array([bins[edge:].sum(), bins[:edge].sum()])

    def n(self, tally: Tally) -> float:
        """How many equally weighted values would tell `value` as precisely: by its variance, of a share by Kish."""
        if self.rule.is_share or not tally.mean_variance or not tally.variance:
            return tally.effective_n
        return tally.variance / tally.mean_variance

    def told(self, good: float) -> float:
        """A mean as people know it: of a share, the share of bad ones."""
        return 1 - good if self.rule.is_share else good

    def value(self, tally: Tally) -> float | None:
        """The score's weighted mean, or the weighted share of bad values."""
        if not self.rule.is_share:
            return tally.mean
        good, bad = self.weights(tally)
        return float(bad / (good + bad)) if good + bad else None

    def interval(self, tally: Tally) -> intervals.Interval | None:
        """Of `value`, at the rule's confidence."""
        value = self.value(tally)
        if self.rule.is_share and value is not None:
            return intervals.wilson(value, tally.effective_n, self.rule.confidence)
        return intervals.of_mean(tally, self.rule.confidence)

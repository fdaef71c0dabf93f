"""Tallies of a measure go in; how often each level was seen, the mean and its interval come out, as a rule has them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from include.domain.segment import AMOUNTS, SCORE_BINS, Tally
from include.domain.series import BINS, TOTAL, WEIGHT
from include.monitors import intervals
from include.monitors.rules import LevelRule
from include.monitors.sequential import Floats
from include.monitors.vocabulary import RATES

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

    @property
    def _is_counted(self) -> bool:
        """Whether totals count the values that matter; of amounts, tallies of what lies beyond a threshold do."""
        return self.rule.measure in RATES or self.rule.measure in AMOUNTS

    def weights(self, tally: Tally) -> Floats:
        """The sum of weights at each level: how often it was logged, as far as the sample tells."""
        return self._weights(np.array(tally.total, float), np.array(tally.weight, float), np.array(tally.bins, float))

    def weights_of(self, cells: Floats) -> Floats:
        """The same of many, by their figures (see `domain.series`): (..., levels)."""
        return self._weights(cells[..., TOTAL], cells[..., WEIGHT], cells[..., BINS:])

    def _weights(self, total: Floats, weight: Floats, bins: Floats) -> Floats:
        if self._is_counted:
            rest = weight - total
            return np.stack([total, rest] if self.rule.falls else [rest, total], axis=-1)
        if bins.shape[-1] < SCORE_BINS:  # none were counted
            bins = np.zeros((*total.shape, SCORE_BINS))
        if self.rule.below is None:
            return bins
        edge = round(self.rule.below * SCORE_BINS)
        return np.stack([bins[..., edge:].sum(axis=-1), bins[..., :edge].sum(axis=-1)], axis=-1)

    def good(self, tally: Tally) -> float:
        """The share of good values among those of a share."""
        if self._is_counted:
            return (tally.total if self.rule.falls else tally.weight - tally.total) / tally.weight
        return sum(tally.bins[round((self.rule.below or 0) * SCORE_BINS) :]) / tally.weight

    def n(self, tally: Tally) -> float:
        """How many equally weighted values would tell `value` as precisely: by its variance, of a share by Kish."""
        if self.rule.is_share or not tally.mean_variance or not tally.variance:
            return tally.effective_n
        return tally.variance / tally.mean_variance

    def told(self, good: float) -> float:
        """A mean as people know it, of a share that rises the share of bad ones; and the other way round."""
        return good if self.rule.falls else 1 - good

    def value(self, tally: Tally) -> float | None:
        """The score's weighted mean, or the weighted share as people know it."""
        if not self.rule.is_share:
            return tally.mean
        good, bad = self.weights(tally)
        return self.told(float(good / (good + bad))) if good + bad else None

    def beside(self, weights: Floats, totals: Floats) -> Floats | None:
        """How far the mean of hours lies above that of their bins' centres; None where both sides are seen in bins.

        Values of the past are seen through the same bins, a target is not: what is held to one is seen as it is.
        """
        if self.rule.target is None or self.rule.is_share:
            return None
        found: Floats = (totals - weights @ self.levels) / np.maximum(weights.sum(axis=-1), 1e-9)
        return found

    def interval(self, tally: Tally) -> intervals.Interval | None:
        """Of `value`, at the rule's confidence."""
        value = self.value(tally)
        if self.rule.is_share and value is not None:
            return intervals.wilson(value, tally.effective_n, self.rule.confidence)
        return intervals.of_mean(tally, self.rule.confidence)

"""Interactions of now and of before as arrays, with their labels: what each label adds up to, and adds to the change.

With s a label's share of the weight, m its mean and M0 the mean of before, a label contributes

    s1 (m1 - M0) - s0 (m0 - M0)  =  (m1 - m0) (s0 + s1) / 2  +  (s1 - s0) ((m0 + m1) / 2 - M0)

the decomposition of Kitagawa ("Components of a difference between two rates", 1955) into change within and change of
the mix, counted from the mean of before. Over labels that part the interactions the contributions sum to M1 - M0
exactly. A label that came in pays for all that it brought, one that left for nothing that followed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np

from include.monitors.sequential import Bools, Floats, Ints

Label: TypeAlias = tuple[str, str]
"""A column and its value."""

TOPIC, HOUR = "topic", "hour"


@dataclass(frozen=True)
class Labelled:
    """Interactions as arrays: `worse` is the value, turned so that more is worse; `now` tells now from before.

    Interaction `row[i]` has the label `labels[label[i]]`, telling columns first. `usual` is the mean of before, on the
    scale of `worse`.
    """

    worse: Floats
    weight: Floats
    now: Bools
    row: Ints
    label: Ints
    labels: Sequence[Label]
    usual: float

    @cached_property
    def contribution(self) -> Floats:
        """What each interaction adds to the change of the mean; over all of them the change itself."""
        now, before = (float(self.weight[side].sum()) or 1.0 for side in (self.now, ~self.now))
        share = self.weight * np.where(self.now, 1 / now, -1 / before)
        found: Floats = share * (self.worse - self.usual)
        return found

    @property
    def change(self) -> float:
        """By how much the mean got worse."""
        return float(self.contribution.sum())

    @cached_property
    def is_topic(self) -> Bools:
        """Which labels are words of questions."""
        return np.array([column == TOPIC for column, _ in self.labels], bool)

    @cached_property
    def is_hour(self) -> Bools:
        """Which labels are hours: each of them is new."""
        return np.array([column == HOUR for column, _ in self.labels], bool)

    def having(self, label: int) -> Bools:
        """The interactions with that label."""
        found = np.zeros(len(self.worse), bool)
        found[self.row[self.label == label]] = True
        return found

    def carried(self, left: Bools) -> Floats:
        """The share of the change that each label carries by those of its interactions that are `left`."""
        return self._by_label(np.where(left, self.contribution, 0)) / self.change

    def sums(self, rows: Bools) -> Floats:
        """Of each label, over these interactions: their number, the sums of w, w^2, w x and w x^2."""
        return np.array([self._by_label(np.where(rows, one, 0)) for one in self._moments])

    def whole(self, rows: Bools) -> Floats:
        """The same of all these interactions as one."""
        found: Floats = self._moments[:, rows].sum(axis=1)[:, None]
        return found

    @cached_property
    def _moments(self) -> Floats:
        weighted = self.weight * self.worse
        return np.array([np.ones_like(self.weight), self.weight, self.weight**2, weighted, weighted * self.worse])

    def _by_label(self, values: Floats) -> Floats:
        found: Floats = np.bincount(self.label, values[self.row], len(self.labels)).astype(float)
        return found

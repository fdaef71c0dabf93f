"""Interactions go in; how many times more their mean varies because those of a conversation are alike comes out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from include.domain.observation import Observation
from include.monitors.sequential import Floats


def design_effect(past: Sequence[Observation], now: Sequence[Observation]) -> float:
    """1 + (m - 1) rho, at least 1 (Kish, "Survey Sampling", 1965, 5.4), of the interactions of `now`.

    rho is how much interactions of one conversation of the past are alike, m the size of a conversation of now,
    averaged over interactions. An interaction of no conversation is one by itself.
    """
    sizes = np.array([len(one) for one in _conversations(now)], float)
    size = float((sizes**2).sum() / sizes.sum()) if len(sizes) else 1.0
    return 1 + (size - 1) * _likeness(_conversations(past))


def _conversations(observations: Sequence[Observation]) -> list[Floats]:
    found: dict[tuple[str, str], list[float]] = defaultdict(list)
    for one in observations:
        kind = ("conversation", one.conversation_id) if one.conversation_id else ("interaction", one.interaction_id)
        found[kind].append(one.value)
    return [np.array(values) for values in found.values()]


def _likeness(groups: Sequence[Floats]) -> float:
    """The intraclass correlation, in [0, 1], by the analysis of variance; 0 where nothing is known of it.

    Donner, "A review of inference procedures for the intraclass correlation coefficient", 1986.
    """
    sizes, means = np.array([len(one) for one in groups], float), np.array([one.mean() for one in groups])
    n, k = sizes.sum(), len(groups)
    if k < 2 or n <= k:
        return 0.0
    between = float(sizes @ (means - (sizes @ means) / n) ** 2) / (k - 1)
    within = sum(float(((one - one.mean()) ** 2).sum()) for one in groups) / (n - k)
    usual_size = (n - (sizes**2).sum() / n) / (k - 1)
    spread = between + (usual_size - 1) * within
    return min(1.0, max(0.0, (between - within) / spread)) if spread > 0 else 0.0

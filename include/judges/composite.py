"""The values of one interaction's dimensions go in, its composite comes out; missing is not zero."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from include.domain.score import Composite, Weights, epoch_set


def composite(
    interaction_id: str,
    logged_at: datetime,
    values: Mapping[str, float],
    weights: Weights,
    epochs: Collection[str],
) -> Composite:
    """The weighted mean of `values` in [0, 1]; its value is None while a weighted dimension is missing.

    `epochs` are the ids of the judges in force, whether or not each gave a value. Values of dimensions without a
    weight are kept beside it.
    """
    value = None
    if values.keys() >= weights.by_dimension.keys():
        total = sum(weight * values[dimension] for dimension, weight in weights.by_dimension.items())
        value = min(1.0, max(0.0, total))  # 0.6 + 0.2 + 0.2 is a hair more than 1
    return Composite(interaction_id, logged_at, value, weights.version, epoch_set(list(epochs)), dict(values))

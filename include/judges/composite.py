"""Scores of one interaction and the project's weights go in; the composite, or that there is none, comes out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from math import fsum

from include.domain.score import Composite, Weights


def composite(
    interaction_id: str, logged_at: datetime, values: Mapping[str, float], weights: Weights, epochs: str
) -> Composite:
    """The weighted sum of `values` (each in [0, 1], by dimension); its value is None while a weighted one is missing.

    `epochs` is the identity of the judges (`include.domain.score.epoch_set`).
    """
    complete = weights.weighted <= values.keys()
    parts = (values[one] * weights.by_dimension[one] for one in weights.weighted) if complete else ()
    return Composite(
        interaction_id=interaction_id,
        logged_at=logged_at,
        value=min(1.0, max(0.0, fsum(parts))) if complete else None,  # rounding may lead out of [0, 1]
        weights_version=weights.version,
        epochs=epochs,
        by_dimension=dict(values),
    )

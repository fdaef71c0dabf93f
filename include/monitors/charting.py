"""Weights at each level by hour and segment, and the standards they are held to, go in; their chart comes out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from include.monitors.bets import bets_on_values, recovery
from include.monitors.reference import Standard
from include.monitors.rules import LevelRule
from include.monitors.scale import Scale
from include.monitors.sequential import BY_HOUR, DEEP, Chart, Floats, Stream, follow


def charted(scale: Scale, weights: Floats, heaviest: Floats, n: Floats, standards: Sequence[Standard]) -> Chart:
    """The chart of hours by segments, of the weights at each level, the largest weight and the number of values."""
    return followed_through(scale.rule, stream_of(scale, weights, heaviest, n, standards))


def followed_through(rule: LevelRule, stream: Stream) -> Chart:
    """The chart of a stream, by the rule's own limits."""
    return follow(stream, alpha=rule.alpha, min_n=rule.min_n, min_effect=rule.min_effect)


def stream_of(
    scale: Scale,
    weights: Floats,
    heaviest: Floats,
    n: Floats,
    standards: Sequence[Standard],
    beside: Floats | None = None,
) -> Stream:
    """What the hours say; `beside` (hours, segments) is how far their means lie above those of their bins' centres."""
    if beside is not None:
        return _exact(scale, weights, heaviest, n, standards, beside)
    rule = scale.rule

    def each(name: str) -> Floats:
        found = np.array([getattr(one, name) for one in standards], float)
        return found.reshape(*n.shape[1:], *found.shape[1:])

    usual = None if standards[0].usual is None else each("usual")
    counted = weights / heaviest[..., None]
    variance = each("variance")
    dispersion = None if standards[0].tally is None else each("dispersion")
    worse, _ = bets_on_values(counted, scale.levels, each("floor"), variance, rule.min_effect, usual, dispersion)

    def mended(fall: float) -> Floats:
        return recovery(counted, scale.levels, each("least"), variance, fall)

    weight: Floats = weights.sum(axis=-1)
    return Stream(
        worse,
        mended(rule.min_effect),
        n,
        weight,
        lost=weight * each("mean") - weights @ scale.levels,
        counted=counted.sum(axis=-1),
        reference_n=None if usual is None else each("n"),
        mended=None if usual is None else mended(rule.min_effect * DEEP / 2),
    )


def _exact(
    scale: Scale, weights: Floats, heaviest: Floats, n: Floats, standards: Sequence[Standard], beside: Floats
) -> Stream:
    """The stream of hours whose bins are moved so far that their mean is that of the values.

    A value may lie anywhere in its bin: as centres, values that reach a target could seem to fall short of it. With
    the mean as it is, log(1 + b (target - x)), which is concave, adds up to at most 0 where that reaches the target.
    """
    hours = []
    for at, moved in enumerate(beside):
        held = [
            replace(one, floor=one.floor - by, mean=one.mean - by) for one, by in zip(standards, moved, strict=True)
        ]
        hours.append(stream_of(scale, weights[[at]], heaviest[[at]], n[[at]], held))
    return replace(hours[0], **{name: np.concatenate([getattr(one, name) for one in hours]) for name in BY_HOUR})

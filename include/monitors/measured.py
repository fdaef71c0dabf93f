"""A rule and a result's labels go in; the interactions they speak of, and values as the rule counts them, come out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import zip_longest

from include.domain.observation import Observation, Scope
from include.domain.run import Epochs
from include.domain.segment import AMOUNTS
from include.monitors.cause_search import WeightsOf
from include.monitors.rules import LevelRule
from include.monitors.vocabulary import UNSCORED

READABLE = frozenset({"error", *AMOUNTS})
"""Of the measures that no judge gave, those that an interaction has by itself."""


def scope_of(rule: LevelRule, labels: Mapping[str, str], epochs: Epochs) -> Scope | None:
    """Which interactions the result with these labels speaks of; None where they are not kept one by one."""
    if rule.measure in UNSCORED - READABLE:
        return None
    segment = {**rule.where, **segment_of(rule.by, labels)}
    if rule.measure in UNSCORED:
        return Scope(segment, rule.measure)
    own = epochs.of(segment["project"]).get(rule.measure) if "project" in segment else None
    return Scope(segment, rule.measure, (own,) if own else tuple(sorted(epochs.every(rule.measure))))


def segment_of(by: Sequence[str], labels: Mapping[str, str]) -> dict[str, str]:
    """`result.labels` read backwards: project and environment by themselves, the others as "model=m, language=de"."""
    found = {column: labels.get(column, "") for column in by if column in ("project", "environment")}
    rest, others = labels.get("segment", ""), [column for column in by if column not in found]
    for column, following in zip_longest(others, others[1:]):
        end = rest.find(f", {following}=") if following else len(rest)
        found[column], rest = rest[len(column) + 1 : end], rest[end + 2 :]
    return found


def by_weights(observations: Sequence[Observation], weights: WeightsOf | None) -> Sequence[Observation]:
    """Composites by the weights of today; other values as they are."""
    if weights is None:
        return observations
    return [replace(one, value=_composite(one, weights(one.project))) for one in observations]


def _composite(one: Observation, weights: Mapping[str, float]) -> float:
    """What was stored, where a dimension is weighted today that was not judged then."""
    if any(weight and dimension not in one.by_dimension for dimension, weight in weights.items()):
        return one.value
    return sum(weight * one.by_dimension.get(dimension, 0.0) for dimension, weight in weights.items())


def as_share(
    rule: LevelRule, now: Sequence[Observation], before: Sequence[Observation]
) -> tuple[Sequence[Observation], Sequence[Observation]]:
    """Both with 1 for the interactions that the rule counts, and 0 for the others."""
    least = rule.above
    if rule.percentile and before:
        least = sorted(one.value for one in before)[math.ceil(rule.percentile / 100 * len(before)) - 1]
    if least is None and rule.below is None:
        return now, before

    def counted(one: Observation) -> Observation:
        is_bad = one.value < (rule.below or 0) - 1e-9 if least is None else one.value >= least
        return replace(one, value=float(is_bad))

    return [counted(one) for one in now], [counted(one) for one in before]

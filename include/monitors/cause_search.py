"""Interactions of a breach and of the days before it go in, the cause that carries the change comes out."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from statistics import median

import numpy as np

from include.domain.cause import Arrival, Cause, DimensionShare, Part, Seen, Verdict
from include.domain.observation import Observation
from include.monitors import cause_words
from include.monitors.columns import labelled
from include.monitors.contrast import FEW, LEAST_N
from include.monitors.conversations import design_effect
from include.monitors.decompose import Carrier, carriers, differing
from include.monitors.labels import HOUR, TOPIC, Labelled
from include.monitors.reference import ENOUGH_DAYS, LEFT_OUT
from include.monitors.sequential import Bools

EXAMPLES = 3
MAIN = ("prompt_version", "model", "language", HOUR, "question length", TOPIC)
"""Columns of which it is said that they play no part."""

WeightsOf = Callable[[str], Mapping[str, float]]
"""The weights of a project's composite, by dimension."""


@dataclass(frozen=True, slots=True)
class Breach:
    """What is to be explained.

    `sign` is -1 where more is better, 1 where more is worse. `standard` is what the rule holds the values to: it stands
    in where there is no past. A change smaller than `least` has no cause. `dispersion` is how many times more means
    vary than those of independent values. `weights` split a composite into its dimensions; None of another measure.
    `may_tell` denies values of the log that people must not see.
    """

    since: datetime
    sign: int
    standard: float | None
    least: float
    dispersion: float = 1.0
    changes: Sequence[Arrival] = ()
    weights: WeightsOf | None = None
    may_tell: Callable[[str], bool] = bool


def search(breach: Breach, now: Sequence[Observation], before: Sequence[Observation]) -> Cause | None:
    """What carries the change from `before` to `now`; None where little is known of now, or nothing got worse."""
    before = usual_days(before) if len(before) >= FEW else ()
    usual = _mean(before) if before else breach.standard
    if len(now) < LEAST_N or usual is None:
        return None
    taken = labelled(now, before, breach.sign, usual, breach.may_tell)
    if taken.change < breach.least:
        return None
    dispersion = max(breach.dispersion, design_effect(before or now, now))
    parts = [_part(breach, taken, carrier, now) for carrier in carriers(taken, dispersion)]
    telling = {column for part in parts for column in (part.column, *(part.within or ())[:1])}
    telling |= differing(taken, dispersion)
    ruled_out = [column for column in _columns(taken) if column not in telling]
    cause = Cause(
        sentence="",
        verdict=Verdict.SEGMENT if parts else Verdict.SPREAD,
        value=_mean(now),
        reference=usual,
        n=len(now),
        reference_n=len(before),
        parts=parts,
        dimensions=_by_dimension(now, before, breach.weights) if breach.weights and before else (),
        changes=breach.changes,
        ruled_out=ruled_out,
        examples=_worst(now, breach.sign),
    )
    return replace(cause, sentence=cause_words.sentence(cause, "drop" if breach.sign < 0 else "rise", breach.since))


def usual_days(before: Sequence[Observation]) -> Sequence[Observation]:
    """Without the fifth of days furthest below the median day and the fifth furthest above: the rule's own reference.

    An incident of the past is no standard. Where there are few days, all are kept.
    """
    days: dict[date, list[Observation]] = defaultdict(list)
    for one in before:
        days[one.logged_at.date()].append(one)
    if len(days) < ENOUGH_DAYS:
        return before
    means = {day: _mean(rows) for day, rows in days.items()}
    middle = median(means.values())
    ordered = sorted(days, key=lambda day: (means[day] - middle) * math.sqrt(len(days[day])))
    out = math.ceil(LEFT_OUT * len(days))
    return [one for day in ordered[out:-out] for one in days[day]]


def _part(breach: Breach, taken: Labelled, carrier: Carrier, now: Sequence[Observation]) -> Part:
    mine, past = carrier.rows & taken.now, carrier.rows & ~taken.now
    column, values = carrier.labels[0][0], tuple(value for _, value in carrier.labels)
    return Part(
        column=column,
        values=values,
        share_of_change=float(taken.contribution[carrier.rows].sum()) / taken.change,
        share_of_traffic=_share(taken, mine, taken.now),
        reference_share=_share(taken, past, ~taken.now),
        n=int(mine.sum()),
        value=breach.sign * _average(taken, mine),
        reference=breach.sign * _average(taken, past) if past.any() else None,
        first_seen=next((one.at for one in breach.changes if (one.what, (one.value,)) == (column, values)), None),
        within=carrier.within,
        same_as=carrier.same_as,
        examples=_worst([now[int(row)] for row in np.flatnonzero(mine)], breach.sign),
    )


def _share(taken: Labelled, rows: Bools, of: Bools) -> float:
    whole = float(taken.weight[of].sum())
    return float(taken.weight[rows].sum()) / whole if whole else 0.0


def _average(taken: Labelled, rows: Bools) -> float:
    return float(np.average(taken.worse[rows], weights=taken.weight[rows]))


def _columns(taken: Labelled) -> list[str]:
    """Of the main columns those with at least two values among the interactions of now."""
    values: dict[str, set[str]] = defaultdict(set)
    for (column, value), n in zip(taken.labels, taken.sums(taken.now)[0], strict=True):
        if n:
            values[column].add(value)
    return [column for column in MAIN if len(values[column]) > 1]


def _by_dimension(
    now: Sequence[Observation], before: Sequence[Observation], weights: WeightsOf
) -> list[DimensionShare]:
    """What each dimension adds to the change of the composite, the most first: the composite is their weighted sum."""
    change = _mean(now) - _mean(before)

    def share(dimension: str) -> DimensionShare:
        def plain(one: Observation) -> float:
            return one.by_dimension.get(dimension, 0.0)

        def weighted(one: Observation) -> float:
            return plain(one) * weights(one.project).get(dimension, 0.0)

        added = _mean(now, weighted) - _mean(before, weighted)
        return DimensionShare(dimension, added / change, _mean(now, plain), _mean(before, plain))

    dimensions = sorted({dimension for one in now for dimension in one.by_dimension})
    return sorted(map(share, dimensions), key=lambda one: -one.share_of_change)


def _mean(observations: Sequence[Observation], of: Callable[[Observation], float] = lambda one: one.value) -> float:
    return float(np.average([of(one) for one in observations], weights=[one.weight for one in observations]))


def _worst(observations: Sequence[Observation], sign: int) -> tuple[Seen, ...]:
    """The worst, of equally bad ones the newest."""
    ordered = sorted(observations, key=lambda one: (one.logged_at, one.interaction_id), reverse=True)
    ordered.sort(key=lambda one: -sign * one.value)
    return tuple(Seen(one.interaction_id, one.logged_at) for one in ordered[:EXAMPLES])

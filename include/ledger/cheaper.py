"""Answers by model and kind of question go in; whether a cheaper model would have done comes out, with its interval.

Where several models are compared with one, their intervals hold together (Bonferroni). It is no experiment: who was
answered by which model was not drawn by lot, and questions count as comparable if they are alike in language, length,
passages, and place in the conversation.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from statistics import NormalDist

from include.domain.cost import Spend
from include.domain.segment import Tally
from include.domain.value import AnswerTally, CheaperModel, Stratum, Verdict

CONFIDENCE = 0.95
MARGIN = 0.02
"""The largest loss of composite that counts as none."""
MIN_JUDGED = 30
"""Judged answers of each model on comparable questions, below which nothing is said of them."""
MIN_IN_STRATUM = 5
"""Judged answers of each model in a stratum, below which it is not comparable: their spread says too little."""
MIN_COMPARABLE = 0.5
"""Share of a model's interactions that must be comparable, or the rest could tell another story."""


def cheaper_models(tallies: Iterable[AnswerTally], good_from: Mapping[str, float]) -> tuple[CheaperModel, ...]:
    """Of each project and environment: models that cost less, on comparable questions, than the one it spends most on.

    In each stratum in which both were judged the means are compared; strata count by the traffic of the dearer model,
    so that the difference is what moving that traffic would have done (direct standardisation). A model is enough if
    the interval of the difference excludes a loss of more than `MARGIN`, and that of its mean what is no good answer.
    """
    by_place: defaultdict[tuple[str, str], defaultdict[str, dict[Stratum, AnswerTally]]]
    by_place = defaultdict(lambda: defaultdict(dict))
    for tally in tallies:
        by_place[tally.project, tally.environment][tally.model][tally.stratum] = tally
    found: list[CheaperModel] = []
    for (project, environment), models in sorted(by_place.items()):
        main = max(sorted(models), key=lambda name: sum(one.spend.known for one in models[name].values()))
        others = [name for name in sorted(models) if name != main and _mean_price(models[main].values()).is_finite()]
        target = good_from.get(project, good_from[""])
        level = 1 - (1 - CONFIDENCE) / max(1, len(others))
        for other in others:
            told = _compared(project, environment, (main, other), (models[main], models[other]), target, level)
            found += [told] if told else []
    return tuple(found)


def _compared(
    project: str,
    environment: str,
    names: tuple[str, str],
    sides: tuple[dict[Stratum, AnswerTally], dict[Stratum, AnswerTally]],
    good_from: float,
    level: float,
) -> CheaperModel | None:
    """None where the other model is not cheaper, as far as prices are known."""
    main, other = sides
    shared = [stratum for stratum in sorted(main.keys() & other.keys()) if _suffices(main[stratum], other[stratum])]
    calls = [main[stratum].spend.calls for stratum in shared]
    n = tuple(sum(side[stratum].values.n for stratum in shared) for side in sides)
    comparable = sum(calls) / sum(one.spend.calls for one in main.values())
    if min(n) < MIN_JUDGED or comparable < MIN_COMPARABLE:
        n = tuple(sum(one.values.n for one in side.values()) for side in sides)
        cheap = _mean_price(other.values()) < _mean_price(main.values())
        return CheaperModel(project, environment, *names, Verdict.TOO_FEW, (n[0], n[1]), comparable) if cheap else None
    paid, would = (
        sum((_mean_price([side[one]]) * main[one].spend.calls for one in shared), Decimal(0)) for side in sides
    )
    if would >= paid:
        return None
    weights = [one / sum(calls) for one in calls]
    z = NormalDist().inv_cdf((1 + level) / 2)
    first, second = (_standardised([side[stratum].values for stratum in shared], weights) for side in sides)
    difference, half = second[0] - first[0], z * math.sqrt(first[1] + second[1])
    verdict = Verdict.ENOUGH
    if second[0] - z * math.sqrt(second[1]) < good_from:
        verdict = Verdict.BELOW_TARGET
    if difference - half < -MARGIN:
        verdict = Verdict.MAY_LOSE
    return CheaperModel(
        project,
        environment,
        *names,
        verdict,
        (n[0], n[1]),
        comparable,
        difference=difference,
        low=difference - half,
        high=difference + half,
        expected=second[0],
        price_ratio=float(would / paid),
        saving=paid - would,
    )


def _suffices(first: AnswerTally, second: AnswerTally) -> bool:
    """Whether both were judged and priced often enough to be compared."""
    return all(
        one.values.n >= MIN_IN_STRATUM
        and one.values.mean_variance is not None
        and one.values.is_representative
        and one.spend.cost is not None
        for one in (first, second)
    )


def _mean_price(tallies: Iterable[AnswerTally]) -> Decimal:
    """USD of a call; infinite where none has a price."""
    spend = sum((one.spend for one in tallies), Spend())
    priced = spend.calls - spend.unpriced
    return spend.known / priced if priced else Decimal("Infinity")


def _standardised(tallies: Sequence[Tally], weights: Sequence[float]) -> tuple[float, float]:
    """Mean and variance of the mean, were each stratum as large as its weight."""
    mean = sum(weight * (one.mean or 0.0) for one, weight in zip(tallies, weights, strict=True))
    variance = sum(weight**2 * (one.mean_variance or 0.0) for one, weight in zip(tallies, weights, strict=True))
    return mean, variance

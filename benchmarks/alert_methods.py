"""Scores go in; when the shipped rules and when other tests on the same scores were in alarm comes out.

The rules are those of rules.yaml that tell on-call about the composite, evaluated for every hour by the code of
production (`level.charted`); that this equals `evaluate` is a test. The others look once a day.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import numpy as np

from benchmarks.alert_worlds import BEFORE, DAYS, HOURS, Scores
from include.adapters.yaml_file import load
from include.domain.segment import SCORE_BINS, Tally
from include.monitors import level, reference
from include.monitors.reference import Standard
from include.monitors.rules import LevelRule, Rules
from include.monitors.scale import Scale
from include.monitors.sequential import Bools, Floats, benjamini_hochberg

RULES_FILE = Path(__file__).resolve().parents[1] / "include/monitors/rules.yaml"
RULES = [
    rule
    for rule in load(RULES_FILE, Rules).rules
    if isinstance(rule, LevelRule) and rule.measure == "composite" and rule.severity != "info" and not rule.against
]
DAY = timedelta(days=1)


# -- the shipped rules ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Seen:
    """What production would read of the scores: hours by repetition, segment and level, and the tallies of days."""

    levels: Floats
    days: list[list[Tally]]
    repetitions: int

    @property
    def shape(self) -> tuple[int, int]:
        """Repetitions and segments of each."""
        return self.repetitions, len(self.days) // self.repetitions


def seen(scores: Scores, repetitions: int) -> Seen:
    """The scores as [0, 1] in the bins of `segments_hourly`."""
    each = scores.segments
    x = (scores.value - 1) / 4
    bin_ = np.minimum(SCORE_BINS - 1, (x * SCORE_BINS + 1e-9).astype(int))
    cells = np.bincount((scores.hour * each + scores.segment) * SCORE_BINS + bin_, minlength=HOURS * each * SCORE_BINS)
    levels = cells.reshape(HOURS, repetitions, -1, SCORE_BINS).astype(float)
    bins = levels.reshape(-1, 24, each, SCORE_BINS).sum(axis=1)
    place = scores.hour // 24 * each + scores.segment
    total, total_sq = (
        np.bincount(place, v, (BEFORE + DAYS) * each).astype(float).reshape(-1, each) for v in (x, x * x)
    )
    return Seen(levels, [_tallies(bins[:, one], total[:, one], total_sq[:, one]) for one in range(each)], repetitions)


def _tallies(bins: Floats, total: Floats, total_sq: Floats) -> list[Tally]:
    return [
        Tally(n=int(n), weight=n, weight_sq=n, total=x, total_sq=xx, bins=tuple(b), total_w2=x, total_sq_w2=xx)
        for n, x, xx, b in zip(bins.sum(axis=1).tolist(), total.tolist(), total_sq.tolist(), bins.tolist(), strict=True)
    ]


def breached(rule: LevelRule, found: Seen, deploys: int = 0) -> Bools:
    """Whether the rule is in breach in each hour of the thirty days (hours, repetitions, segments).

    Where there are `deploys`, one every so many days, evidence from before the last of them counts for nothing.

    All windows of a day are held to the same past from the same midnight, so that one walk through the day tells what
    each of its twenty-four evaluations does.
    """
    scale = Scale(rule)
    deployed = [day - day % deploys if deploys else -BEFORE for day in range(DAYS)]
    return np.concatenate([_day(scale, found, BEFORE + day, BEFORE + since) for day, since in enumerate(deployed)])


def _day(scale: Scale, found: Seen, day: int, deployed: int) -> Bools:
    start = day - scale.rule.over // DAY
    standards = _standards(scale, found, start)
    hours = found.levels[max(start, deployed) * 24 : (day + 1) * 24]
    n = hours.sum(axis=-1)
    chart = level.charted(scale, _levels(scale.rule, hours), np.ones(n.shape), n, standards)
    told: Bools = chart.breached[-24:] & (n[-24:] > 0)
    return told


def _levels(rule: LevelRule, hours: Floats) -> Floats:
    """`Scale.weights` of whole arrays."""
    if rule.below is None:
        return hours
    edge = round(rule.below * SCORE_BINS)
    return np.stack([hours[..., edge:].sum(axis=-1), hours[..., :edge].sum(axis=-1)], axis=-1)


def _standards(scale: Scale, found: Seen, start: int) -> list[Standard]:
    trailing = (scale.rule.trailing or timedelta(0)) // DAY
    known = [level.standard_of(scale, days[start - trailing : start]) for days in found.days]
    each = found.shape[1]
    standards = [one for one in known if isinstance(one, Standard)]
    assert len(standards) == len(known), "every segment has a reference"
    return [one for first in range(0, len(known), each) for one in reference.together(standards[first : first + each])]


# -- the other tests, once a day --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Daily:
    """Each segment's reference and its thirty days of scores."""

    reference: list[Floats]
    days: list[list[Floats]]

    def each(self, statistic: Callable[[Floats, Floats], float]) -> Floats:
        """Of (reference, day); days by segments."""
        return np.array(
            [[statistic(past, day) for day in days] for past, days in zip(self.reference, self.days, strict=True)]
        ).T


def daily(scores: Scores) -> Daily:
    """The same scores, by day."""
    order = np.argsort(scores.segment * (BEFORE + DAYS) + scores.hour // 24, kind="stable")
    value = scores.value[order]
    ends = np.cumsum(
        np.bincount(scores.segment * (BEFORE + DAYS) + scores.hour // 24, minlength=scores.segments * (BEFORE + DAYS))
    )
    parts = np.split(value, ends[:-1])
    rows = [parts[one * (BEFORE + DAYS) : (one + 1) * (BEFORE + DAYS)] for one in range(scores.segments)]
    return Daily([np.sort(np.concatenate(row[:28])) for row in rows], [row[BEFORE:] for row in rows])


def mann_whitney(past: Floats, day: Floats) -> float:
    """One-sided p that the day is lower, by the normal approximation; ties are so few that they do not matter."""
    from scipy.special import ndtr

    if not len(day):
        return 1.0
    rank = (np.searchsorted(past, day, "left") + np.searchsorted(past, day, "right")) / 2 / len(past)
    return float(ndtr((rank.mean() - 0.5) / math.sqrt((1 / len(day) + 1 / len(past)) / 12)))


def psi(past: Floats, day: Floats) -> float:
    """Population stability index over the deciles of the reference; empty bins count as 1 in 10,000."""
    if not len(day):
        return 0.0
    edges = np.quantile(past, np.arange(0.1, 0.95, 0.1))
    share = np.maximum(np.bincount(np.searchsorted(edges, day), minlength=10) / len(day), 1e-4)
    return float((share - 0.1) @ np.log(share / 0.1))


def standardised(past: Floats, day: Floats) -> float:
    """The day's mean in standard errors from the reference's."""
    return float((day.mean() - past.mean()) / past.std() * math.sqrt(len(day))) if len(day) else 0.0


def evidently_score(past: Floats, day: Floats) -> float:
    """1 where the test that Evidently's drift preset takes for a numerical column by default says drift, else 0."""
    import pandas as pd
    from evidently.legacy.calculations.stattests import get_stattest
    from evidently.legacy.core import ColumnType

    now, before = pd.Series(day), pd.Series(past)
    test = get_stattest(before, now, ColumnType.Numerical, None)
    return float(test(before, now, ColumnType.Numerical, None).drifted)


def _ewma(z: Floats, weight: float = 0.2, limit: float = 2.7) -> Bools:
    """EWMA chart of standardised daily means (Roberts 1959), lower side, begun anew after an alarm."""
    state, found = np.zeros(z.shape[1:]), np.zeros(z.shape, bool)
    for day in range(len(z)):
        state = weight * z[day] + (1 - weight) * state
        found[day] = state < -limit * math.sqrt(weight / (2 - weight))
        state = np.where(found[day], 0, state)
    return found


def others(known: Daily, shape: tuple[int, int]) -> dict[str, Bools]:
    """Alarms of the other methods (days, repetitions, segments)."""

    def of(statistic: Callable[[Floats, Floats], float]) -> Floats:
        return known.each(statistic).reshape(DAYS, *shape)

    p = of(mann_whitney)
    return {
        "mean below reference - 0.2": of(lambda past, day: float(len(day) and day.mean() - past.mean())) < -0.2,
        "Mann-Whitney p < .05": p < 0.05,
        "Mann-Whitney + BH": benjamini_hochberg(p) < 0.05,
        "EWMA": _ewma(of(standardised)),
        "PSI > .2": of(psi) > 0.2,
    }

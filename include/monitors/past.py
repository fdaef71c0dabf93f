"""The past of a segment goes in; which of it is a fair comparison comes out: hours alike, without its incidents."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np

from include.domain.interaction import Window
from include.monitors.hours import hours_of
from include.monitors.reference import ENOUGH_DAYS, OUTLYING
from include.monitors.sequential import Bools, Floats, Ints

ENOUGH_VALUES = 10
"""A day with fewer is neither told to be odd nor tells how much days differ."""
ODD = 0.01
"""A day that comes so seldom by chance, as much as days differ here, is left out."""
PRIOR = 5.0
"""Values of the usual mixture that are added to each day's, so that a rare kind is not taken to be impossible."""


def hours_alike(span: Window, trailing: timedelta) -> list[list[datetime]]:
    """Hours of the past to compare with, the most alike first.

    The same hours of the same kind of day (Monday to Friday, weekend); the same hours of any day; all hours.
    """
    past = hours_of(span.before(trailing))
    now = hours_of(span)
    kinds = {(one.hour, one.weekday() >= 5) for one in now}
    times = {one.hour for one in now}
    alike = [one for one in past if (one.hour, one.weekday() >= 5) in kinds]
    return [alike, [one for one in past if one.hour in times], past]


@dataclass(frozen=True, slots=True)
class Past:
    """Which values of the past are usual, and how many times more its days differ than chance makes them.

    `dispersion` is None of too few days.
    """

    kept: Bools
    dispersion: float | None


def ordinals(days: Sequence[date] | Ints) -> Ints:
    """Days as numbers (`date.toordinal`)."""
    return days if isinstance(days, np.ndarray) else np.array([day.toordinal() for day in days], np.int64)


def usual(kinds: Ints, days: Sequence[date] | Ints, ranks: Floats | None = None) -> Past:
    """The past without the days whose mixture of `kinds` (one per value, from 0) is not that of most days.

    The usual mixture is the median over days of the share of each kind. How far a day is from it counts as in
    Pearson's test, X^2, by the median X^2 of the days; medians, so that a quarter of them may be incidents.
    The dispersion is the mean of X^2 over the usual days, by what chance makes of it (McCullagh and Nelder,
    "Generalized Linear Models", 1989, 4.5), without the quarter of them that is largest; or that of the days' mean
    `ranks` (uniform in [0, 1]) if it is larger: kinds hardly tell that all values of a conversation are alike.
    """
    from scipy.special import chdtri

    everything = Past(np.ones(len(kinds), bool), None)
    if not len(days) or len(kinds) == 0:
        return everything
    of_day: Ints = np.unique(ordinals(days), return_inverse=True)[1]
    n = np.bincount(of_day)
    told = n >= ENOUGH_VALUES
    freedom = len(np.unique(kinds)) - 1
    if told.sum() < ENOUGH_DAYS or freedom == 0:
        return everything
    off = _off(kinds, of_day, n, told)
    spread = max(1.0, float(np.median(off[told]) / chdtri(freedom, 0.5)))
    odd = told & (off > spread * chdtri(freedom, ODD))
    usual_days = told & ~odd
    if usual_days.sum() < ENOUGH_DAYS:
        return everything
    found = _dispersion(off[usual_days], freedom)
    if ranks is not None:
        mean = np.bincount(of_day, ranks)[usual_days] / n[usual_days]
        found = max(found, _dispersion((mean - np.median(mean)) ** 2 * n[usual_days] * 12, 1))
    return Past(~odd[of_day], found)


def _off(kinds: Ints, of_day: Ints, n: Ints, told: Bools) -> Floats:
    """X^2 of each day against the usual mixture."""
    width = kinds.max() + 1
    table = np.bincount(of_day * width + kinds, minlength=len(n) * width).reshape(len(n), width).astype(float)
    table = table[:, table.sum(axis=0) > 0]
    smooth = (table + PRIOR * table.sum(axis=0) / table.sum()) / (n + PRIOR)[:, None]
    middle = np.median(smooth[told], axis=0)
    expected = n[:, None] * (middle / middle.sum())
    off: Floats = ((table - expected) ** 2 / expected).sum(axis=1)
    return off


def _dispersion(off: Floats, freedom: int) -> float:
    """The mean of the smaller X^2, by that of as many of a chi-square distribution."""
    from scipy.special import chdtr, chdtri

    kept = np.sort(off)[: len(off) - math.ceil(OUTLYING * len(off))]
    by_chance = freedom * chdtr(freedom + 2, chdtri(freedom, OUTLYING)) / (1 - OUTLYING)
    return float(kept.mean() / by_chance)

"""What a project spent day by day goes in; what the days ahead may cost, drawn many times, comes out.

The model is a structural time series (Harvey, "Forecasting, structural time series models and the Kalman filter",
1989, 2.3 and 3.2; `UnobservedComponents` of statsmodels) of the logarithm of a day's spend: a level that wanders, a
slope, the difference of Saturdays and Sundays, and noise. Days of which nothing is known are missing to its filter,
not zero. How much the level wanders, how strong slope and noise are is not fitted, which some weeks of days cannot
bear, but averaged over a grid, each combination weighted by how well it foretold the days that are known (Bayesian
model averaging; all priors are proper). So an interval is wide where little is known, and nothing can fail to converge.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import product
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from statsmodels.tsa.statespace.structural import UnobservedComponents

Floats: TypeAlias = npt.NDArray[np.float64]
Random: TypeAlias = np.random.Generator

DAY = timedelta(days=1)
FLOOR = 0.02
"""Added to every day before the logarithm, as a share of the median day: a day without spend has one, too."""

NOISE = (0.04, 0.07, 0.12, 0.2, 0.35, 0.6, 1.0, 1.5)
"""Standard deviations of a day around its level, as shares of it; each as likely as the other."""
WANDERING = ((0.0, 0.25), (0.02, 0.25), (0.05, 0.22), (0.1, 0.17), (0.2, 0.11))
"""By how much a level changes from day to day, as a share of it (standard deviation), and how likely that is."""
SLOPES = ((1e-9, 0.8), (0.004, 0.15), (0.015, 0.05))
"""By how much spend grows or falls a day, as a share of it (standard deviation), and how likely that is."""
WEEKEND = (-0.2, 0.6)
"""What is expected of Saturdays and Sundays before any was seen, as the logarithm of their share, and how surely."""
SPIKE, SPIKES_MAD = math.log(2), 4.0
"""A day this far from its neighbours, and so many scaled median absolute deviations of them, is a spike."""
AROUND, STEP, RARE = 7, 3, 1 / 14
"""Days on either side that are neighbours; so many spikes in a row until now are a new level; a larger share of days
than this are no spikes, but how the project spends."""


@dataclass(frozen=True, slots=True)
class _State:
    """What is known of level, slope and weekend of the day after the last, by one combination of the grid."""

    noise: float
    wandering: float
    weight: float
    mean: Floats
    covariance: Floats


def draw_by_level(
    known: Mapping[date, Decimal], ahead: Sequence[date], made_on: date, random: Random, draws: int
) -> Floats:
    """USD of the days ahead: (draws, days), by the model."""
    first = min(known)
    days = [first + number * DAY for number in range((made_on - first).days + 1)]
    usd = np.array([float(known[day]) if day in known else np.nan for day in days])
    floor = FLOOR * float(np.nanmedian(usd[usd > 0]))
    logs = without_spikes(np.log(usd + floor), _weekends(days))
    drawn = _draw(_states(logs, _weekends(days)), ahead, made_on, random, draws)
    return np.maximum(np.exp(drawn) - floor, 0.0)


def _weekends(days: Sequence[date]) -> Floats:
    return np.array([float(day.weekday() >= 5) for day in days])


def without_spikes(logs: Floats, weekends: Floats) -> Floats:
    """The logarithms of days' spend, spikes made unknown; days that stay up or down until the end are none."""
    level = logs - weekends * _difference(logs, weekends > 0)
    far = np.zeros(len(logs))
    for at, value in enumerate(level):
        near = level[max(0, at - AROUND) : at + AROUND + 1]
        middle = np.nanmedian(near) if not np.isnan(near).all() else value
        spread = 1.4826 * np.nanmedian(np.abs(near - middle)) if not np.isnan(near).all() else 0.0
        if abs(value - middle) > max(SPIKES_MAD * spread, SPIKE):
            far[at] = np.sign(value - middle)
    lasting = len(far) - next((back for back, one in enumerate(far[::-1]) if one != far[-1]), len(far))
    if len(far) - lasting >= STEP:
        far[lasting:] = 0
    return np.where(far == 0, logs, np.nan) if np.count_nonzero(far) <= RARE * len(far) else logs


def _difference(logs: Floats, weekend: npt.NDArray[np.bool_]) -> float:
    """By how much weekends differ, where two days of either kind are known."""
    kinds = [logs[kind & ~np.isnan(logs)] for kind in (weekend, ~weekend)]
    return float(np.median(kinds[0]) - np.median(kinds[1])) if min(map(len, kinds)) >= 2 else 0.0


def _states(logs: Floats, weekends: Floats) -> list[_State]:
    """Each combination of the grid, weighted by its likelihood and how likely it is beforehand."""
    from statsmodels.tsa.statespace.structural import UnobservedComponents  # a second: only who foretells pays it

    model = UnobservedComponents(
        logs, level="local linear deterministic trend", exog=weekends[:, None], mle_regression=False
    )
    found = []
    for (slope, likely), noise, (wandering, so) in product(SLOPES, NOISE, WANDERING):
        _begin(model, float(np.nanmean(logs)), slope, len(logs))
        model.update([noise**2, wandering**2])
        known = model.ssm.filter()
        weight = float(known.llf) + math.log(likely * so)
        found.append(
            _State(noise, wandering, weight, known.predicted_state[:, -1], known.predicted_state_cov[:, :, -1])
        )
    return found


def _begin(model: UnobservedComponents, level: float, slope: float, days: int) -> None:
    """What is expected before the first day; a level lies the farther from the mean the longer it may have sloped."""
    mean, deviation = WEEKEND
    model.ssm.initialize_known(
        np.array([level, 0.0, mean]), np.diag([1.0 + (days * slope) ** 2, slope**2, deviation**2])
    )


def _draw(states: Sequence[_State], ahead: Sequence[date], made_on: date, random: Random, draws: int) -> Floats:
    """Logarithms of the spend of the days ahead: (draws, days). Unknown days of the past are as those to come next."""
    weights = np.exp(np.array([one.weight for one in states]) - max(one.weight for one in states))
    steps = np.array([max((day - made_on).days, 1) - 1 for day in ahead])
    weekends, drawn = _weekends(ahead), []
    for state, times in zip(states, random.multinomial(draws, weights / weights.sum()), strict=True):
        level, slope, weekend = random.multivariate_normal(state.mean, state.covariance, times, check_valid="ignore").T[
            :, :, None
        ]
        wandered = np.cumsum(random.normal(0, state.wandering, (times, steps.max() + 1)), axis=1)
        wandered = wandered - wandered[:, :1]
        noise = random.normal(0, state.noise, (times, len(ahead)))
        drawn.append(level + slope * steps + wandered[:, steps] + weekend * weekends + noise)
    return np.concatenate(drawn)

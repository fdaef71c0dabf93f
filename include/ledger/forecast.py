"""What was spent day by day goes in; what the month will have cost at its end, with its interval, comes out.

Where a project spends on most days the month is foretold by the model of `include.ledger.level_model`; where it comes
and goes, by drawing its days again. `benchmarks/forecast_backtest.py` measures both.
"""

from __future__ import annotations

from calendar import monthrange
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal

import numpy as np

from include.domain.cost import CostKind, DailyCost, Spend
from include.domain.money import Forecast, Unforeseen
from include.ledger.level_model import Floats, Random, draw_by_level

DAY = timedelta(days=1)
HISTORY = timedelta(days=63)
"""How far back days are looked at: nine weeks."""
MIN_DAYS = 4
"""With fewer known days nothing is foretold."""
NOTHING = Spend()
CONFIDENCE = 0.8
DRAWS = 2000
"""Months that are drawn; their quantiles are told."""
IDLE = 0.1
"""From this share of working days without any spend on a project is one that comes and goes, which has no level."""


def forecast(days: Mapping[date, Decimal], made_on: date, *, seed: int = 0) -> Forecast | Unforeseen:
    """What the month of `made_on` will have cost, in USD; `days` are the known days of all of the project's (UTC).

    A day that is missing is unknown and foretold like those to come; before the first there was no project. A day of
    which nothing was spent is 0. Days after `made_on` are not looked at. `expected` is the median, `low` and `high`
    are the 80 % interval. A spike counts with what was spent, and is not expected again.
    """
    known = _looked_at(days, made_on)
    if (nothing := unforeseen(days, made_on)) is not None:
        return nothing
    month = _month(made_on)
    spent = sum((known[day] for day in month if day in known), Decimal(0))
    ahead = [day for day in month if day not in known and day > min(known)]
    low, expected, high = (spent + _usd(one) for one in _quantiles(known, ahead, made_on, seed))
    return Forecast(made_on, expected, low, high)


def unforeseen(days: Mapping[date, Decimal], made_on: date) -> Unforeseen | None:
    """Why nothing can be foretold from these days; None where something can."""
    known = _looked_at(days, made_on)
    if len(known) < MIN_DAYS:
        return Unforeseen(f"{len(known)} {'day' if len(known) == 1 else 'days'} known, {MIN_DAYS} are needed")
    if not any(known.values()):
        return Unforeseen("nothing was spent on any day that is known")
    return None


def days_known(rows: Iterable[DailyCost], whole: Collection[date]) -> dict[str, dict[date, Decimal]]:
    """What applications spent on each of the `whole` days, in USD and by project; "" is all together.

    From its first day on a project spent 0 where it has no row. A day whose calls all lack a price is not known.
    """
    spent: dict[str, dict[date, Spend]] = defaultdict(lambda: defaultdict(Spend))
    for row in rows:
        if row.kind is CostKind.APPLICATION:
            spent[row.project][row.day] += row.spend
            spent[""][row.day] += row.spend
    return {
        project: {
            day: cost for day in sorted(whole) if day >= min(of) and (cost := of.get(day, NOTHING).cost) is not None
        }
        for project, of in spent.items()
    }


def _looked_at(days: Mapping[date, Decimal], made_on: date) -> dict[date, Decimal]:
    return {day: spent for day, spent in days.items() if made_on - HISTORY < day <= made_on}


def _month(day: date) -> list[date]:
    first = day.replace(day=1)
    return [first + number * DAY for number in range(monthrange(day.year, day.month)[1])]


def _usd(amount: float) -> Decimal:
    return Decimal(repr(round(amount, 6)))


def _quantiles(known: Mapping[date, Decimal], ahead: Sequence[date], made_on: date, seed: int) -> tuple[float, ...]:
    """Low, median and high of what the days ahead cost together."""
    if not ahead:
        return 0.0, 0.0, 0.0
    tail = (1 - CONFIDENCE) / 2
    working = [usd for day, usd in known.items() if day.weekday() < 5]
    draw = _draw_again if working.count(Decimal(0)) > IDLE * len(working) else draw_by_level
    sums = draw(known, ahead, made_on, np.random.default_rng(seed), DRAWS).sum(axis=1)
    return tuple(float(one) for one in np.quantile(sums, (tail, 0.5, 1 - tail)))


def _draw_again(
    known: Mapping[date, Decimal], ahead: Sequence[date], made_on: date, random: Random, draws: int
) -> Floats:
    """USD of the days ahead: (draws, days), each one of the known days of its kind, of which a sample is drawn first.

    The bootstrap (Efron 1979) supposes nothing of how a project spends, but that it goes on so.
    """
    drawn = np.empty((draws, len(ahead)))
    for weekend in (False, True):
        places = [at for at, day in enumerate(ahead) if (day.weekday() >= 5) == weekend]
        alike = [float(usd) for day, usd in known.items() if (day.weekday() >= 5) == weekend]
        days = np.array(alike if len(alike) >= MIN_DAYS else [float(usd) for usd in known.values()])
        samples = random.choice(days, (draws, len(days)))
        drawn[:, places] = np.take_along_axis(samples, random.integers(0, len(days), (draws, len(places))), axis=1)
    return drawn

"""Savings and budgets go in; the shapes of the bars that tell them come out, in percent of their chart's width."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from include.domain.money import BudgetMonth, JudgingSaved
from include.reports.charts import HEIGHT, WIDTH


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the way from what judging would have cost to what it did; a saving of less than 0 was a loss."""

    kind: str
    usd: Decimal
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Bullet:
    """A month against its budget: what is spent, where its end is expected and within what, and the limit."""

    budget: BudgetMonth
    spent: float
    limit: float
    expected: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Pair:
    """A day's spend beside that of the same day of the week before; heights in the chart's units from the bottom."""

    day: date
    usd: Decimal
    usd_before: Decimal | None
    x: float
    width: float
    height: float
    height_before: float


def waterfall(saved: JudgingSaved) -> tuple[Step, ...]:
    """From what everything would have cost, step by step, to what was spent."""
    savings = (
        ("sampling", saved.by_sampling),
        ("cascade", saved.by_cascade),
        ("cache", saved.by_cache),
        ("batches", saved.by_batches),
    )
    levels = [saved.in_full]
    for _, usd in savings:
        levels.append(levels[-1] - usd)
    scale = 100 / float(max(levels) or 1)
    steps = [Step("in_full", saved.in_full, 0.0, _percent(saved.in_full, scale))]
    for (kind, usd), before, after in zip(savings, levels, levels[1:], strict=False):
        steps.append(Step(kind, usd, _percent(min(before, after), scale), _percent(abs(usd), scale)))
    return (*steps, Step("spent", saved.spent, 0.0, _percent(saved.spent, scale)))


def bullets(budgets: Iterable[BudgetMonth]) -> tuple[Bullet, ...]:
    """Each month on a scale of its own, on which the largest of its figures has some room."""
    return tuple(_bullet(one) for one in budgets)


def _bullet(budget: BudgetMonth) -> Bullet:
    forecast = budget.forecast
    ends = [budget.limit, budget.spent.known, *([forecast.high] if forecast else [])]
    scale = 96 / float(max(ends) or 1)
    return Bullet(
        budget,
        spent=_percent(budget.spent.known, scale),
        limit=_percent(budget.limit, scale),
        expected=_percent(forecast.expected, scale) if forecast else None,
        low=_percent(forecast.low, scale) if forecast else None,
        high=_percent(forecast.high, scale) if forecast else None,
    )


def pairs(days: Sequence[tuple[date, Decimal]], before: Sequence[tuple[date, Decimal]]) -> tuple[Pair, ...]:
    """Spend by day on one scale, beside that of seven days before where every one of them is known."""
    past: Sequence[Decimal | None] = [usd for _, usd in before] if len(before) == len(days) else [None] * len(days)
    largest = max((usd for usd in (*(usd for _, usd in days), *past) if usd is not None), default=Decimal(0))
    slot, scale = WIDTH / max(1, len(days)), HEIGHT / float(largest or 1)
    return tuple(
        Pair(
            day,
            usd,
            usd_before,
            x=round(number * slot + slot * 0.15, 2),
            width=round(slot * 0.7, 2),
            height=_percent(usd, scale),
            height_before=_percent(usd_before or Decimal(0), scale),
        )
        for number, ((day, usd), usd_before) in enumerate(zip(days, past, strict=True))
    )


def _percent(usd: Decimal, scale: float) -> float:
    return round(float(usd) * scale, 2)

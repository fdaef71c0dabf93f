"""What LLM calls cost, per day and per project: known money, and beside it the calls whose price nobody knows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum


class CostKind(StrEnum):
    """Who made the calls: the applications that are watched, or the judges that watch them."""

    APPLICATION = "application"
    JUDGE = "judge"


@dataclass(frozen=True, slots=True)
class Spend:
    """Money for a number of calls, in USD and exact; `known` leaves out the `unpriced` calls."""

    calls: int = 0
    unpriced: int = 0
    known: Decimal = Decimal(0)

    @property
    def cost(self) -> Decimal | None:
        """USD of the calls that have a price; None where there are calls and not one of them has a price."""
        return None if self.calls and self.calls == self.unpriced else self.known

    def __add__(self, other: Spend) -> Spend:
        return Spend(self.calls + other.calls, self.unpriced + other.unpriced, self.known + other.known)


@dataclass(frozen=True, slots=True)
class DailyCost:
    """One row of the cost rollup: a UTC day, a project, a model ("" where none was logged), a kind."""

    day: date
    project: str
    model: str
    kind: CostKind
    spend: Spend


def total(rows: Iterable[DailyCost]) -> Spend:
    """All of them as one."""
    return sum((row.spend for row in rows), Spend())


@dataclass(frozen=True, slots=True)
class Mover:
    """A project whose spend of a day lies farthest from its mean over the days before."""

    project: str
    spent: Decimal
    usual: Decimal

    @property
    def change(self) -> Decimal:
        """USD more (or, negative, less) than usual."""
        return self.spent - self.usual


@dataclass(frozen=True, slots=True)
class DayOfSpend:
    """A day's spend as it is told: projects with the largest first, judges apart, month to date.

    `mover` is None where too few days precede. `unpriced_models` pairs each model without a known price with its
    calls of the day.
    """

    day: date
    projects: tuple[tuple[str, Spend], ...]
    application: Spend
    judge: Spend
    month_application: Spend
    month_judge: Spend
    mover: Mover | None
    unpriced_models: tuple[tuple[str, int], ...]

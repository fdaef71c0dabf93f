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


@dataclass(frozen=True, slots=True)
class CostLine:
    """A line of the ledger as fine as it is kept: a UTC day and everything by which its calls are alike.

    Words that do not apply or were not logged are "": a judge has `dimension`, `judge` and `mode`, an application has
    the rest. `cost` is USD of the calls that have a price, None where none has one. Of `billed_calls` both costs are
    known: `billed_cost` is what was billed for them, `billed_computed` what `cost` says of them.
    """

    day: date
    kind: str
    project: str
    model: str
    environment: str
    prompt_version: str
    user_group: str
    provider_name: str
    price_source: str
    dimension: str
    judge: str
    mode: str
    calls: int
    unpriced: int
    input_tokens: int
    output_tokens: int
    cached_input_tokens: int
    reasoning_tokens: int
    cache_write_tokens: int
    cost: Decimal | None
    billed_calls: int
    billed_cost: Decimal
    billed_computed: Decimal


def total(rows: Iterable[DailyCost]) -> Spend:
    """All of them as one."""
    return sum((row.spend for row in rows), Spend())

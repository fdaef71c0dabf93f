"""What is past gets other prices: who did it and why, which calls, and what that changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from include.domain.interaction import Window
from include.domain.price import BillableCall


@dataclass(frozen=True, slots=True)
class Act:
    """Who has which calls priced again, and why; `window` is of the calls' own times, `project` None for all.

    `prices` says by which price list and which contracts.
    """

    who: str
    why: str
    window: Window
    project: str | None
    prices: str


@dataclass(frozen=True, slots=True)
class CallCost:
    """What a call cost in USD and by whose word, and what was billed for it in USD; None where nobody knows."""

    cost: Decimal | None
    price_source: str | None
    billed_cost: Decimal | None


@dataclass(frozen=True, slots=True)
class PastCall:
    """An interaction's call as it is priced now; what was billed for it is in the currency of the log as well."""

    interaction_id: str
    logged_at: datetime
    call: BillableCall
    billed_amount: Decimal | None
    billed_currency: str | None
    cost: CallCost

    @property
    def place(self) -> Place:
        """Where it stands among the calls."""
        return self.call.at, self.interaction_id, self.logged_at


Place = tuple[datetime, str, datetime]
"""Calls are ordered by their own time, id, and the time at which they were logged."""


@dataclass(frozen=True, slots=True)
class Repriced:
    """What was looked at and what it changed: USD of calls with a price, and calls without one, before and after."""

    interactions: int = 0
    changed: int = 0
    cost_before: Decimal = Decimal(0)
    cost_after: Decimal = Decimal(0)
    unpriced_before: int = 0
    unpriced_after: int = 0

    def __add__(self, other: Repriced) -> Repriced:
        return Repriced(
            self.interactions + other.interactions,
            self.changed + other.changed,
            self.cost_before + other.cost_before,
            self.cost_after + other.cost_after,
            self.unpriced_before + other.unpriced_before,
            self.unpriced_after + other.unpriced_after,
        )


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an act has come: its number, what it has changed so far, and the last call that it looked at."""

    number: int
    total: Repriced = Repriced()
    reached: Place | None = None

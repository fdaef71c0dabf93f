"""Calls as they are priced go in; what another price book makes of them comes out."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal

from include.domain.repricing import CallCost, PastCall, Repriced
from include.ledger.pricing import ContractPrices

STORED = Decimal("1e-10")
"""What USD are rounded to in the store."""


def cost_of(past: PastCall, prices: ContractPrices) -> CallCost:
    """What the call cost by these prices, as the store would keep it."""
    price = prices.price(past.call)
    billed = past.billed_amount
    return CallCost(
        cost=_stored(price.usd) if price else None,
        price_source=price.source if price else None,
        billed_cost=None if billed is None else _stored(prices.in_usd(billed, past.billed_currency, past.call.at)),
    )


def compared(calls: Iterable[tuple[PastCall, CallCost]]) -> Repriced:
    """Calls with what they cost by other prices, counted."""
    total = Repriced()
    for past, after in calls:
        before = past.cost
        total += Repriced(
            interactions=1,
            changed=int(before != after),
            cost_before=before.cost or Decimal(0),
            cost_after=after.cost or Decimal(0),
            unpriced_before=int(before.cost is None),
            unpriced_after=int(after.cost is None),
        )
    return total


def _stored(usd: Decimal | None) -> Decimal | None:
    return None if usd is None else usd.quantize(STORED, ROUND_HALF_UP)

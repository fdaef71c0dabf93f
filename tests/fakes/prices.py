"""Price books: one of which every call costs one dollar, one with prices of tokens."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from include.domain.price import LIST, BillableCall, Price


class OneDollar:
    def price(self, call: BillableCall) -> Price | None:
        return Price(Decimal(1), LIST) if call.usage else None


class PerToken:
    """USD of a million tokens by model (as far as its name begins): fresh, cached and written; others have no price."""

    def __init__(self, rates: Mapping[str, tuple[str, str, str]]) -> None:
        self._rates = {model: tuple(map(Decimal, of)) for model, of in rates.items()}

    def price(self, call: BillableCall) -> Price | None:
        found = [rates for model, rates in self._rates.items() if (call.model or "").startswith(model)]
        if not found or call.usage is None:
            return None
        tokens = (
            call.usage.input_tokens - call.usage.cached_input_tokens,
            call.usage.cached_input_tokens,
            call.usage.output_tokens,
        )
        usd = sum((count * rate for count, rate in zip(tokens, found[0], strict=True)), Decimal(0)) / 1_000_000
        return Price(usd * (call.batch_share or 1), LIST)

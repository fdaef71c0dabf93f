"""Tokens of one call go in; what it cost in USD comes out, or None where nobody knows the price (genai-prices)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from include.domain.score import Usage

Rate = Callable[[Usage], Decimal]
MILLION = Decimal(1_000_000)


class GenaiPrices:
    """The price list that genai-prices carries: no network, no updates behind our back."""

    def price(self, provider: str | None, model: str | None, usage: Usage, at: datetime) -> Decimal | None:
        """USD of one call at the price in force at `at`; None where provider and model have no known price.

        Each call is priced for itself, since long prompts cost more per token with some providers.
        """
        if not model:
            return None
        rate = _rate(provider, model, at.replace(minute=at.minute // 30 * 30, second=0, microsecond=0))
        return rate(usage) if rate else None


@lru_cache(maxsize=4096)
def _rate(provider: str | None, model: str, at: datetime) -> Rate | None:
    """The model's price in that half hour (some prices depend on the time of day); finding it takes a millisecond."""
    import genai_prices  # a third of a second, so not before a price is asked for

    try:
        found = genai_prices.calc_price(
            genai_prices.Usage(input_tokens=1), model, provider_id=provider, genai_request_timestamp=at
        )
    except LookupError:
        return None
    return _flat(found.model_price) or _tiered(found.model_price)


def _flat(price: Any) -> Rate | None:
    """Tokens times price, where one price holds for all tokens of a kind; ten times as fast as the library."""
    fresh, written = price.input_mtok, price.output_mtok
    cached = fresh if price.cache_read_mtok is None else price.cache_read_mtok
    if not all(isinstance(one, Decimal) for one in (fresh, written, cached)):
        return None

    def rate(usage: Usage) -> Decimal:
        uncached = usage.input_tokens - usage.cached_input_tokens
        total: Decimal = (
            uncached * fresh + usage.cached_input_tokens * cached + usage.output_tokens * written
        ) / MILLION
        return total

    return rate


def _tiered(price: Any) -> Rate:
    """The library's own arithmetic, where the price depends on the prompt's length."""
    import genai_prices

    def rate(usage: Usage) -> Decimal:
        used = genai_prices.Usage(
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            cache_read_tokens=usage.cached_input_tokens,
        )
        total: Decimal = price.calc_price(used)["total_price"]
        return total

    return rate

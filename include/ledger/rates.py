"""A call of some size goes in; what each of its tokens costs comes out, so that many like it can be priced at once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from include.domain.ports import PriceBook
from include.domain.price import BillableCall
from include.domain.score import Usage


@dataclass(frozen=True, slots=True)
class Rates:
    """USD of one token."""

    fresh: Decimal
    cached: Decimal
    written: Decimal

    def price(self, usage: Usage) -> Decimal:
        """USD of the tokens."""
        uncached = usage.input_tokens - usage.cached_input_tokens
        return uncached * self.fresh + usage.cached_input_tokens * self.cached + usage.output_tokens * self.written


def rates_of(prices: PriceBook, call: BillableCall) -> Rates | None:
    """What a token costs in a live call of that size; None where nobody knows, or what costs is not the tokens."""
    used = call.usage or Usage()
    asked, told = max(1, used.input_tokens), max(1, used.output_tokens)
    fresh, cached, both = (
        prices.price(replace(call, usage=usage, batch_share=None))
        for usage in (Usage(asked), Usage(asked, cached_input_tokens=asked), Usage(asked, told))
    )
    if fresh is None or cached is None or both is None:
        return None
    return Rates(fresh.usd / asked, cached.usd / asked, (both.usd - fresh.usd) / told)

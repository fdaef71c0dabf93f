"""A call goes in; what it cost in USD by the public price list comes out, or None where that knows no price."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from include.domain.price import LIST, BillableCall, Price, by_kind
from include.domain.score import Usage

Rate = Callable[[Usage], Decimal | None]
MILLION = Decimal(1_000_000)


class GenaiPrices:
    """The price list that genai-prices carries: no network, no updates behind our back.

    It knows nothing of fees for tools (web searches, code that is run), nor of pictures that are not tokens.
    """

    def price(self, call: BillableCall) -> Price | None:
        """What the call cost at the list price in force when it was made.

        None where provider and model have no known price, where tokens were not reported, or where some of them are of
        a kind that the list has no price for. Each call is priced for itself, since long prompts cost more per token
        with some providers.
        """
        if not call.model or call.usage is None:
            return None
        at = call.at.replace(minute=call.at.minute // 30 * 30, second=0, microsecond=0)
        rate = _rate(call.provider, call.model, at)
        usd = rate(call.usage) if rate else None
        if usd is None:
            return None
        return Price(usd if call.batch_share is None else usd * call.batch_share, LIST)


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
    known = [one for one in price.__dict__.values() if one is not None]
    said, written = price.input_mtok, price.output_mtok
    if said is None or written is None or price.requests_kcount or not all(isinstance(one, Decimal) for one in known):
        return None
    inputs = (price.cache_read_mtok, price.cache_write_mtok, price.input_audio_mtok)
    outputs = (price.output_reasoning_mtok, price.output_audio_mtok)
    rates = (said, *(_or(one, said) for one in inputs), written, *(_or(one, written) for one in outputs))

    def rate(usage: Usage) -> Decimal:
        usd = sum((tokens * rate for tokens, rate in zip(by_kind(usage), rates, strict=True) if tokens), Decimal(0))
        return usd / MILLION

    return rate


def _or(price: Decimal | None, whole: Decimal) -> Decimal:
    """A kind without a price of its own costs what the tokens do that it is counted among."""
    return whole if price is None else price


def _tiered(price: Any) -> Rate:
    """The library's own arithmetic, where the price depends on the prompt's length or on more than tokens."""
    import genai_prices

    def rate(usage: Usage) -> Decimal | None:
        if (usage.input_tokens and price.input_mtok is None) or (usage.output_tokens and price.output_mtok is None):
            return None  # the library would take these tokens for free
        tokens = by_kind(usage)
        used = genai_prices.Usage(
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            cache_read_tokens=tokens.cached_input,
            cache_write_tokens=tokens.cache_write,
            input_audio_tokens=tokens.input_audio,
            output_audio_tokens=tokens.output_audio,
            output_reasoning_tokens=tokens.reasoning,
            cache_audio_read_tokens=0,
            cache_audio_write_tokens=0,
            output_audio_reasoning_tokens=0,
        )
        total: Decimal = price.calc_price(used)["total_price"]
        return total

    return rate

"""A price book goes in; what a token from the cache and one of output cost beside one of input comes out, by model."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from fractions import Fraction
from functools import cache

from include.domain.factors import Rates
from include.domain.ports import PriceBook
from include.domain.price import BillableCall
from include.domain.score import Usage

EACH = 1_000
"""Tokens that are priced: a prompt so short that no price for long ones holds."""
USAGES = (
    Usage(input_tokens=EACH),
    Usage(input_tokens=EACH, cached_input_tokens=EACH),
    Usage(output_tokens=EACH),
)


def rates_of(book: PriceBook, at: datetime) -> Callable[[str], Rates]:
    """By the prices in force then; of a model that has none, or whose tokens are free, what is typical."""

    @cache
    def rates(model: str) -> Rates:
        prices = [book.price(BillableCall(None, model, usage, at)) for usage in USAGES]
        given, cached, written = (Fraction(price.usd) if price else None for price in prices)
        if not given or cached is None or written is None:
            return Rates()
        return Rates(cached / given, written / given)

    return rates

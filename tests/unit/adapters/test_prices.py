"""Prices of single calls."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import genai_prices
import pytest

from include.adapters.prices import GenaiPrices
from include.domain.score import Usage

AT = datetime(2026, 11, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("openai", "gpt-4.1-mini"),
        ("openai", "gpt-5-mini"),
        ("anthropic", "claude-haiku-4-5"),
        ("google", "gemini-2.5-pro"),
        (None, "gpt-4.1-mini"),
    ],
)
@pytest.mark.parametrize("usage", [Usage(1000, 100, 0), Usage(250_000, 9_000, 100_000), Usage(0, 0, 0)])
def test_a_call_costs_what_the_price_list_says(provider: str | None, model: str, usage: Usage) -> None:
    used = genai_prices.Usage(
        input_tokens=usage.input_tokens, output_tokens=usage.output_tokens, cache_read_tokens=usage.cached_input_tokens
    )
    listed = genai_prices.calc_price(used, model, provider_id=provider, genai_request_timestamp=AT).total_price
    assert GenaiPrices().price(provider, model, usage, AT) == listed


@pytest.mark.parametrize(
    ("provider", "model"), [("self-hosted", "own-8b"), ("openai", "own-8b"), ("openai", None), (None, "")]
)
def test_an_unknown_price_is_none_and_not_zero(provider: str | None, model: str | None) -> None:
    assert GenaiPrices().price(provider, model, Usage(1000, 100), AT) is None


def test_cached_tokens_are_cheaper_than_fresh_ones() -> None:
    book = GenaiPrices()
    fresh = book.price("openai", "gpt-4.1-mini", Usage(1_000_000, 0, 0), AT)
    cached = book.price("openai", "gpt-4.1-mini", Usage(1_000_000, 0, 1_000_000), AT)
    assert Decimal(0) < cached < fresh


def test_a_price_that_depends_on_the_time_of_day_is_that_of_the_call() -> None:
    usage, noon = Usage(1000, 500), datetime(2025, 6, 1, 12, tzinfo=UTC)
    used = genai_prices.Usage(input_tokens=1000, output_tokens=500, cache_read_tokens=0)
    book = GenaiPrices()
    for at in (noon, noon.replace(hour=0), noon.replace(hour=20)):
        listed = genai_prices.calc_price(used, "deepseek-chat", provider_id="deepseek", genai_request_timestamp=at)
        assert book.price("deepseek", "deepseek-chat", usage, at) == listed.total_price
    assert book.price("deepseek", "deepseek-chat", usage, noon) != book.price(
        "deepseek", "deepseek-chat", usage, noon.replace(hour=20)
    )

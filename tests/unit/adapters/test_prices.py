"""Prices of single calls, by the public list."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import genai_prices
import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.adapters.prices import GenaiPrices
from include.domain.price import LIST, BillableCall, by_kind
from include.domain.score import Usage

AT = datetime(2026, 11, 20, tzinfo=UTC)


def usd(provider: str | None, model: str | None, usage: Usage | None, at: datetime = AT) -> Decimal | None:
    price = GenaiPrices().price(BillableCall(provider, model, usage, at))
    return price.usd if price else None


def listed(provider: str | None, model: str, at: datetime = AT, **tokens: int) -> Decimal:
    """What the library itself says."""
    used = genai_prices.Usage(**tokens)
    total: Decimal = genai_prices.calc_price(used, model, provider_id=provider, genai_request_timestamp=at).total_price
    return total


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
    tokens = {"input_tokens": usage.input_tokens, "output_tokens": usage.output_tokens}
    expected = listed(provider, model, cache_read_tokens=usage.cached_input_tokens, **tokens)
    assert usd(provider, model, usage) == expected


@pytest.mark.parametrize(
    ("provider", "model"), [("self-hosted", "own-8b"), ("openai", "own-8b"), ("openai", None), (None, "")]
)
def test_an_unknown_price_is_none_and_not_zero(provider: str | None, model: str | None) -> None:
    assert usd(provider, model, Usage(1000, 100)) is None


def test_tokens_that_were_not_reported_have_no_price() -> None:
    assert usd("openai", "gpt-4.1-mini", None) is None


def test_tokens_that_the_list_prices_by_another_unit_are_not_free() -> None:
    audio = usd("openai", "whisper-1", Usage(1000, 100))
    assert audio is None


def test_cached_tokens_are_cheaper_than_fresh_ones() -> None:
    fresh = usd("openai", "gpt-4.1-mini", Usage(1_000_000))
    cached = usd("openai", "gpt-4.1-mini", Usage(1_000_000, 0, 1_000_000))
    assert fresh
    assert cached
    assert Decimal(0) < cached < fresh


def test_what_is_written_to_a_cache_has_the_price_of_that() -> None:
    usage = Usage(1000, 10, 300, cache_write_tokens=500)
    tokens = {"input_tokens": 1000, "output_tokens": 10, "cache_read_tokens": 300}
    found = usd("anthropic", "claude-haiku-4-5", usage)
    assert found == listed("anthropic", "claude-haiku-4-5", cache_write_tokens=500, **tokens)
    assert found > listed("anthropic", "claude-haiku-4-5", **tokens)


def test_audio_has_the_price_of_audio() -> None:
    usage = Usage(1000, 100, input_audio_tokens=400, output_audio_tokens=50)
    tokens = {"input_tokens": 1000, "output_tokens": 100, "input_audio_tokens": 400, "output_audio_tokens": 50}
    found = usd("openai", "gpt-realtime", usage)
    assert found == listed("openai", "gpt-realtime", cache_audio_read_tokens=0, **tokens)
    assert found > usd("openai", "gpt-realtime", Usage(1000, 100))


def test_a_price_that_depends_on_the_time_of_day_is_that_of_the_call() -> None:
    usage, noon = Usage(1000, 500), datetime(2025, 6, 1, 12, tzinfo=UTC)
    for at in (noon, noon.replace(hour=0), noon.replace(hour=20)):
        expected = listed("deepseek", "deepseek-chat", at, input_tokens=1000, output_tokens=500)
        assert usd("deepseek", "deepseek-chat", usage, at) == expected
    assert usd("deepseek", "deepseek-chat", usage, noon) != usd(
        "deepseek", "deepseek-chat", usage, noon.replace(hour=20)
    )


def test_a_batch_costs_the_providers_share() -> None:
    call = BillableCall("openai", "gpt-4.1-mini", Usage(1000, 100), AT)
    at_once, in_batch = (
        GenaiPrices().price(BillableCall("openai", "gpt-4.1-mini", call.usage, AT, batch_share=share))
        for share in (None, Decimal("0.5"))
    )
    assert at_once
    assert in_batch
    assert (in_batch.usd, in_batch.source) == (at_once.usd / 2, LIST)


COUNTS = st.integers(0, 1000)


@given(st.tuples(*[COUNTS] * 7))
def test_tokens_by_kind_are_each_counted_once_whatever_a_provider_tells(counts: tuple[int, ...]) -> None:
    usage = Usage(*counts)
    tokens = by_kind(usage)
    assert min(tokens) >= 0
    assert sum(tokens[:4]) == usage.input_tokens
    assert sum(tokens[4:]) == usage.output_tokens

"""What of the log may be named in a cause."""

from __future__ import annotations

import pytest

from include.explaining import may_be_told


@pytest.mark.parametrize("value", ["v7", "gpt-5-mini-2025-08-07", "5.19.1", "2026-11-20", "acme", "refund", "de_AT"])
def test_versions_tenants_and_words_may_be_told(value: str) -> None:
    assert may_be_told(value)


@pytest.mark.parametrize("value", ["bob@bank.example", "+49 170 1234567", "sk-abcdefghijklmnopqrstuvwx12345"])
def test_addresses_numbers_and_keys_may_not(value: str) -> None:
    assert not may_be_told(value)

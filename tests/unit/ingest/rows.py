"""Rows for tests of the intake."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from include.domain.intake import Facts

GOOD = Facts(
    row_key="1",
    logged_at=datetime(2026, 11, 20, 5, tzinfo=UTC),
    malformed="",
    interaction_id="a",
    copies=1,
    project="bank",
    environment="production",
    user_input_chars=20,
    response_chars=100,
    retrieved_contexts_chars=900,
    history_chars=None,
    reference_chars=None,
    provider_name="openai",
    request_model="gpt-4.1-mini",
    response_model=None,
    prompt_version=None,
    input_tokens=100,
    output_tokens=20,
    cached_input_tokens=None,
    latency_ms=900.0,
    finish_reason="stop",
    error_type=None,
    ahead_s=-1.0,
    occurred_at=datetime(2026, 11, 20, 4, 59, 59, tzinfo=UTC),
    rows_in_window=30,
)


def facts(row_key: str, **changes: Any) -> Facts:
    return replace(GOOD, **({"row_key": row_key, "interaction_id": f"id-{row_key}"} | changes))

"""What rate-limit headers say, in each one's form."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.adapters.llm.quota import Of, Scarce, scarce, seconds

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("told", "found"),
    [
        ("1s", 1.0),
        ("6m0s", 360.0),
        ("12ms", 0.012),
        ("1h2m3.5s", 3723.5),
        ("7.66", 7.66),
        ("0", 0.0),
        ("2026-11-20T12:00:09Z", 9.0),
        ("2026-11-20T11:00:00+00:00", 0.0),
        (str(NOW.timestamp() + 5), 5.0),
        (str(int(NOW.timestamp() + 5) * 1000), 5.0),
        ("soon", None),
        ("1 s", None),
        ("inf", None),
        ("", None),
        (None, None),
    ],
)
def test_a_span_or_a_moment_is_read_in_each_of_its_forms(told: str | None, found: float | None) -> None:
    assert seconds(told, NOW) == (found if found is None else pytest.approx(found))


def openai(of: str, limit: object, remaining: object, reset: object) -> dict[str, str]:
    told = {"limit": limit, "remaining": remaining, "reset": reset}
    return {f"x-ratelimit-{name}-{of}": str(value) for name, value in told.items()}


def anthropic(of: str, limit: object, remaining: object, reset: object) -> dict[str, str]:
    told = {"limit": limit, "remaining": remaining, "reset": reset}
    return {f"anthropic-ratelimit-{of}-{name}": str(value) for name, value in told.items()}


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        ({}, []),
        (openai("requests", 5000, 4999, "12ms"), []),
        (openai("requests", 600, 0, "60s"), [Scarce(Of.REQUESTS, 10, 60)]),
        (openai("tokens", 30_000, 0, "30s"), [Scarce(Of.TOKENS, 1000, 30)]),
        (openai("requests", 200, 0, "7h12m0s"), [Scarce(Of.REQUESTS, 200 / 25920, 60)]),
        (openai("tokens", -1, -1, 0), []),
        (openai("requests", 100, "?", "1s"), []),
        (openai("requests", 100, 0, "never"), []),
        (anthropic("requests", 50, 0, "2026-11-20T12:01:00Z"), [Scarce(Of.REQUESTS, 50 / 60, 60)]),
        (anthropic("tokens", 80_000, 2_000, "2026-11-20T12:00:59Z"), [Scarce(Of.TOKENS, 78_000 / 59, 59)]),
        (
            {"x-ratelimit-limit": "20", "x-ratelimit-remaining": "1", "x-ratelimit-reset": "10"},
            [Scarce(Of.REQUESTS, 1.9, 10)],
        ),
    ],
)
def test_a_limit_near_its_end_is_noticed_and_no_other(headers: dict[str, str], found: list[Scarce]) -> None:
    assert scarce(headers, NOW) == found


@given(st.dictionaries(st.sampled_from(sorted(openai("requests", 1, 1, 1))), st.text(max_size=12)))
def test_no_header_breaks_the_reader(headers: dict[str, str]) -> None:
    assert all(limit.per_s > 0 for limit in scarce(headers, NOW))

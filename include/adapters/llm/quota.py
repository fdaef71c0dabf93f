"""An answer's rate-limit headers go in; how fast the endpoint will take more, where that is near its end, comes out."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

LOW = 0.1
"""Share of a limit below which what remains is spread; above it the headers change nothing."""

MOST_S = 60.0
"""For how long headers are believed: limits are by the minute, and the end of a day's is not waited for."""

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_EPOCH_S, _EPOCH_MS = 1e9, 1e12


class Of(StrEnum):
    """What is counted."""

    REQUESTS = "requests"
    TOKENS = "tokens"


@dataclass(frozen=True, slots=True)
class Scarce:
    """Little is left of a limit: `per_s` may be sent for the next `for_s` seconds, by all who share the account."""

    of: Of
    per_s: float
    for_s: float


_NAMES = (
    # OpenAI and Azure OpenAI (platform.openai.com/docs/guides/rate-limits), Groq, LiteLLM and others after them.
    (Of.REQUESTS, "x-ratelimit-remaining-requests", "x-ratelimit-limit-requests", "x-ratelimit-reset-requests"),
    (Of.TOKENS, "x-ratelimit-remaining-tokens", "x-ratelimit-limit-tokens", "x-ratelimit-reset-tokens"),
    # Anthropic (platform.claude.com/docs/en/api/rate-limits): `tokens` is the most restrictive of its token limits.
    (
        Of.REQUESTS,
        "anthropic-ratelimit-requests-remaining",
        "anthropic-ratelimit-requests-limit",
        "anthropic-ratelimit-requests-reset",
    ),
    (
        Of.TOKENS,
        "anthropic-ratelimit-tokens-remaining",
        "anthropic-ratelimit-tokens-limit",
        "anthropic-ratelimit-tokens-reset",
    ),
    # OpenRouter (openrouter.ai/docs/api-reference/limits).
    (Of.REQUESTS, "x-ratelimit-remaining", "x-ratelimit-limit", "x-ratelimit-reset"),
)


def scarce(headers: Mapping[str, str], now: datetime) -> list[Scarce]:
    """The limits of which less than `LOW` is left.

    `reset` is when the limit is whole again: both OpenAI and Anthropic refill theirs continuously, so that
    (limit - remaining) / reset is the speed at which more comes in. Azure sends -1 for what it does not know.
    """
    found = []
    for of, remaining_name, limit_name, reset_name in _NAMES:
        told = headers.get(remaining_name)
        if told is None:  # as in most answers: this is read for each of them
            continue
        remaining, limit = _number(told), _number(headers.get(limit_name))
        if remaining is None or not limit or remaining >= LOW * limit:
            continue
        wait = seconds(headers.get(reset_name), now)
        if wait:
            found.append(Scarce(of, (limit - remaining) / wait, min(wait, MOST_S)))
    return found


def seconds(told: str | None, now: datetime) -> float | None:
    """Seconds from now, of "1s", "6m0s", "12ms", "7.5", a time (RFC 3339) or a Unix time; None where it is none."""
    if not told:
        return None
    try:
        number = float(told)
    except ValueError:
        return _spelled(told, now)
    if not math.isfinite(number):
        return None
    if number >= _EPOCH_S:
        number = number / (1000 if number >= _EPOCH_MS else 1) - now.timestamp()
    return max(0.0, number)


def _spelled(told: str, now: datetime) -> float | None:
    parts = _DURATION.findall(told)
    if parts and "".join(number + unit for number, unit in parts) == told:
        return sum(float(number) * _UNITS[unit] for number, unit in parts)
    try:
        moment = datetime.fromisoformat(told)
    except ValueError:
        return None
    return max(0.0, (moment.replace(tzinfo=moment.tzinfo or UTC) - now).total_seconds())


def _number(told: str | None) -> float | None:
    """A count that makes sense."""
    try:
        number = float(told) if told else -1.0
    except ValueError:
        return None
    return number if 0 <= number < math.inf else None

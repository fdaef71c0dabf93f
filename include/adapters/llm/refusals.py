"""The status, headers and body of an answer that is no reply go in; a named reason, and what it asks for, comes out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

import orjson

from include.adapters.llm.quota import seconds
from include.domain.score import FailureType

_SHOWN = 300

PASSING = {408: FailureType.TIMEOUT, 409: FailureType.SERVER_ERROR, 429: FailureType.RATE_LIMITED}
CROWDED = frozenset({429, 503, 529})
"""Statuses that say "too much at once"; 529 is Anthropic's `overloaded_error`."""

_UNREAD = re.compile(r"\d+ validation errors?:")


@dataclass(frozen=True, slots=True)
class Refusal:
    """No reply: why, whether the same request can succeed later, and how long the endpoint asks to be left alone.

    `means` is the status that the answer comes to, whatever status it had; `crowded` says that too much was asked.
    """

    kind: FailureType
    complaint: str
    retryable: bool = False
    retry_after_s: float | None = None
    means: int = 0
    crowded: bool = False


def refusal(status: int, headers: Mapping[str, str], body: bytes, now: datetime) -> Refusal:
    """What a status other than 200 means: a passing trouble, this request's fault, or a setting that is wrong."""
    error = error_of(body)
    complaint = " ".join(str(error[key]) for key in ("param", "message") if error.get(key)) or short(body)
    told, means = f"{status} {complaint}".strip(), _meaning(status, error)
    if means in PASSING or means >= 500:
        wait = retry_after(headers, now)
        wait = _retry_info(error, now) if wait is None else wait
        kind = PASSING.get(means, FailureType.SERVER_ERROR)
        return Refusal(kind, told, retryable=True, retry_after_s=wait, means=means, crowded=means in CROWDED)
    if means in (401, 402, 403, 404, 405) or means < 400:
        return Refusal(FailureType.MISCONFIGURED, told, means=means)
    return Refusal(FailureType.REFUSED, told, means=means)


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds to wait as `Retry-After-Ms` or `Retry-After` says (RFC 9110, 10.2.3); None where neither makes sense."""
    for name, unit in (("Retry-After-Ms", 0.001), ("Retry-After", 1.0)):
        try:
            return max(0.0, float(headers[name]) * unit)
        except (KeyError, ValueError):
            continue
    try:
        return max(0.0, (parsedate_to_datetime(headers["Retry-After"]) - now).total_seconds())
    except (KeyError, ValueError, TypeError):
        return None


def error_of(body: bytes) -> dict[str, Any]:
    """The error object of a body in any of its usual forms; empty where there is none."""
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    if isinstance(content, list) and content:  # Gemini's OpenAI-compatible endpoint wraps the object into a list
        content = content[0]
    error = content.get("error", content) if isinstance(content, dict) else content
    if isinstance(error, dict):
        return error if "message" in error else {**error, "message": error.get("detail")}
    return {"message": error}


def short(body: bytes) -> str:
    """The beginning of a body, for a person to read."""
    return " ".join(body[:_SHOWN].decode(errors="replace").split())


def _meaning(status: int, error: Mapping[str, Any]) -> int:
    """The status that should have been sent.

    Told by fields that no author of logged text can write, since an error may quote the request.
    """
    message, named = str(error.get("message")), (error.get("code"), error.get("type"))
    if status == 429 and "insufficient_quota" in named:  # OpenAI: no money left, which no wait mends
        return 402
    if status == 400 and "API_KEY_INVALID" in [detail.get("reason") for detail in _details(error)]:  # Gemini
        return 401
    if status == 400 and (message.startswith("Your credit balance is too low") or "budget_exceeded" in named):
        return 402  # Anthropic; LiteLLM
    if status == 500 and _UNREAD.match(message):  # llama-cpp-python: a parameter that it does not take
        return 422
    metadata = error.get("metadata")
    if status == 403 and isinstance(metadata, dict) and metadata.keys() & {"flagged_input", "reasons"}:
        return 422  # OpenRouter: this text was flagged by moderation, others will not be
    return status


def _retry_info(error: Mapping[str, Any], now: datetime) -> float | None:
    """Google's `RetryInfo` among an error's details (google.rpc), as Gemini sends it in place of Retry-After."""
    delays = [detail["retryDelay"] for detail in _details(error) if isinstance(detail.get("retryDelay"), str)]
    return seconds(delays[0], now) if delays else None


def _details(error: Mapping[str, Any]) -> list[dict[str, Any]]:
    details = error.get("details")
    return [detail for detail in details if isinstance(detail, dict)] if isinstance(details, list) else []

"""What an endpoint sent goes in; a reply, or the named reason why there is none and what it asks for, comes out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

import orjson
from pydantic import BaseModel, Field, ValidationError

from include.domain.llm import LLMReply
from include.domain.score import FailureType, Usage

_SHOWN = 300


@dataclass(frozen=True, slots=True)
class Refusal:
    """No reply: why, whether the same request can succeed later, and how long the endpoint asks to be left alone."""

    kind: FailureType
    complaint: str
    retryable: bool = False
    retry_after_s: float | None = None


class _Cached(BaseModel):
    cached_tokens: int | None = None


class _Thought(BaseModel):
    reasoning_tokens: int | None = None


class _Usage(BaseModel):
    prompt_tokens: int
    completion_tokens: int
    prompt_tokens_details: _Cached | None = None
    completion_tokens_details: _Thought | None = None

    def in_our_words(self) -> Usage:
        cached = self.prompt_tokens_details.cached_tokens if self.prompt_tokens_details else None
        thought = self.completion_tokens_details.reasoning_tokens if self.completion_tokens_details else None
        return Usage(self.prompt_tokens, self.completion_tokens, cached or 0, thought or 0)


class _Part(BaseModel):
    text: str = ""


class _Message(BaseModel):
    content: str | list[_Part] | None = None
    refusal: str | None = None

    @property
    def text(self) -> str:
        if isinstance(self.content, list):
            return "".join(part.text for part in self.content)
        return self.content or ""


class _Choice(BaseModel):
    message: _Message
    finish_reason: str | None = None


class _Completion(BaseModel):
    choices: list[_Choice] = Field(min_length=1)
    model: str | None = None
    id: str | None = None
    usage: _Usage | None = None


def read(
    status: int, headers: Mapping[str, str], body: bytes, *, latency_ms: float, now: datetime
) -> LLMReply | Refusal:
    """The reply of a chat completion, or what stands in its place; `now` is only there for dates in Retry-After."""
    if status != 200:
        return refusal(status, headers, body, now)
    try:
        completion = _Completion.model_validate_json(body)
    except ValidationError:
        # Gateways pass on a provider's error with status 200 and the real one in the body.
        code = _error(body).get("code")
        if isinstance(code, int) and code != 200:
            return refusal(code, headers, body, now)
        return Refusal(FailureType.SERVER_ERROR, f"no chat completion: {_short(body)}", retryable=True)
    choice = completion.choices[0]
    refused = choice.message.refusal
    return LLMReply(
        content=refused or choice.message.text,
        finish_reason="refusal" if refused else choice.finish_reason,
        usage=completion.usage.in_our_words() if completion.usage else None,
        response_model=completion.model,
        request_id=headers.get("x-request-id") or completion.id,
        latency_ms=latency_ms,
    )


def refusal(status: int, headers: Mapping[str, str], body: bytes, now: datetime) -> Refusal:
    """What a status other than 200 means: a passing trouble, this request's fault, or a setting that is wrong."""
    error = _error(body)
    complaint = " ".join(str(error[key]) for key in ("param", "message") if error.get(key)) or _short(body)
    told = f"{status} {complaint}".strip()
    if status == 429 and "insufficient_quota" in (error.get("code"), error.get("type")):
        return Refusal(FailureType.MISCONFIGURED, told)
    passing = {408: FailureType.TIMEOUT, 409: FailureType.SERVER_ERROR, 429: FailureType.RATE_LIMITED}
    if status in passing or status >= 500:
        kind = passing.get(status, FailureType.SERVER_ERROR)
        return Refusal(kind, told, retryable=True, retry_after_s=retry_after(headers, now))
    if status in (401, 402, 403, 404, 405) or status < 400:
        return Refusal(FailureType.MISCONFIGURED, told)
    return Refusal(FailureType.REFUSED, told)


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


def _error(body: bytes) -> dict[str, Any]:
    """The error object of a body in any of its usual forms; empty where there is none."""
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    error = content.get("error", content) if isinstance(content, dict) else content
    if isinstance(error, dict):
        return error if "message" in error else {**error, "message": error.get("detail")}
    return {"message": error}


def _short(body: bytes) -> str:
    return " ".join(body[:_SHOWN].decode(errors="replace").split())

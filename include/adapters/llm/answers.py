"""What a chat completions endpoint sent goes in; a reply, or the named reason why there is none, comes out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, NotRequired

from pydantic import Field, TypeAdapter, ValidationError
from typing_extensions import TypedDict  # pydantic cannot read that of `typing` before Python 3.12

from include.adapters.llm.refusals import Refusal, error_of, refusal, short
from include.domain.llm import TAIL, LLMReply
from include.domain.score import FailureType, Usage

__all__ = ["Refusal", "read"]


# Typed dictionaries and not models: pydantic reads them ten times as fast, and this is read for every call.


class _Details(TypedDict, total=False):
    cached_tokens: int | None
    reasoning_tokens: int | None


class _Usage(TypedDict):
    prompt_tokens: int
    completion_tokens: int
    prompt_tokens_details: NotRequired[_Details | None]
    completion_tokens_details: NotRequired[_Details | None]


class _Part(TypedDict, total=False):
    text: str


class _Message(TypedDict, total=False):
    content: str | list[_Part] | None
    refusal: str | None


class _Choice(TypedDict):
    message: _Message
    finish_reason: NotRequired[str | None]
    logprobs: NotRequired[Any]


class _Completion(TypedDict):
    choices: Annotated[list[_Choice], Field(min_length=1)]
    model: NotRequired[str | None]
    id: NotRequired[str | None]
    usage: NotRequired[_Usage | None]


_COMPLETION = TypeAdapter(_Completion)


def read(
    status: int, headers: Mapping[str, str], body: bytes, *, latency_ms: float, now: datetime
) -> LLMReply | Refusal:
    """The reply of a chat completion, or what stands in its place; `now` is only there for dates in headers."""
    if status != 200:
        return refusal(status, headers, body, now)
    try:
        completion = _COMPLETION.validate_json(body)
    except ValidationError:
        # Gateways pass on a provider's error with status 200 and the real one in the body.
        code = str(error_of(body).get("code"))
        if code.isdecimal() and 300 <= int(code) < 600:
            return refusal(int(code), headers, body, now)
        return Refusal(FailureType.SERVER_ERROR, f"no chat completion: {short(body)}", retryable=True)
    choice, usage = completion["choices"][0], completion.get("usage")
    finish_reason, logprobs = choice.get("finish_reason"), choice.get("logprobs")
    if finish_reason == "error":  # OpenRouter, where the model broke off
        return Refusal(FailureType.SERVER_ERROR, "the model's provider broke off", retryable=True)
    refused = choice["message"].get("refusal")
    return LLMReply(
        content=refused or _text(choice["message"].get("content")),
        finish_reason="refusal" if refused else finish_reason,
        usage=_used(usage) if usage else None,
        response_model=completion.get("model"),
        request_id=headers.get("x-request-id") or completion.get("id"),
        latency_ms=latency_ms,
        tail=_tail(logprobs) if logprobs else (),
    )


def _text(content: str | list[_Part] | None) -> str:
    if isinstance(content, list):
        return "".join(part.get("text", "") for part in content)
    return content or ""


def _used(usage: _Usage) -> Usage:
    cached = (usage.get("prompt_tokens_details") or {}).get("cached_tokens")
    thought = (usage.get("completion_tokens_details") or {}).get("reasoning_tokens")
    return Usage(usage["prompt_tokens"], usage["completion_tokens"], cached or 0, thought or 0)


def _tail(logprobs: object) -> tuple[tuple[str, float], ...]:
    """The last tokens with their log-probabilities; none where they are not in the documented form."""
    tokens = logprobs.get("content") if isinstance(logprobs, dict) else None
    try:
        return tuple((str(one["token"]), float(one["logprob"])) for one in (tokens or [])[-TAIL:])
    except (TypeError, KeyError, ValueError):
        return ()

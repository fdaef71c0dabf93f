"""An address and a key go in, a client of Anthropic's Messages API comes out (platform.claude.com/docs/en/api)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Unpack

import orjson
from pydantic import BaseModel, ValidationError

from include.adapters.llm.client import ModelClient, Options
from include.adapters.llm.dialect import spelled_out, too_long
from include.adapters.llm.models import messages, shape_of
from include.adapters.llm.refusals import Refusal, refusal, short
from include.adapters.llm.speech import Speech, address, shown
from include.domain.llm import TRUNCATED, LLMReply, LLMRequest
from include.domain.score import FailureType, Usage
from include.settings import Accepts

VERSION = "2023-06-01"

FINISH = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "tool_use": "stop",
    "max_tokens": TRUNCATED,
    "model_context_window_exceeded": TRUNCATED,
}
"""Its stop reasons in our words; what is not here keeps its name."""


class AnthropicClient(ModelClient):
    """One Claude; `accepts` overrides what `models.yaml` says about it."""

    def __init__(
        self,
        base_url: str,
        model: str,
        api_key: str = "",
        *,
        provider: str = "anthropic",
        accepts: Accepts | None = None,
        **options: Unpack[Options],
    ) -> None:
        key = api_key.strip()
        super().__init__(speech(base_url, key, dialect_of(model, accepts)), model, key, provider, **options)


class Shape(StrEnum):
    """How Claude is told to answer with JSON, strictest first."""

    JSON_SCHEMA = "json_schema"
    TOOL = "tool"
    PLAIN = "plain"


@dataclass(frozen=True, slots=True)
class Dialect:
    """What one Claude accepts of Messages; starts with the most and only ever gives up.

    No Claude tells log-probabilities.
    """

    shape: Shape = Shape.JSON_SCHEMA
    temperature: bool = True

    def body(self, model: str, request: LLMRequest) -> bytes:
        """The JSON body of a call; the system prompt, which is the same for every interaction, is to be cached."""
        system = "\n\n".join(message.content for message in request.messages if message.role == "system")
        turns = [message for message in request.messages if message.role != "system"]
        body: dict[str, Any] = {
            "model": model,
            "max_tokens": request.max_output_tokens,
            "messages": [{"role": message.role, "content": message.content} for message in turns],
        }
        if self.temperature:
            body["temperature"] = request.temperature
        if self.shape is Shape.JSON_SCHEMA:
            body["output_config"] = {"format": {"type": "json_schema", "schema": request.schema}}
        elif self.shape is Shape.TOOL:
            tool = {"name": request.schema_name, "description": "The reply.", "input_schema": request.schema}
            body |= {"tools": [tool], "tool_choice": {"type": "tool", "name": request.schema_name}}
        else:
            system += spelled_out(request)
        if system:
            body["system"] = [{"type": "text", "text": system.strip(), "cache_control": {"type": "ephemeral"}}]
        return orjson.dumps(body)

    def learn(self, complaint: str) -> Dialect | None:
        """What to speak after a 400 that says `complaint`; None where it is not about the dialect.

        A schema with bounds (`minimum`, `maxItems`) is among what makes `output_config` be refused; a tool takes it.
        """
        said = complaint.casefold()
        if too_long(said):
            return None
        if self.shape is Shape.JSON_SCHEMA and any(
            word in said for word in ("output_config", "output_format", "structured output")
        ):
            return replace(self, shape=Shape.TOOL)
        if self.shape is Shape.TOOL and "tool" in said:
            return replace(self, shape=Shape.PLAIN)
        if self.temperature and "temperature" in said:
            return replace(self, temperature=False)
        return None


def dialect_of(model: str, accepts: Accepts | None = None) -> Dialect:
    """What is known of a model before its first call."""
    known = messages(model, accepts)
    return Dialect(shape_of(known, Shape), known.temperature is not False)


def speech(base_url: str, key: str, dialect: Dialect) -> Speech:
    """How to speak to the endpoint at `base_url`, with or without `/v1`; raises `JudgeMisconfigured`."""
    base = address(base_url)
    base = base if base.path.rstrip("/").endswith("/v1") else base / "v1"
    headers = {"anthropic-version": VERSION, **({"x-api-key": key} if key else {})}
    return Speech((base / "messages").with_query(base.query), shown(base), headers, dialect, read)


class _Block(BaseModel):
    type: str
    text: str = ""
    input: Any = None


class _Thought(BaseModel):
    thinking_tokens: int | None = None


class _Usage(BaseModel):
    input_tokens: int
    output_tokens: int
    cache_creation_input_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    output_tokens_details: _Thought | None = None

    def in_our_words(self) -> Usage:
        """Anthropic's `input_tokens` are only those that were neither read from the cache nor written to it."""
        read = self.cache_read_input_tokens or 0
        thought = self.output_tokens_details.thinking_tokens if self.output_tokens_details else None
        written = self.cache_creation_input_tokens or 0
        return Usage(self.input_tokens + read + written, self.output_tokens, read, thought or 0, written)


class _Message(BaseModel):
    content: list[_Block]
    stop_reason: str | None = None
    model: str | None = None
    id: str | None = None
    usage: _Usage | None = None

    @property
    def text(self) -> str:
        called = [block.input for block in self.content if block.type == "tool_use"]
        if called:
            return orjson.dumps(called[0]).decode()
        return "".join(block.text for block in self.content if block.type == "text")


def read(
    status: int, headers: Mapping[str, str], body: bytes, *, latency_ms: float, now: datetime
) -> LLMReply | Refusal:
    """The reply of a message, or what stands in its place; `now` is only there for dates in headers."""
    if status != 200:
        return refusal(status, headers, body, now)
    try:
        message = _Message.model_validate_json(body)
    except ValidationError:
        return Refusal(FailureType.SERVER_ERROR, f"no message: {short(body)}", retryable=True)
    return LLMReply(
        content=message.text,
        finish_reason=FINISH.get(message.stop_reason or "", message.stop_reason),
        usage=message.usage.in_our_words() if message.usage else None,
        response_model=message.model,
        request_id=headers.get("request-id") or message.id,
        latency_ms=latency_ms,
    )

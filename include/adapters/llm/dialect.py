"""A request goes in, the body that one endpoint accepts comes out; what it accepts is learned from its complaints."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import orjson

from include.domain.llm import LLMRequest


class Shape(StrEnum):
    """How an endpoint is told to answer with JSON, strictest first."""

    JSON_SCHEMA = "json_schema"
    SCHEMA_IN_OBJECT = "schema_in_object"
    """`json_object` with the schema beside it, as llama.cpp, Together and Fireworks have it."""
    JSON_OBJECT = "json_object"
    PLAIN = "plain"


LIMITS = ("max_tokens", "max_completion_tokens", "")
"""What the token limit is called; "" where none is accepted."""

_TOO_LONG = ("context length", "context_length", "too large", "too long", "maximum context")


@dataclass(frozen=True, slots=True)
class Dialect:
    """What one model at one endpoint accepts of chat completions; starts with the most and only ever gives up."""

    shape: Shape = Shape.JSON_SCHEMA
    limit: str = LIMITS[0]
    temperature: bool = True
    logprobs: bool = True

    def body(self, model: str, request: LLMRequest) -> bytes:
        """The JSON body of a chat completion; without native schemas the prompt spells the schema out.

        `request.sample` changes nothing here: samples differ by temperature. A `seed` would have to differ between
        them too, and endpoints that do not know the parameter refuse it.
        """
        messages = [{"role": message.role, "content": message.content} for message in request.messages]
        body: dict[str, Any] = {"model": model, "messages": messages}
        if self.temperature:
            body["temperature"] = request.temperature
        if self.limit:
            body[self.limit] = request.max_output_tokens
        if request.logprobs and self.logprobs:
            body["logprobs"] = True
        if self.shape is Shape.JSON_SCHEMA:
            schema = {"name": request.schema_name, "strict": True, "schema": request.schema}
            body["response_format"] = {"type": "json_schema", "json_schema": schema}
        else:
            # At the end of the first message: what is constant stays in front, for the provider's prompt cache.
            messages[0]["content"] += spelled_out(request)
            if self.shape is not Shape.PLAIN:
                body["response_format"] = {"type": "json_object"}
            if self.shape is Shape.SCHEMA_IN_OBJECT:
                body["response_format"]["schema"] = request.schema
        return orjson.dumps(body)

    def learn(self, complaint: str) -> Dialect | None:
        """What to speak after a 400 or 422 that says `complaint`; None where it is not about the dialect."""
        said = complaint.casefold()
        if too_long(said):
            return None
        if self.logprobs and "logprobs" in said:
            return replace(self, logprobs=False)
        if ("response_format" in said or "schema" in said) and self.shape is not Shape.PLAIN:
            return replace(self, shape=list(Shape)[list(Shape).index(self.shape) + 1])
        if self.limit and self.limit in said:
            return replace(self, limit=LIMITS[LIMITS.index(self.limit) + 1])
        if self.temperature and "temperature" in said:
            return replace(self, temperature=False)
        return None


def too_long(said: str) -> bool:
    """Whether a complaint, in small letters, is about the length of the request, which no dialect changes."""
    return any(words in said for words in _TOO_LONG)


def spelled_out(request: LLMRequest) -> str:
    """The schema in words, for an endpoint that cannot be told it otherwise."""
    schema = orjson.dumps(request.schema).decode()
    return f"\n\nAnswer with one JSON object and nothing else. It obeys this JSON schema:\n{schema}"

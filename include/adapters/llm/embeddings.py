"""A text goes in, its vector comes out of an OpenAI-compatible /embeddings endpoint, as the reply of a model client.

Vectors travel as replies so that they go through the same limits, retries, prices and ledger as any judge's words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Unpack

import orjson
from pydantic import BaseModel, Field, FiniteFloat, ValidationError

from include.adapters.llm.client import ModelClient, Options
from include.adapters.llm.dialect import Dialect
from include.adapters.llm.openai import speech
from include.adapters.llm.refusals import Refusal, refusal
from include.adapters.llm.speech import address
from include.domain.llm import LLMReply, LLMRequest
from include.domain.score import FailureType, Usage
from include.domain.vector import packed


class _Item(BaseModel):
    embedding: list[FiniteFloat] = Field(min_length=1)


class _Usage(BaseModel):
    prompt_tokens: int = Field(ge=0)


class _Embeddings(BaseModel):
    data: list[_Item] = Field(min_length=1, max_length=1)
    model: str | None = None
    usage: _Usage | None = None


@dataclass(frozen=True, slots=True)
class _OneWay:
    """There is one way to ask for a vector: the only message's text is the input."""

    def body(self, model: str, request: LLMRequest) -> bytes:
        return orjson.dumps({"model": model, "input": request.messages[0].content})

    def learn(self, complaint: str) -> None:
        return None


class EmbeddingClient(ModelClient):
    """One embedding model at one endpoint; `complete` gives a reply whose content is the packed vector."""

    def __init__(
        self,
        base_url: str,
        model: str,
        api_key: str = "",
        *,
        provider: str = "openai",
        accepts: object = None,
        **options: Unpack[Options],
    ) -> None:
        """`accepts` is about chat and says nothing here."""
        base, key = address(base_url), api_key.strip()
        url = (base / "embeddings").with_query(base.query)
        spoken = replace(speech(base_url, key, Dialect()), url=url, dialect=_OneWay(), read=_read)
        super().__init__(spoken, model, key, provider, **options)


def _read(
    status: int, headers: Mapping[str, str], body: bytes, *, latency_ms: float, now: datetime
) -> LLMReply | Refusal:
    if status != 200:
        return refusal(status, headers, body, now)
    try:
        found = _Embeddings.model_validate_json(body)
    except ValidationError:
        return Refusal(FailureType.SERVER_ERROR, "no embedding", retryable=True)
    return LLMReply(
        content=packed(found.data[0].embedding),
        finish_reason="stop",
        usage=Usage(found.usage.prompt_tokens) if found.usage else None,
        response_model=found.model,
        request_id=headers.get("x-request-id"),
        latency_ms=latency_ms,
    )

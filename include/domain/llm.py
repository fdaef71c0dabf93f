"""One call to a language model: what is asked, what comes back, what is kept of it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache

from include.domain.interaction import Json
from include.domain.score import Usage, canonical

TRUNCATED = "length"
"""The finish reason of a reply that the token limit cut off."""

TAIL = 8
"""How many of a reply's last tokens are kept: a verdict ends with its score."""

REFUSED = frozenset({"content_filter", "refusal"})
"""The finish reasons of a model, or of a filter before it, that would not answer."""


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """One message; `role` is "system", "user" or "assistant"."""

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class LLMRequest:
    """Everything that shapes a reply, apart from who is asked; `schema` is the JSON schema that it shall obey.

    `sample` tells replies to the same question apart, where several are wanted; `logprobs` asks for the
    log-probabilities of the reply's tokens, which an endpoint that does not have them leaves out.
    """

    messages: tuple[ChatMessage, ...]
    schema_name: str
    schema: Mapping[str, Json]
    temperature: float
    max_output_tokens: int
    sample: int = 0
    logprobs: bool = False

    def key(self, endpoint: str, model: str) -> str:
        """64 hex digits: the same for the same request to the same model at the same endpoint."""
        parameters: list[Json] = [self.schema_name, dict(self.schema), self.temperature, self.max_output_tokens]
        turns: list[Json] = [[message.role, message.content] for message in self.messages[1:]]
        hashed = _begun(endpoint, model, self.messages[0]).copy()  # what is constant is not hashed every time
        hashed.update(canonical([turns, parameters, self.sample, self.logprobs]))
        return hashed.hexdigest()

    def after(self, reply: str, problem: str) -> LLMRequest:
        """The same question once more, after a reply that had a problem."""
        turns = (ChatMessage("assistant", reply), ChatMessage("user", problem))
        return replace(self, messages=(*self.messages, *turns))


@lru_cache(maxsize=64)
def _begun(endpoint: str, model: str, first: ChatMessage) -> hashlib._Hash:
    """SHA-256 as far as the first message, which a judge's requests share."""
    return hashlib.sha256(canonical([endpoint, model, first.role, first.content]))


@dataclass(frozen=True, slots=True)
class LLMReply:
    """What a model answered; `usage` is None where the endpoint does not tell, `latency_ms` is that of the last try.

    `tail` holds the last tokens (at most `TAIL`) with their natural log-probabilities, where they were told.
    """

    content: str
    finish_reason: str | None
    usage: Usage | None
    response_model: str | None
    request_id: str | None
    latency_ms: float
    tail: tuple[tuple[str, float], ...] = ()


class CallMode(StrEnum):
    """How a call was made: at once, or in a provider's batch, which costs less and takes up to a day."""

    LIVE = "live"
    BATCH = "batch"


@dataclass(frozen=True, slots=True)
class CallPurpose:
    """For whom and what a call is paid: a row of the cost ledger names them."""

    project: str
    dimension: str
    judge: str


@dataclass(frozen=True, slots=True)
class JudgeCall:
    """A call that was paid for, as it is kept; `cost` in USD, None where the price or the usage is unknown.

    `outcome` is "ok" or the `FailureType` of a reply that holds no verdict.
    """

    key: str
    purpose: CallPurpose
    provider_name: str
    request_model: str
    outcome: str
    reply: LLMReply
    cost: Decimal | None
    called_at: datetime
    mode: CallMode = CallMode.LIVE


@dataclass(frozen=True, slots=True)
class SparedCall:
    """What a call would have been for that was not made, since its reply was on record; `model` as it is asked for."""

    day: date
    purpose: CallPurpose
    model: str

"""One call to a language model: what is asked, what comes back, what is kept of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from include.domain.interaction import Json
from include.domain.score import Usage, digest

TRUNCATED = "length"
"""The finish reason of a reply that the token limit cut off."""

REFUSED = frozenset({"content_filter", "refusal"})
"""The finish reasons of a model, or of a filter before it, that would not answer."""


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """One message; `role` is "system", "user" or "assistant"."""

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class LLMRequest:
    """Everything that shapes a reply, apart from who is asked; `schema` is the JSON schema that it shall obey."""

    messages: tuple[ChatMessage, ...]
    schema_name: str
    schema: Mapping[str, Json]
    temperature: float
    max_output_tokens: int

    def key(self, endpoint: str, model: str) -> str:
        """64 hex digits: the same for the same request to the same model at the same endpoint."""
        said: list[Json] = [[message.role, message.content] for message in self.messages]
        parameters: list[Json] = [self.schema_name, dict(self.schema), self.temperature, self.max_output_tokens]
        return digest([endpoint, model, said, parameters])

    def after(self, reply: str, problem: str) -> LLMRequest:
        """The same question once more, after a reply that had a problem."""
        turns = (ChatMessage("assistant", reply), ChatMessage("user", problem))
        return replace(self, messages=(*self.messages, *turns))


@dataclass(frozen=True, slots=True)
class LLMReply:
    """What a model answered; `usage` is None where the endpoint does not tell, `latency_ms` is that of the last try."""

    content: str
    finish_reason: str | None
    usage: Usage | None
    response_model: str | None
    request_id: str | None
    latency_ms: float


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

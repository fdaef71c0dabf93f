"""All that is known of one interaction: what was logged, what its judges said, what its conversation holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from include.domain.interaction import Json
from include.domain.score import Composite, Opinion, Statement


@dataclass(frozen=True, slots=True)
class Excerpt:
    """The beginning of a text that has `length` characters in all."""

    text: str
    length: int

    @property
    def is_cut(self) -> bool:
        """Whether there is more."""
        return len(self.text) < self.length


@dataclass(frozen=True, slots=True)
class Logged:
    """An interaction as it was logged; costs are in USD, None where nothing is known; `history` is oldest first.

    `tokens` holds the counts that were logged, by name. `billed_amount` is in `billed_currency`.
    """

    interaction_id: str
    logged_at: datetime
    occurred_at: datetime
    source: str
    row_key: str | None
    project: str
    environment: str
    conversation_id: str | None
    question: Excerpt
    answer: Excerpt
    reference: Excerpt | None
    contexts: tuple[Excerpt, ...]
    history: tuple[tuple[str, Excerpt], ...]
    provider_name: str | None
    request_model: str | None
    response_model: str | None
    prompt_version: str | None
    tokens: Mapping[str, int]
    latency_ms: float | None
    finish_reason: str | None
    error_type: str | None
    attributes: Mapping[str, Json]
    cost: Decimal | None
    price_source: str | None
    billed_cost: Decimal | None
    billed_amount: Decimal | None
    billed_currency: str | None
    sampled: bool
    sampling_rate: float
    stratum: str
    always: bool


@dataclass(frozen=True, slots=True)
class Given:
    """A score that was given: by which judge, when, and what it cost (USD, None where the price is unknown)."""

    dimension: str
    value: float
    explanation: str
    source: str
    epoch: str
    judge: str
    model: str
    input_tokens: int
    output_tokens: int
    cost: Decimal | None
    scored_at: datetime
    members: tuple[Opinion, ...] = ()
    disagreement: float | None = None
    statements: tuple[Statement, ...] = ()


@dataclass(frozen=True, slots=True)
class Failed:
    """A dimension that could not be scored."""

    dimension: str
    source: str
    epoch: str
    judge: str
    error_type: str
    message: str
    retryable: bool
    attempts: int
    failed_at: datetime


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Another interaction of the same conversation, by the beginning of its question."""

    interaction_id: str
    logged_at: datetime
    question: str
    value: float | None


@dataclass(frozen=True, slots=True)
class Record:
    """One interaction with what became of it; scores by dimension, the latest first."""

    logged: Logged
    scores: tuple[Given, ...] = ()
    failures: tuple[Failed, ...] = ()
    composites: tuple[Composite, ...] = ()
    conversation: tuple[Neighbour, ...] = field(default=())

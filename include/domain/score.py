"""What a judge says of an interaction: a score, or the typed reason why there is none."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from include.domain.interaction import Json


class ScoreSource(StrEnum):
    """Who gave a score."""

    LLM_JUDGE = "LLM_JUDGE"
    RAGAS = "RAGAS"
    CODE = "CODE"
    HUMAN = "HUMAN"
    END_USER = "END_USER"


class FailureType(StrEnum):
    """Why there is no score."""

    NO_RESPONSE = "no_response"
    NO_CONTEXTS = "no_contexts"
    NOTHING_TO_JUDGE = "nothing_to_judge"
    UNREACHABLE = "judge_unreachable"
    MISCONFIGURED = "judge_misconfigured"
    RATE_LIMITED = "judge_rate_limited"
    TIMEOUT = "judge_timeout"
    SERVER_ERROR = "judge_server_error"
    MALFORMED = "judge_malformed_reply"
    TRUNCATED = "judge_truncated_reply"
    REFUSED = "judge_refused"

    @property
    def is_judges_fault(self) -> bool:
        """False where the interaction itself gives a judge nothing to judge."""
        return self.value.startswith("judge_")


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one call as the provider billed them; `cached_input_tokens` are part of `input_tokens`."""

    input_tokens: int = 0
    output_tokens: int = 0
    cached_input_tokens: int = 0
    reasoning_tokens: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.cached_input_tokens + other.cached_input_tokens,
            self.reasoning_tokens + other.reasoning_tokens,
        )


@dataclass(frozen=True, slots=True)
class Verdict:
    """A rubric judge's raw reply: the reasoning comes first, then the score on the rubric's own scale."""

    reasoning: str
    score: int


@dataclass(frozen=True, slots=True)
class Score:
    """One dimension of one interaction; `value` in [0, 1], `cost` in USD or None where the price is unknown.

    `epoch` names the judge that gave it (see `Epoch`); values of two epochs are never pooled.
    """

    interaction_id: str
    logged_at: datetime
    dimension: str
    value: float
    explanation: str
    source: ScoreSource
    epoch: str
    usage: Usage = Usage()
    cost: Decimal | None = Decimal(0)

    def __post_init__(self) -> None:
        if not 0.0 <= self.value <= 1.0:
            raise ValueError(f"a score lies in [0, 1], not {self.value!r}")


@dataclass(frozen=True, slots=True)
class ScoreFailure:
    """A dimension of an interaction that could not be scored, why, and whether trying again can help."""

    interaction_id: str
    logged_at: datetime
    dimension: str
    error_type: FailureType
    message: str
    retryable: bool
    source: ScoreSource
    epoch: str


Outcome = Score | ScoreFailure


@dataclass(frozen=True, slots=True)
class Epoch:
    """The identity of a judge: everything that can change what it says of the same interaction.

    `parts` holds rubric, few-shot examples, model, parameters, response schema and parser version.
    """

    dimension: str
    source: ScoreSource
    judge: str
    parts: Mapping[str, Json]

    @property
    def id(self) -> str:
        """Twelve hex digits of SHA-256 over the canonical JSON of dimension, source, judge and parts."""
        return digest([self.dimension, self.source.value, self.judge, dict(self.parts)])[:12]


@dataclass(frozen=True, slots=True)
class Weights:
    """How the dimensions of a project add up; the weights are positive and sum to 1 (within 1e-9)."""

    version: str
    by_dimension: Mapping[str, float]

    def __post_init__(self) -> None:
        if any(weight <= 0 for weight in self.by_dimension.values()):
            raise ValueError("weights are positive")
        if abs(sum(self.by_dimension.values()) - 1) > 1e-9:
            raise ValueError(f"weights sum to 1, not {sum(self.by_dimension.values()):g}")


@dataclass(frozen=True, slots=True)
class Composite:
    """The weighted score of one interaction; `value` in [0, 1], or None while any dimension is missing."""

    interaction_id: str
    logged_at: datetime
    value: float | None
    weights_version: str
    epochs: str
    by_dimension: Mapping[str, float]


def epoch_set(epochs: Sequence[str]) -> str:
    """The identity of the judges behind a composite: twelve hex digits over their sorted epochs."""
    return digest(sorted(epochs))[:12]


def digest(value: Json | Sequence[Json]) -> str:
    """SHA-256 (hex) over the canonical JSON of `value`: sorted keys, no spaces, UTF-8."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

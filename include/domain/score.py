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
    NO_REFERENCE = "no_reference"
    NOTHING_TO_JUDGE = "nothing_to_judge"
    UNSUPPORTED_LANGUAGE = "unsupported_language"
    UNREACHABLE = "judge_unreachable"
    MISCONFIGURED = "judge_misconfigured"
    RATE_LIMITED = "judge_rate_limited"
    TIMEOUT = "judge_timeout"
    SERVER_ERROR = "judge_server_error"
    MALFORMED = "judge_malformed_reply"
    TRUNCATED = "judge_truncated_reply"
    REFUSED = "judge_refused"
    POSTPONED = "judge_postponed"
    IN_BATCH = "judge_in_batch"

    @property
    def is_judges_fault(self) -> bool:
        """False where the interaction itself gives a judge nothing to judge."""
        return self.value.startswith("judge_")


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one call as the provider billed them.

    Those read from a prompt cache, written to it, or of audio are part of `input_tokens`; those of reasoning or of
    audio part of `output_tokens`.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    cached_input_tokens: int = 0
    reasoning_tokens: int = 0
    cache_write_tokens: int = 0
    input_audio_tokens: int = 0
    output_audio_tokens: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.cached_input_tokens + other.cached_input_tokens,
            self.reasoning_tokens + other.reasoning_tokens,
            self.cache_write_tokens + other.cache_write_tokens,
            self.input_audio_tokens + other.input_audio_tokens,
            self.output_audio_tokens + other.output_audio_tokens,
        )


@dataclass(frozen=True, slots=True)
class Verdict:
    """A rubric judge's raw reply: the reasoning comes first, then the score on the rubric's own scale."""

    reasoning: str
    score: int


@dataclass(frozen=True, slots=True)
class Opinion:
    """What one member of a cascade or a panel said: `value` in [0, 1], `cost` in USD, None where it is unknown.

    `model` is what the member's endpoint calls it; `sample` tells several replies of the same member apart.
    """

    model: str
    value: float
    explanation: str
    cost: Decimal | None = None
    sample: int = 0


MOST_STATEMENTS = 100
"""So many are kept with a score at most, those that are not good before others."""


@dataclass(frozen=True, slots=True)
class Statement:
    """What a judge said of one part of what it judged, such as a statement of the answer: `good` or not, and why."""

    text: str
    reason: str
    good: bool


@dataclass(frozen=True, slots=True)
class Score:
    """One dimension of one interaction; `value` in [0, 1], `cost` in USD or None where the price is unknown.

    `epoch` names the judge that gave it (see `Epoch`); values of two epochs are never pooled. `members` are the
    opinions behind it where several were heard, `statements` those of the answer where the judge took it apart.
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
    members: tuple[Opinion, ...] = ()
    statements: tuple[Statement, ...] = ()

    @property
    def disagreement(self) -> float | None:
        """How far apart the members' values lie, in [0, 1]; None where only one opinion was heard."""
        values = [member.value for member in self.members]
        return max(values) - min(values) if len(values) > 1 else None

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
class KnownJudge:
    """A judge that was in force once: its name and parts (see `Epoch`), and when it was first to judge."""

    judge: str
    parts: Mapping[str, Json]
    first_seen_at: datetime


@dataclass(frozen=True, slots=True)
class Weights:
    """How the dimensions of a project add up: each weight >= 0, together 1 (within 1e-9).

    A project is judged in the dimensions that it names; one of weight 0 is shown and not weighted.
    """

    version: str
    by_dimension: Mapping[str, float]

    def __post_init__(self) -> None:
        if any(weight < 0 for weight in self.by_dimension.values()):
            raise ValueError("a weight is never negative")
        if abs(sum(self.by_dimension.values()) - 1) > 1e-9:
            raise ValueError(f"weights sum to 1, not {sum(self.by_dimension.values()):g}")

    @property
    def weighted(self) -> frozenset[str]:
        """The dimensions that make up the composite."""
        return frozenset(dimension for dimension, weight in self.by_dimension.items() if weight)


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
    """The identity of what is behind a composite: twelve hex digits over the sorted epochs and whatever else counts."""
    return digest(sorted(epochs))[:12]


def digest(value: Json | Sequence[Json]) -> str:
    """SHA-256 (hex) over the canonical JSON of `value`."""
    return hashlib.sha256(canonical(value)).hexdigest()


def canonical(value: Json | Sequence[Json]) -> bytes:
    """JSON with sorted keys and without spaces, in UTF-8."""
    return _CANONICAL.encode(value).encode("utf-8", "surrogatepass")


_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)

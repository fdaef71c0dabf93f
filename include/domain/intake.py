"""A logged row on its way in: staged, looked at, decided on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from include.domain.interaction import Json


@dataclass(frozen=True, slots=True)
class StagedRow:
    """A row of the log: its own key, when it was logged, its fields as JSON, and those of a wrong type."""

    row_key: str
    logged_at: datetime
    raw: Mapping[str, Json]
    malformed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """What the suite needs to know of one staged row; texts as their lengths in characters, None where missing.

    `malformed` names the fields of a wrong type ("" where there is none) and those fields are None here;
    a text that a label is made of is cut off at 600 characters. `copies` counts the rows of the same hour that have
    the same id, interactions of other windows included; `ahead_s` is how many seconds `occurred_at` lies after
    `logged_at`; `rows_in_window` is the same for every row. `cache_tokens` were read from a prompt cache or written to
    it, where the latter were logged; `billed_cost` is in the currency of the log. `flagged`, `feedback` and `language`
    (in small letters, without a region) are what the application said in `attributes`; `excerpt` is the beginning of
    the answer, where it was asked for. `project_known_s` and `version_known_s` are the seconds since the source's first
    row of the project, and since the project's first row of the prompt version.
    """

    row_key: str
    logged_at: datetime
    malformed: str
    interaction_id: str | None
    copies: int
    project: str | None
    environment: str | None
    user_input_chars: int | None
    response_chars: int | None
    retrieved_contexts_chars: int | None
    history_chars: int | None
    reference_chars: int | None
    provider_name: str | None
    request_model: str | None
    response_model: str | None
    prompt_version: str | None
    input_tokens: int | None
    output_tokens: int | None
    cached_input_tokens: int | None
    latency_ms: float | None
    finish_reason: str | None
    error_type: str | None
    ahead_s: float | None
    rows_in_window: int
    occurred_at: datetime | None = None
    reasoning_tokens: int | None = None
    cache_write_tokens: int | None = None
    cache_tokens: float | None = None
    input_audio_tokens: int | None = None
    output_audio_tokens: int | None = None
    images: int | None = None
    billed_cost: Decimal | None = None
    billed_currency: str | None = None
    flagged: bool = False
    feedback: str | None = None
    language: str | None = None
    excerpt: str | None = None
    project_known_s: float | None = None
    version_known_s: float | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of a staged row: refused by the named expectations, or admitted with its price and its lot.

    `cost` is in USD, None where the price is unknown, and `price_source` says by whose word (see `Price`);
    `billed_cost` is what the log says was billed, in USD, None where it says nothing or in a currency of which nobody
    knows the rate. It is judged if `always` is true, or if `lot` in [0, 1) lies
    below the rate of its stratum: `rate` in (0, 1], or more where the stratum is small (see `Intake.admit`).
    """

    row_key: str
    refused_by: tuple[str, ...] = ()
    cost: Decimal | None = None
    price_source: str | None = None
    billed_cost: Decimal | None = None
    stratum: str = ""
    always: bool = False
    rate: float = 1.0
    lot: float = 0.0


@dataclass(frozen=True, slots=True)
class HeldRow:
    """A row that waits in quarantine, and the expectations that refused it; `raw` is the beginning of its JSON."""

    source: str
    row_key: str
    project: str
    logged_at: datetime
    expectations: tuple[str, ...]
    raw: str


@dataclass(frozen=True, slots=True)
class Admitted:
    """How many rows became interactions that were none before, and how many wait in quarantine."""

    interactions: int
    quarantined: int


@dataclass(frozen=True, slots=True)
class Findings:
    """What a suite says of a batch: for each refused row the expectations that refuse it, and warnings in words."""

    refused: Mapping[str, tuple[str, ...]]
    warnings: tuple[str, ...] = field(default=())

"""A call as far as its price depends on it, and what it cost by whose word."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from include.domain.score import Usage

LIST = "list"
"""The source of a price that no contract gave: the public price list."""


@dataclass(frozen=True, slots=True)
class BillableCall:
    """One call to a model, made `at`; `model` is the one that answered.

    `usage` is None where tokens were not reported, `images` (in the request or made by it) where nobody counted them,
    `latency_ms` where nobody measured it. `batch_share` is what the provider asks for a call in a batch, as a share of
    its price at once; None of a call that was made at once.
    """

    provider: str | None
    model: str | None
    usage: Usage | None
    at: datetime
    project: str = ""
    latency_ms: float | None = None
    images: int | None = None
    batch_share: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Price:
    """What a call cost in USD, exact; `source` is `LIST` or the name of the contract that says so."""

    usd: Decimal
    source: str


class Tokens(NamedTuple):
    """The tokens of a call by kind, each counted once: those of the prompt, then those of the answer."""

    input: int
    cached_input: int
    cache_write: int
    input_audio: int
    output: int
    reasoning: int
    output_audio: int


def by_kind(usage: Usage) -> Tokens:
    """What the usage counts within wholes, apart; never below 0, and together input and output tokens exactly.

    Audio that was read from a cache or written to it is counted there: which tokens were both, nobody tells.
    """
    cached = min(usage.cached_input_tokens, usage.input_tokens)
    written = min(usage.cache_write_tokens, usage.input_tokens - cached)
    heard = min(usage.input_audio_tokens, usage.input_tokens - cached - written)
    thought = min(usage.reasoning_tokens, usage.output_tokens)
    spoken = min(usage.output_audio_tokens, usage.output_tokens - thought)
    plain_in, plain_out = usage.input_tokens - cached - written - heard, usage.output_tokens - thought - spoken
    return Tokens(plain_in, cached, written, heard, plain_out, thought, spoken)

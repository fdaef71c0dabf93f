"""Batches of judge calls at a provider: what is sent, how far it has come, what came back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from include.domain.llm import CallPurpose, LLMRequest


class BatchStatus(StrEnum):
    """What is known of a batch: the first two are under way."""

    INTENDED = "intended"
    SUBMITTED = "submitted"
    COLLECTED = "collected"
    GIVEN_UP = "given_up"


@dataclass(frozen=True, slots=True)
class WantedCall:
    """A call that a judge would make; `key` is what the call ledger knows it by.

    `expected` is what it will about cost in USD, None where nobody knows.
    """

    key: str
    request: LLMRequest
    purpose: CallPurpose
    expected: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """One batch; `batch_id` is the provider's name for it, None until it is known to be there.

    At `due_at` it is cancelled, and what it did not answer is called live.
    """

    batch_key: str
    endpoint: str
    model: str
    run_id: str
    status: BatchStatus
    intended_at: datetime
    due_at: datetime
    batch_id: str | None = None
    requests: int = 0


class Whereabouts(StrEnum):
    """Why no batch was found where one may have been sent."""

    ABSENT = "absent"
    UNCLEAR = "unclear"
    """One that is under way may be it; its provider tells only when it has ended."""

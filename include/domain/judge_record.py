"""What is on record of judges over a stretch of time: what each gave, failed at and cost, as pages tell it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from include.domain.cost import Spend
from include.domain.interaction import Json

NOTHING = Spend()


@dataclass(frozen=True, slots=True)
class EpochRecord:
    """A judge that was in force once (see `Epoch`), and when it was first to judge."""

    epoch: str
    dimension: str
    source: str
    judge: str
    parts: Mapping[str, Json]
    first_seen_at: datetime

    @property
    def model(self) -> str:
        """The model or models that it asks, "" where it asks none."""
        return str(self.parts.get("model", ""))


@dataclass(frozen=True, slots=True)
class Given:
    """Values that an epoch gave in a project; `spend` is what the calls behind each cost, a "call" for each value.

    Tokens are those of the same calls; `cached_input_tokens`, a part of the others, the provider had held. Where there
    are very many, all are `counted`, and the calls of the newest alone are looked at.
    """

    project: str
    epoch: str
    spend: Spend = NOTHING
    input_tokens: int = 0
    cached_input_tokens: int = 0
    counted: int = 0

    @property
    def values(self) -> int:
        """How many."""
        return max(self.spend.calls, self.counted)

    @property
    def reckoned(self) -> Decimal | None:
        """USD of all, by those that were looked at; None where none was, or where all were."""
        if not 0 < self.spend.calls < self.counted:
            return None
        return self.spend.known * self.counted / self.spend.calls


@dataclass(frozen=True, slots=True)
class Failed:
    """Interactions that an epoch could not score, for one reason (see `FailureType`)."""

    project: str
    epoch: str
    reason: str
    count: int


@dataclass(frozen=True, slots=True)
class Agreement:
    """An epoch beside people over `n` pairs of scores of the same answer, which lie in [0, 1].

    `difference` is the mean of the judge's less the person's, `distance` that of how far apart they lie.
    """

    project: str
    epoch: str
    n: int
    difference: float
    distance: float


@dataclass(frozen=True, slots=True)
class CallRecord:
    """The calls of one judge in one dimension of one project; `in_batches` of them were made in a provider's batch.

    `spared` are calls that were not made since their reply was on record, with what they had cost when they were.
    """

    project: str
    dimension: str
    judge: str
    calls: Spend
    in_batches: int
    input_tokens: int
    cached_input_tokens: int
    spared: Spend

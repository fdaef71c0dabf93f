"""What judging took in some days: calls, those that were spared, what was judged for them; and what is told of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from include.domain.cost import Spend
from include.domain.llm import CallMode
from include.domain.money import JudgingSaved
from include.domain.score import Usage


class Asked(NamedTuple):
    """A model as a judge asks for it."""

    provider: str
    model: str


@dataclass(frozen=True, slots=True)
class CallTally:
    """The calls of one judge to one model on a UTC day; `billed_as` is the model that answered, by which it is priced.

    `usage` adds up what was told; calls that told nothing are among the `unpriced` of `spend`.
    """

    day: date
    project: str
    dimension: str
    judge: str
    asked: Asked
    billed_as: str
    mode: CallMode
    usage: Usage
    spend: Spend


@dataclass(frozen=True, slots=True)
class SparedTally:
    """Calls that were not made since their reply was on record; `spend` is what they had cost when they were."""

    project: str
    dimension: str
    judge: str
    model: str
    spend: Spend


@dataclass(frozen=True, slots=True)
class JudgedTally:
    """Scores that a judge gave, one for an interaction and dimension: its judgements.

    `by_model` tells for each model in how many of them it had a say; `strong` is the model that the judge's cascade
    keeps for doubts. `stands_for` is how many interactions that were not drawn those of the days stand for besides
    themselves: the sum of 1 / rate - 1.
    """

    project: str
    dimension: str
    judge: str
    judgements: int
    by_model: tuple[tuple[Asked, int], ...]
    strong: Asked | None
    stands_for: float


@dataclass(frozen=True, slots=True)
class SampledTally:
    """A project's interactions of the days: how many sampling left out, and how many those drawn stand for besides.

    `judged` counts the interactions that got a score from a model in these days, whenever they were logged.
    """

    project: str
    left_out: int
    stands_for: float
    judged: int


@dataclass(frozen=True, slots=True)
class JudgingTallies:
    """All that is known of the judging of some days."""

    calls: tuple[CallTally, ...]
    spared: tuple[SparedTally, ...]
    judged: tuple[JudgedTally, ...]
    sampled: tuple[SampledTally, ...]


@dataclass(frozen=True, slots=True)
class JudgeCost:
    """What one judge cost in one dimension of one project, by model and mode, and how many judgements it gave."""

    project: str
    dimension: str
    judge: str
    judgements: int
    by_model: tuple[tuple[str, CallMode, Spend], ...]

    @property
    def spend(self) -> Spend:
        """Of all models and modes."""
        return sum((spend for _, _, spend in self.by_model), Spend())

    @property
    def per_thousand(self) -> Decimal | None:
        """USD of 1,000 judgements; None where none was given or no call has a price."""
        return per_thousand(self.spend, self.judgements)


@dataclass(frozen=True, slots=True)
class JudgingWeek:
    """What judging cost, by judge, dearest first; what was saved, by project; how many interactions were judged.

    `spared` counts calls that were answered from the ledger of calls.
    """

    judges: tuple[JudgeCost, ...] = ()
    saved: tuple[JudgingSaved, ...] = ()
    spared: int = 0

    @property
    def whole(self) -> JudgingSaved | None:
        """All projects as one; None where nothing was spent or saved."""
        if not self.saved:
            return None
        first, *others = self.saved
        return sum(others, start=first)

    def of(self, project: str) -> JudgingSaved | None:
        """One project's."""
        return next((one for one in self.saved if one.project == project), None)


def per_thousand(spend: Spend, judged: int) -> Decimal | None:
    """USD for 1,000 of what was judged; None where there is nothing to divide, or nothing was judged."""
    return spend.cost * 1000 / judged if judged and spend.cost is not None else None

"""What judging a project may cost in a day, what it has cost, and what is left out to stay within it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum

from include.domain.interaction import Json

CHEAPER_AT, SMALLER_AT, LAST_AT = Decimal("0.8"), Decimal("0.9"), Decimal(1)
"""Shares of the budget at which the ladder steps down."""


class Step(IntEnum):
    """The ladder: how a project is judged, the further down its budget is spent."""

    FULL = 0
    CHEAPER = 1
    SMALLER = 2
    ALWAYS_ONLY = 3

    @property
    def told(self) -> str:
        """In words."""
        return _TOLD[self]


_TOLD = {
    Step.FULL: "judged in full",
    Step.CHEAPER: "judged by the cheaper judge, without second opinions",
    Step.SMALLER: "judged by the cheaper judge, and a smaller sample",
    Step.ALWAYS_ONLY: "only what the always-judge rules name is judged, and one in a hundred of the rest",
}


@dataclass(frozen=True, slots=True)
class JudgeBudget:
    """A project's judging on one UTC day, in USD: what it may cost, has cost, and is expected to cost in this run."""

    limit: Decimal
    spent: Decimal
    expected: Decimal
    step: Step

    @property
    def used(self) -> float:
        """Share of the limit that is spent."""
        return float(self.spent / self.limit)

    def to_json(self) -> dict[str, Json]:
        """As it is stored; money as text, so that it stays exact."""
        return {
            "limit": str(self.limit),
            "spent": str(self.spent),
            "expected": str(self.expected),
            "step": int(self.step),
        }

    @classmethod
    def from_json(cls, found: dict[str, str | int]) -> JudgeBudget:
        """What `to_json` gave."""
        limit, spent, expected = (Decimal(found[name]) for name in ("limit", "spent", "expected"))
        return cls(limit, spent, expected, Step(int(found["step"])))

"""Interactions and judges go in; what judging them with language models will about take comes out, before a call."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Protocol, runtime_checkable

from include.domain.interaction import Interaction
from include.domain.ports import Judge, LLMClient, PriceBook
from include.domain.price import BillableCall
from include.domain.score import Usage

CHARACTERS_PER_TOKEN = 4
"""Of English prose with the tokenizers in use; other languages and code need more tokens."""


def tokens(characters: float) -> int:
    """About how many tokens a text of that length has."""
    return round(characters / CHARACTERS_PER_TOKEN)


@dataclass(frozen=True, slots=True)
class ExpectedCall:
    """A call that a judge thinks it will make, `likely` of 1 that it does; lengths are in characters."""

    client: LLMClient
    asked: float
    answered: float
    likely: float = 1.0

    @property
    def usage(self) -> Usage:
        """The tokens of the call if it is made."""
        return Usage(tokens(self.asked), tokens(self.answered))


@runtime_checkable
class Foreseeing(Protocol):
    """A judge that knows beforehand what it will ask; one that does not asks nobody."""

    def expected(self, interaction: Interaction) -> Iterable[ExpectedCall]:
        """The calls that scoring the interaction will take."""
        ...


@dataclass(frozen=True, slots=True)
class Estimate:
    """What to expect: `cost` in USD, None where a model's price is unknown. Right to about a factor of two."""

    interactions: int
    calls: int
    usage: Usage
    cost: Decimal | None

    def __str__(self) -> str:
        cost = "an unknown price" if self.cost is None else f"about {self.cost:.2f} USD"
        return (
            f"{self.interactions} interactions, {self.calls} calls, about {self.usage.input_tokens:,} input and "
            f"{self.usage.output_tokens:,} output tokens, {cost}"
        )


def estimate(
    interactions: Iterable[Interaction],
    judges: Callable[[str], Sequence[Judge]],
    prices: PriceBook,
    *,
    at: datetime,
) -> Estimate:
    """Calls, tokens and cost of all judges of each interaction's project, without retries or caches."""
    count, calls, tokens_in, tokens_out, cost = 0, 0.0, 0.0, 0.0, Decimal(0)
    unpriced = False
    for interaction in interactions:
        count += 1
        for call in _calls(interaction, judges(interaction.project)):
            usage = call.usage
            asked = BillableCall(call.client.provider, call.client.model, usage, at, interaction.project)
            price = prices.price(asked)
            unpriced = unpriced or price is None
            calls += call.likely
            tokens_in += usage.input_tokens * call.likely
            tokens_out += usage.output_tokens * call.likely
            cost += (price.usd if price else Decimal(0)) * Decimal(call.likely)
    return Estimate(count, round(calls), Usage(round(tokens_in), round(tokens_out)), None if unpriced else cost)


def _calls(interaction: Interaction, judges: Iterable[Judge]) -> Iterable[ExpectedCall]:
    if not interaction.response.strip() or interaction.error_type:
        return
    for judge in judges:
        if isinstance(judge, Foreseeing):
            yield from judge.expected(interaction)

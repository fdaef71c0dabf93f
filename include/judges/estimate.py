"""Interactions go in; what judging them with a language model will about take comes out, before a call is made."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from include.domain.interaction import Interaction
from include.domain.ports import PriceBook
from include.domain.score import Usage
from include.judges.prompt import system, user
from include.judges.rubric import Rubric

CHARACTERS_PER_TOKEN = 4
"""Of English prose with the tokenizers in use; other languages and code need more tokens."""
VERDICT_TOKENS = 120
"""Reasoning of a few sentences and a score."""
STATEMENTS_PROMPT, VERDICTS_PROMPT = 2_200, 3_600
"""Characters of RAGAS's two constant prompts with our notice on fences."""
RESTATED, REASONED = 1.5, 3.0
"""How many times as long as the answer RAGAS's statements are, and its verdicts with statement and reason."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What to expect: `cost` in USD, None where the model's price is unknown. Right to about a factor of two."""

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
    rubrics: Sequence[Rubric],
    prices: PriceBook,
    *,
    provider: str,
    model: str,
    at: datetime,
) -> Estimate:
    """Calls, tokens and cost of a verdict by each rubric and of RAGAS's faithfulness, without retries or caches."""
    count, calls, total, cost = 0, 0, Usage(), Decimal(0)
    unpriced = False
    constant = {rubric.name: len(system(rubric).content) for rubric in rubrics}
    for interaction in interactions:
        count += 1
        for usage in _calls(interaction, rubrics, constant):
            calls, total = calls + 1, total + usage
            price = prices.price(provider, model, usage, at)
            unpriced = unpriced or price is None
            cost += price or 0
    return Estimate(count, calls, total, None if unpriced else cost)


def _calls(interaction: Interaction, rubrics: Sequence[Rubric], constant: dict[str, int]) -> Iterable[Usage]:
    if not interaction.response.strip() or interaction.error_type:
        return
    for rubric in rubrics:
        logged = len(user(rubric, interaction, b"").content)
        yield Usage(_tokens(constant[rubric.name] + logged), VERDICT_TOKENS)
    if any(text.strip() for text in interaction.retrieved_contexts):
        answer, contexts = len(interaction.response), sum(map(len, interaction.retrieved_contexts))
        asked = STATEMENTS_PROMPT + len(interaction.user_input) + answer
        yield Usage(_tokens(asked), _tokens(RESTATED * answer))
        yield Usage(_tokens(VERDICTS_PROMPT + contexts + RESTATED * answer), _tokens(REASONED * answer))


def _tokens(characters: float) -> int:
    return round(characters / CHARACTERS_PER_TOKEN)

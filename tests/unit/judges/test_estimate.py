"""What judging will take, said before the first call."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from include.adapters.yaml_file import load
from include.domain.interaction import Interaction
from include.domain.score import Usage
from include.judges.build import model_bench
from include.judges.estimate import Estimate, estimate
from include.judges.ledger import MemoryLedger
from include.judges.rubric import Rubric
from tests.fakes.llm import FakeModel

AT = datetime(2026, 11, 20, tzinfo=UTC)
RUBRICS = [load(path, Rubric) for path in sorted((Path(__file__).parents[3] / "include/judges/rubrics").glob("*.yaml"))]
ASKED = Interaction("a", AT, AT, "p", "prod", "When?", "At nine.", retrieved_contexts=("It opens at nine.",))


class Flat:
    """A dollar a call, except for models that nobody knows."""

    def price(self, provider: str | None, model: str | None, usage: Usage, at: datetime) -> Decimal | None:
        return Decimal(1) if model == "m" else None


def expected(*interactions: Interaction, model: str = "m") -> Estimate:
    return estimate(interactions, RUBRICS, Flat(), provider="openai", model=model, at=AT)


@pytest.mark.parametrize(
    ("interaction", "calls"),
    [
        (ASKED, 4),
        (replace(ASKED, retrieved_contexts=()), 2),
        (replace(ASKED, response=""), 0),
        (replace(ASKED, error_type="timeout"), 0),
    ],
)
async def test_as_many_calls_are_expected_as_are_made(interaction: Interaction, calls: int) -> None:
    model = FakeModel()
    bench = model_bench(RUBRICS, model, MemoryLedger(), Flat(), now=lambda: AT)
    for judge in bench.judges:
        await judge.score(interaction)
    assert expected(interaction).calls == len(model.requests) == calls


async def test_the_tokens_are_those_of_the_prompts() -> None:
    model = FakeModel()
    long = replace(ASKED, retrieved_contexts=("It opens at nine. " * 300,))
    for judge in model_bench(RUBRICS, model, MemoryLedger(), Flat(), now=lambda: AT).judges:
        await judge.score(long)
    characters = sum(len(message.content) for request in model.requests for message in request.messages)
    assert expected(long).usage.input_tokens == pytest.approx(characters / 4, rel=0.1)


def test_the_cost_is_the_sum_and_unknown_where_the_price_is() -> None:
    assert expected(ASKED, ASKED).cost == Decimal(8)
    assert expected(ASKED, model="unheard-of").cost is None


def test_it_reads_as_a_sentence() -> None:
    told = Estimate(3, 12, Usage(4567, 890), Decimal("0.012"))
    assert str(told) == "3 interactions, 12 calls, about 4,567 input and 890 output tokens, about 0.01 USD"
    assert "an unknown price" in str(replace(told, cost=None))

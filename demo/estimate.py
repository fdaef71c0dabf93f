"""A judge and a number of interactions go in; which share of the world that is and what it will cost come out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from include.adapters.prices import GenaiPrices
from include.domain.score import Usage
from include.settings import JudgeSettings

WORLD = 20_000
CALLS = 4
"""Per interaction: correctness, professionalism, and two of RAGAS's faithfulness."""
TOKENS_OF_A_CALL = Usage(input_tokens=1_100, output_tokens=220)
"""About what the shipped rubrics and RAGAS's prompts need with an interaction of the demo's length."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """Which share of the interactions is judged, and what to expect, in words."""

    share: float
    sentence: str


def estimate(judge: JudgeSettings, sample: int) -> Estimate:
    """What judging about `sample` interactions of the world takes; the offline judge takes all of them for nothing."""
    if judge.backend == "offline":
        return Estimate(1.0, "no calls")
    calls = sample * CALLS
    one = GenaiPrices().price(judge.provider, judge.model, TOKENS_OF_A_CALL, datetime.now(UTC))
    cost = "at a price that nobody knows" if one is None else f"about ${one * calls:,.2f}"
    share = min(1.0, sample / WORLD)
    return Estimate(
        share, f"about {sample:,} interactions ({share:.1%}), {calls:,} calls, {cost}; rules that need more say NoData"
    )

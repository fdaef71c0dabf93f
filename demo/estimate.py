"""A world and a judge go in; what judging a sample of the world will take comes out, in words."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from demo.world import World, generate
from include.adapters.llm import client_for
from include.adapters.prices import GenaiPrices
from include.adapters.yaml_file import load
from include.domain.interaction import Interaction, Turn
from include.ingest.sample import is_sampled
from include.judges.build import model_bench
from include.judges.estimate import estimate
from include.judges.ledger import MemoryLedger
from include.judges.rubric import Rubric
from include.settings import STAGES, JudgeSettings

ROWS = 20_000
"""About how many interactions a world holds."""


def share_of(judge: JudgeSettings, sample: int) -> float:
    """The share of a world that makes about `sample` interactions; the offline judge takes all for nothing."""
    return 1.0 if judge.backend == "offline" else min(1.0, sample / ROWS)


def expectation(world: World, judge: JudgeSettings, share: float) -> str:
    """How many calls and how much money this judge will take for that share of the world."""
    rubrics = [load(path, Rubric) for path in sorted((STAGES / "judges/rubrics").glob("*.yaml"))]
    prices, now = GenaiPrices(), datetime.now(UTC)
    bench = model_bench(rubrics, client_for(judge), MemoryLedger(), prices, now=lambda: now)
    found = estimate(_sampled(world, share), bench.of, prices, at=now)
    return f"a sample of {share:.1%}: {found}; rules that need more say NoData"


def _sampled(world: World, share: float) -> Iterator[Interaction]:
    for row, truth in generate(world):
        if truth.defect != "corrupt" and row["interaction_id"] and is_sampled(row["interaction_id"], share):
            yield Interaction(
                interaction_id=row["interaction_id"],
                logged_at=row["logged_at"],
                occurred_at=row["occurred_at"],
                project=row["project"],
                environment=row["environment"],
                user_input=row["user_input"] or "",
                response=row["response"] or "",
                retrieved_contexts=tuple(row["retrieved_contexts"]),
                reference=row["reference"],
                history=tuple(Turn(turn["role"], turn["content"]) for turn in row["history"]),
                error_type=row["error_type"],
            )

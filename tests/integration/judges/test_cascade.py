"""A cascade and a panel with a real store: what is kept, and that a second run pays nothing and says the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from math import log
from typing import Any

import psycopg
import pytest

from include.adapters.postgres import connect
from include.adapters.postgres.judge_calls import JudgeCalls
from include.adapters.postgres.scores import Scores
from include.domain.llm import LLMReply, LLMRequest
from include.domain.run import Epochs
from include.domain.score import Outcome, digest
from include.judges.build import Bench
from include.judges.pool import run_pool
from tests.fakes.llm import FakeModel, reply
from tests.integration.judges.stage import AT, RUN, fill
from tests.unit.judges.bench import bench, escalating

COUNT = 40
ROWS = """SELECT interaction_id, value, explanation, members, disagreement, input_tokens, cost FROM assay.scores
          ORDER BY interaction_id, dimension"""


class Moody(FakeModel):
    """Gives a point and a probability that depend on the question alone."""

    async def complete(self, request: LLMRequest) -> LLMReply:
        self.requests.append(request)
        lot = int(digest([self.model, request.messages[1].content])[:8], 16)
        said = reply(f'{{"reasoning": "So it is.", "score": {lot % 5 + 1}}}')
        tail = ((f" {lot % 5 + 1}", log(0.5 + lot % 50 / 100)), ("}", 0.0)) if request.logprobs else ()
        return replace(said, tail=tail)


def hired(calling: psycopg.Connection, **judging: object) -> tuple[Bench, list[Moody]]:
    models = {name: Moody() for name in ("main", "second", "third")}
    for name, one in models.items():
        one.model = name
    rubric = escalating(scores=[3], probability=0.7, at_most=0.3, expected=0.6)
    return bench([rubric], dict(models), JudgeCalls(calling), **judging), list(models.values())


def score(dsn: str, **judging: object) -> int:
    """Scores all of the window by one rubric, and returns how many calls were made."""
    with connect(dsn) as calling, connect(dsn) as reading, connect(dsn) as writing:
        found, models = hired(calling, **judging)
        judge = found.of("")[0]
        epochs = Epochs({"": {judge.epoch.dimension: judge.epoch.id}})

        def save(outcomes: Sequence[Outcome]) -> None:
            Scores(writing).save(outcomes, datetime.now(UTC))
            writing.commit()

        Scores(writing).register([judge.epoch], AT)
        writing.commit()
        (shard,) = Scores(reading).plan(RUN, epochs, 10_000, AT, 5)
        counts = run_pool(Scores(reading).pending(shard, epochs, 5), [judge], save, 8, found.shared)
        assert (counts.scored, counts.failed) == (COUNT, 0)
        return sum(len(model.requests) for model in models)


def rows(dsn: str) -> list[tuple[Any, ...]]:
    with connect(dsn) as connection:
        return connection.execute(ROWS).fetchall()


@pytest.mark.parametrize("judging", [{"strong": "second"}, {"panel": ["main", "second", "third"]}])
def test_a_second_run_pays_nothing_and_says_the_same(store_dsn: str, judging: dict[str, object]) -> None:
    with connect(store_dsn) as connection:
        fill(connection, COUNT)
    calls = score(store_dsn, **judging)
    first = rows(store_dsn)
    opinions = [len(row[3]) for row in first]
    assert calls == sum(opinions)  # every opinion was paid for once, and kept
    if "strong" in judging:
        assert 0 < opinions.count(2) < COUNT
        assert opinions.count(1) + opinions.count(2) == COUNT
    else:
        assert set(opinions) == {3}
    assert all((row[4] is None) is (len(row[3]) == 1) for row in first)
    assert all(row[5] == 100 * len(row[3]) for row in first)
    with connect(store_dsn) as connection:
        connection.execute("TRUNCATE assay.scores")
    assert score(store_dsn, **judging) == 0
    assert rows(store_dsn) == first
    with connect(store_dsn) as connection:  # what the ledger spared the second run is on record
        assert connection.execute("SELECT sum(hits) FROM assay.judge_cache_daily").fetchone() == (calls,)

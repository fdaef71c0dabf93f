"""A shard judged through batches as the pipeline does it, step by step: what dies at any boundary can be started again.

`python -m tests.integration.judges.batch_stage DSN URL BOUNDARY` goes through the steps and kills itself at that one.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from include.adapters.llm import AnthropicClient, ModelClient, OpenAIClient, anthropic, openai
from include.adapters.llm.batches_anthropic import AnthropicBatches
from include.adapters.llm.batches_openai import OpenAIBatches
from include.adapters.postgres import connect
from include.adapters.postgres.judge_batches import JudgeBatches
from include.adapters.postgres.judge_calls import JudgeCalls
from include.adapters.postgres.scores import Scores
from include.adapters.prices import GenaiPrices
from include.domain.batch import Batch, BatchStatus
from include.domain.interaction import Interaction, Window
from include.domain.llm import CallPurpose, ChatMessage, LLMReply, LLMRequest
from include.domain.ports import Judge
from include.domain.run import Epochs, Run
from include.domain.score import Epoch, FailureType, Outcome, Score, ScoreFailure, ScoreSource
from include.errors import JudgeError
from include.judges.batch import SETTLING, BatchDesk
from include.judges.calls import Calls
from include.judges.ledger import LedgerDesk
from include.judges.pool import Counts, run_pool
from include.judges.rubric import SCHEMA, verdict
from include.judges.wanted import Notebook, Patience
from tests.fakes.batch_server import KEY

AT = datetime(2026, 11, 20, tzinfo=UTC)
DAY = timedelta(days=1)
RUN = Run("native", Window(AT, AT + DAY), live=False)
BOUNDARIES = ("before intent", "after intent", "after admission", "after sending", "before collecting", "mid-collect")

Reach = Callable[[str], None]


class Died(BaseException):
    """What a process that is killed looks like from inside."""


def nowhere(boundary: str) -> None:
    """Dies at no boundary."""


def dies_at(fatal: str) -> Reach:
    """Dies once, at that boundary."""
    left = [fatal]

    def reach(boundary: str) -> None:
        if boundary in left:
            left.remove(boundary)
            raise Died(boundary)

    return reach


def _kills_at(fatal: str) -> Reach:
    def reach(boundary: str) -> None:
        if boundary == fatal:
            os.kill(os.getpid(), signal.SIGKILL)

    return reach


class _Book(JudgeBatches):
    reach: Reach = staticmethod(nowhere)

    def intend(self, batch: Batch) -> None:
        self.reach("before intent")
        super().intend(batch)
        self.reach("after intent")

    def submitted(self, batch_key: str, batch_id: str, now: datetime) -> None:
        self.reach("after sending")
        super().submitted(batch_key, batch_id, now)

    def end(self, batch_key: str, status: BatchStatus, now: datetime, *, replies: int = 0, note: str = "") -> None:
        self.reach("mid-collect")
        super().end(batch_key, status, now, replies=replies, note=note)


class _Dying:
    reach: Reach = staticmethod(nowhere)

    async def send(self, batch_key: str, lines: Sequence[bytes]) -> str:
        self.reach("after admission")
        return await super().send(batch_key, lines)  # type: ignore[misc, no-any-return]

    async def replies(self, batch_id: str) -> AsyncGenerator[tuple[str, LLMReply | str], None]:
        self.reach("before collecting")
        async for told in super().replies(batch_id):  # type: ignore[misc]
            yield told


class _OpenAI(_Dying, OpenAIBatches):
    pass


class _Anthropic(_Dying, AnthropicBatches):
    pass


MODELS = {"openai": "gpt-4o-mini", "anthropic": "claude-sonnet-4-5"}


async def at_once(_: float) -> None:
    """Pauses no second."""


def office(vendor: str, url: str) -> _OpenAI | _Anthropic:
    """Takes batches at that address."""
    of, kind = (anthropic, _Anthropic) if vendor == "anthropic" else (openai, _OpenAI)
    model = MODELS[vendor]
    spoken = of.speech(url, KEY, of.dialect_of(model))  # type: ignore[attr-defined]
    return kind(spoken, model, KEY, vendor, timeout_s=20, sleep=at_once)


@dataclass
class Stage:
    """One worker on one shard; `late` is how far its clock is ahead, `reach` what happens at boundaries."""

    dsn: str
    url: str
    late: timedelta = timedelta()
    reach: Reach = field(default=nowhere)
    vendor: str = "openai"

    def now(self) -> datetime:
        return datetime.now(UTC) + self.late

    def wait_until_settled(self) -> None:
        """As long as a batch may take to show."""
        self.late += SETTLING

    def submit(self) -> list[str]:
        """Note what the judges want called and send it; returns the batches to wait for."""
        notebook = Notebook()
        with connect(self.dsn) as calling, connect(self.dsn) as reading:
            ledger = JudgeCalls(calling)
            self._judge(reading, ledger, notebook.calls, lambda outcomes: None)
        return self._at_desk(lambda desk: desk.submit(notebook.wanted, RUN.run_id, self.now() + DAY))

    def collect(self, batch_keys: Collection[str]) -> list[str]:
        """Record what has ended; returns the batches still under way."""
        return self._at_desk(lambda desk: desk.collect(batch_keys))

    def has_news(self, batch_keys: Collection[str]) -> bool:
        return self._at_desk(lambda desk: desk.has_news(batch_keys))

    def round(self) -> int:
        """Submit, wait and collect; returns how many batches there were."""
        keys = self.submit()
        while keys and not self.has_news(keys):
            self.late += timedelta(minutes=1)
        assert self.collect(keys) == []
        return len(keys)

    def score(self) -> Counts:
        """Score the shard: what is on record costs nothing, what is not and waits in no batch is called live."""
        with (
            connect(self.dsn) as calling,
            connect(self.dsn) as batching,
            connect(self.dsn) as reading,
            connect(self.dsn) as writing,
        ):
            patience = Patience(JudgeCalls(calling), JudgeBatches(batching))

            def save(outcomes: Sequence[Outcome]) -> None:
                Scores(writing).save(outcomes, AT)
                writing.commit()

            return self._judge(reading, patience, patience.calls, save)

    def whole(self) -> Counts:
        """All of it, as the DAG does it."""
        while self.round():
            pass
        return self.score()

    def _judge(self, reading: Any, ledger: Any, make: Callable[..., Calls], save: Callable[..., None]) -> Counts:
        kind = AnthropicClient if self.vendor == "anthropic" else OpenAIClient
        client = kind(self.url, MODELS[self.vendor], KEY, concurrency=8)
        desk = LedgerDesk(ledger)
        judges = _judges(make(client, desk, GenaiPrices(), self.now))
        epochs = Epochs({"": {judge.epoch.dimension: judge.epoch.id for judge in judges}})
        shards = Scores(reading).plan(RUN, epochs, 10_000, AT, 5)
        if not shards:
            return Counts()
        work = Scores(reading).pending(shards[0], epochs, 5)
        return run_pool(work, judges, save, 16, _opened(client, desk))

    def _at_desk(self, do: Callable[[BatchDesk], Awaitable[Any]]) -> Any:
        async def at_desk() -> Any:
            async with AsyncExitStack() as stack:
                room = await stack.enter_async_context(office(self.vendor, self.url))
                book = _Book(batching)
                room.reach = book.reach = self.reach  # type: ignore[method-assign]
                offices = {(room.endpoint, room.model): room}
                return await do(BatchDesk(offices, JudgeCalls(calling), book, GenaiPrices(), self.now))

        with connect(self.dsn) as calling, connect(self.dsn) as batching:
            return asyncio.run(at_desk())


class TwoStepJudge:
    """Asks once, or a second time about the first answer, as RAGAS does."""

    def __init__(self, dimension: str, calls: Calls, steps: int) -> None:
        self.epoch = Epoch(dimension, ScoreSource.LLM_JUDGE, f"{dimension} judge", {"steps": steps})
        self._calls, self._steps = calls, steps

    async def score(self, interaction: Interaction) -> Outcome:
        about = (interaction.interaction_id, interaction.logged_at, self.epoch.dimension)
        purpose = CallPurpose(interaction.project, self.epoch.dimension, self.epoch.judge)
        said, cost = f"{self.epoch.dimension}: {interaction.response}", Decimal(0)
        try:
            for _ in range(self._steps):
                message = ChatMessage("user", said)
                request = LLMRequest((message,), "verdict", SCHEMA, 0.1, 64)
                answer = await self._calls.ask(request, purpose, verdict)
                said, cost = f"{said} {answer.value}", cost + (answer.bill.cost or 0)
        except JudgeError as error:
            told = (FailureType(error.error_type), str(error), error.retryable, self.epoch.source, self.epoch.id)
            return ScoreFailure(*about, *told)
        value = answer.value.score / 5
        return Score(*about, value, said, self.epoch.source, self.epoch.id, answer.bill.usage, cost)


def _judges(calls: Calls) -> tuple[Judge, ...]:
    return (
        TwoStepJudge("correctness", calls, 1),
        TwoStepJudge("faithfulness", calls, 2),
        TwoStepJudge("professionalism", calls, 1),
    )


class _opened(AsyncExitStack):  # noqa: N801
    def __init__(self, client: ModelClient, desk: LedgerDesk) -> None:
        super().__init__()
        self._client, self._desk = client, desk

    async def __aenter__(self) -> AsyncExitStack:
        await self.enter_async_context(self._client)
        self.push_async_callback(self._desk.close)
        return self


if __name__ == "__main__":
    Stage(sys.argv[1], sys.argv[2], reach=_kills_at(sys.argv[3])).whole()

"""Rubrics and, if there is one, a language model go in; the judges of all dimensions come out."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from include.domain.ports import CallLedger, Judge, LLMClient, PriceBook
from include.judges.calls import Calls
from include.judges.ledger import LedgerDesk
from include.judges.offline_judge import SCORERS, OfflineJudge
from include.judges.ragas_scorers import RagasFaithfulness, prepare
from include.judges.rubric import Rubric
from include.judges.rubric_judge import RubricJudge


@dataclass(frozen=True, slots=True)
class Bench:
    """The judges of all dimensions, and what they share: to be entered, once, in the event loop that they work in."""

    judges: tuple[Judge, ...]
    shared: AbstractAsyncContextManager[object]


class OpenedClient(LLMClient, AbstractAsyncContextManager[object], Protocol):
    """A client that has to be opened."""


def offline_judges() -> tuple[Judge, ...]:
    """The stand-ins that need neither key nor network."""
    return tuple(OfflineJudge(dimension) for dimension in SCORERS)


def offline_bench() -> Bench:
    """The same, as a bench on which nothing is shared."""
    return Bench(offline_judges(), nullcontext())


def model_bench(
    rubrics: Sequence[Rubric],
    client: OpenedClient,
    ledger: CallLedger,
    prices: PriceBook,
    *,
    now: Callable[[], datetime],
    temperature: float = 0.1,
    max_output_tokens: int = 1024,
    secret: bytes = b"",
) -> Bench:
    """A judge for each rubric, and RAGAS's faithfulness at `temperature`; all share client and ledger.

    `secret` is the installation's, for the fences around logged text. It should stay: other fences make other
    requests, which the ledger does not know.
    """
    desk = LedgerDesk(ledger)
    calls = Calls(client, desk, prices, now)
    by_rubric = [RubricJudge(rubric, calls, max_output_tokens=max_output_tokens, secret=secret) for rubric in rubrics]
    ragas = RagasFaithfulness(calls, temperature=temperature, max_output_tokens=max_output_tokens, secret=secret)
    return Bench((*by_rubric, ragas), _open(client, desk))


@asynccontextmanager
async def _open(client: OpenedClient, desk: LedgerDesk) -> AsyncIterator[None]:
    prepare()  # before the first call: an import of seconds would hold up all that are under way
    async with client:
        try:
            yield
        finally:
            await desk.close()

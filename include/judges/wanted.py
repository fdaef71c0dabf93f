"""How judges call where a batch is to be made, or is under way: calls are noted and not made, or left to the batch.

Either way the judge hears that its call is postponed, which a retry mends.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from include.domain.batch import WantedCall
from include.domain.cost import Spend
from include.domain.interaction import Interaction
from include.domain.llm import CallPurpose, JudgeCall, LLMReply, LLMRequest, SparedCall
from include.domain.ports import CallLedger, Judge, LLMClient, PriceBook
from include.domain.score import Epoch, FailureType, Outcome, ScoreFailure
from include.errors import JudgeError
from include.judges.calls import Calls
from include.judges.ledger import LedgerDesk

Address = tuple[str, str]
"""Endpoint and model."""


class Notebook:
    """Every call that judges wanted made and that is not on record, by who would answer it."""

    def __init__(self) -> None:
        self.wanted: defaultdict[Address, dict[str, WantedCall]] = defaultdict(dict)

    def calls(self, client: LLMClient, desk: LedgerDesk, prices: PriceBook, now: Callable[[], datetime]) -> Calls:
        """Calls that are noted here instead of being made."""
        return _Noted(self, client, desk, prices, now)


class _Noted(Calls):
    def __init__(
        self,
        notebook: Notebook,
        client: LLMClient,
        desk: LedgerDesk,
        prices: PriceBook,
        now: Callable[[], datetime],
    ) -> None:
        super().__init__(client, desk, prices, now)
        self._calls = notebook.wanted[client.endpoint, client.model]

    async def _reply(self, key: str, request: LLMRequest, purpose: CallPurpose) -> LLMReply:
        self._calls[key] = WantedCall(key, request, purpose)
        raise _put_off(FailureType.POSTPONED, "noted for a batch")

    def _spare(self, call: JudgeCall, purpose: CallPurpose) -> None:
        """Nothing is spared by looking what is wanted."""


class Waiting(Protocol):
    """Where it is known which requests wait in a batch."""

    def waiting(self, keys: Collection[str]) -> Mapping[str, str]:
        """Which of the requests wait in a batch that is under way, and in which."""
        ...


class Patience:
    """A call ledger for calls that are made at once, except those that wait in a batch.

    Whether one does is asked while its claim is held. Since a batch claims its requests before it takes them, a
    request is either called or in a batch, and never both. Without a `book` there are no batches.
    """

    def __init__(self, ledger: CallLedger, book: Waiting | None) -> None:
        self._ledger, self._book = ledger, book
        self._in_batch: dict[str, str] = {}

    def claim(self, keys: Sequence[str]) -> dict[str, JudgeCall | None]:
        """See `CallLedger`."""
        found = self._ledger.claim(keys)
        if self._book and (ours := [key for key, call in found.items() if call is None]):
            self._in_batch.update(self._book.waiting(ours))
        return found

    def record(self, calls: Sequence[JudgeCall]) -> None:
        """See `CallLedger`."""
        self._ledger.record(calls)

    def release(self, keys: Sequence[str]) -> None:
        """See `CallLedger`."""
        self._ledger.release(keys)

    def spared(self, calls: Mapping[SparedCall, Spend]) -> None:
        """See `CallLedger`."""
        self._ledger.spared(calls)

    def calls(self, client: LLMClient, desk: LedgerDesk, prices: PriceBook, now: Callable[[], datetime]) -> Calls:
        """Calls through this ledger; `desk` serves it."""
        return _Patient(self._in_batch, client, desk, prices, now)


class _Patient(Calls):
    def __init__(
        self,
        in_batch: dict[str, str],
        client: LLMClient,
        desk: LedgerDesk,
        prices: PriceBook,
        now: Callable[[], datetime],
    ) -> None:
        super().__init__(client, desk, prices, now)
        self._in_batch = in_batch

    async def _reply(self, key: str, request: LLMRequest, purpose: CallPurpose) -> LLMReply:
        if batch_key := self._in_batch.pop(key, None):
            raise _put_off(FailureType.IN_BATCH, f"it waits in batch {batch_key[:12]}")
        return await super()._reply(key, request, purpose)


class DelayedJudge:
    """A judge that puts off the projects that may be judged late; `may_wait` tells them by name."""

    def __init__(self, judge: Judge, may_wait: Callable[[str], bool]) -> None:
        self._judge, self._may_wait = judge, may_wait

    @property
    def epoch(self) -> Epoch:
        """See `Judge`."""
        return self._judge.epoch

    async def score(self, interaction: Interaction) -> Outcome:
        """See `Judge`."""
        if not self._may_wait(interaction.project):
            return await self._judge.score(interaction)
        return ScoreFailure(
            interaction_id=interaction.interaction_id,
            logged_at=interaction.logged_at,
            dimension=self.epoch.dimension,
            error_type=FailureType.POSTPONED,
            message=f"project {interaction.project} may wait for a batch",
            retryable=True,
            source=self.epoch.source,
            epoch=self.epoch.id,
        )


def _put_off(kind: FailureType, why: str) -> JudgeError:
    return JudgeError(f"judge call put off: {why}", error_type=kind.value, retryable=True)

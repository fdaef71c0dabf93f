"""Claims and records of single calls go in from coroutines; batches go to the call ledger, in a thread of its own."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from include.domain.cost import Spend
from include.domain.llm import JudgeCall, SparedCall
from include.domain.ports import CallLedger

GATHER_S = 0.025
"""A batch costs a millisecond of CPU whatever it holds; to a call, which takes many times as long, this is nothing."""


class MemoryLedger:
    """A call ledger for one process that forgets the oldest of more than `limit` calls."""

    def __init__(self, limit: int = 10_000) -> None:
        self._limit = limit
        self._calls: OrderedDict[str, JudgeCall] = OrderedDict()

    def claim(self, keys: Sequence[str]) -> dict[str, JudgeCall | None]:
        """See `CallLedger`; there is no other worker."""
        return {key: self._calls.get(key) for key in keys}

    def record(self, calls: Sequence[JudgeCall]) -> None:
        """See `CallLedger`."""
        for call in calls:
            self._calls[call.key] = call
        while len(self._calls) > self._limit:
            self._calls.popitem(last=False)

    def release(self, keys: Sequence[str]) -> None:
        """See `CallLedger`."""

    def spared(self, calls: Mapping[SparedCall, Spend]) -> None:
        """See `CallLedger`; nobody asks for it."""


@dataclass
class _Batch:
    claims: dict[str, asyncio.Future[JudgeCall | None]] = field(default_factory=dict)
    records: list[tuple[JudgeCall, asyncio.Future[None]]] = field(default_factory=list)
    releases: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.claims or self.records or self.releases)

    def futures(self) -> list[asyncio.Future[JudgeCall | None] | asyncio.Future[None]]:
        return [*self.claims.values(), *(future for _, future in self.records)]


class LedgerDesk:
    """Serves coroutines: what arrives within `GATHER_S`, or while a batch is being written, makes the next one.

    So a thousand calls at a time cost hardly more than one. For a ledger in memory nothing is gathered.
    """

    def __init__(self, ledger: CallLedger, *, poll_s: float = 0.2) -> None:
        self._ledger = ledger
        self._poll_s = poll_s
        self._gather_s = 0.0 if isinstance(ledger, MemoryLedger) else GATHER_S
        self._next = _Batch()
        self._service: asyncio.Task[None] | None = None
        self._spared: defaultdict[SparedCall, Spend] = defaultdict(Spend)

    async def claim(self, key: str) -> JudgeCall | None:
        """What is on record, or None for whoever shall call now; waits while another worker does. One at a time."""
        while True:
            future: asyncio.Future[JudgeCall | None] = asyncio.get_running_loop().create_future()
            self._next.claims[key] = future
            self._serve()
            try:
                return await future
            except BusyElsewhere:
                await asyncio.sleep(self._poll_s)

    async def record(self, call: JudgeCall) -> None:
        """Returns once the call is kept for good."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._next.records.append((call, future))
        self._serve()
        await future

    def release(self, key: str) -> None:
        """Ends a claim soon."""
        self._next.releases.append(key)
        self._serve()

    def spare(self, spared: SparedCall, cost: Decimal | None) -> None:
        """Count a call that was not made, with what it had cost in USD; kept when the desk closes, lost in a kill."""
        self._spared[spared] += Spend(1, int(cost is None), cost or Decimal(0))

    async def close(self) -> None:
        """Returns once everything is written."""
        while self._service and not self._service.done():
            await self._service
        if self._spared:
            spared, self._spared = self._spared, defaultdict(Spend)
            await asyncio.to_thread(self._ledger.spared, spared)

    def _serve(self) -> None:
        if self._service is None or self._service.done():
            self._service = asyncio.create_task(self._work())

    async def _work(self) -> None:
        while self._next:
            await asyncio.sleep(self._gather_s)
            batch, self._next = self._next, _Batch()
            try:
                found = await asyncio.to_thread(self._write, batch)
            except Exception as error:  # who waits for it decides what it means
                _settle_all(batch, error)
            else:
                self._next.releases += _settle(batch, found)

    def _write(self, batch: _Batch) -> dict[str, JudgeCall | None]:
        if batch.records:
            self._ledger.record([call for call, _ in batch.records])
        if batch.releases:
            self._ledger.release(batch.releases)
        return self._ledger.claim(list(batch.claims)) if batch.claims else {}


class BusyElsewhere(Exception):
    """Another worker is making this call."""


def _settle(batch: _Batch, found: dict[str, JudgeCall | None]) -> list[str]:
    """Tells everybody who waits; returns the keys that were claimed for somebody who has left."""
    abandoned = []
    for _, recorded in batch.records:
        if not recorded.done():
            recorded.set_result(None)
    for key, claimed in batch.claims.items():
        if claimed.done():
            abandoned += [key] if found.get(key, ...) is None else []
        elif key in found:
            claimed.set_result(found[key])
        else:
            claimed.set_exception(BusyElsewhere(key))
    return abandoned


def _settle_all(batch: _Batch, error: Exception) -> None:
    for future in batch.futures():
        if not future.done():
            future.set_exception(error)

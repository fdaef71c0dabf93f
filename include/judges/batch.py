"""Calls that judges want made go in, providers' batches are made of them; their replies come out in the call ledger.

Batches only fill the ledger beforehand: scoring afterwards finds there what came back and calls the rest live, so that
no score depends on them. A crash at any step is healed by whoever looks at the batch next: a batch is sent only after
its intent is on record, and is looked for at the provider before its requests go into another.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, aclosing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import islice
from typing import Protocol, TypeVar

from include.domain.batch import Batch, BatchStatus, WantedCall, Whereabouts
from include.domain.llm import REFUSED, TRUNCATED, CallMode, CallPurpose, JudgeCall, LLMReply
from include.domain.ports import CallLedger, PriceBook
from include.domain.price import BillableCall, Price
from include.domain.score import FailureType, Usage, digest
from include.errors import JudgeError, JudgeMisconfigured
from include.judges.estimate import tokens
from include.judges.examiner import VERDICT_CHARACTERS
from include.judges.wanted import Address, Waiting

T = TypeVar("T")

CHUNK = 500
"""How many requests are claimed, or replies recorded, at once: claims are locks, and Postgres has some thousands."""

SETTLING = timedelta(minutes=2)
"""How long a batch may take to show at its provider after its sender died."""

GRACE = timedelta(hours=1)
"""How long a batch that was cancelled may take to end; providers speak of ten minutes."""

log = logging.getLogger(__name__)


class BatchOffice(Protocol):
    """Takes batches for one model at one endpoint.

    Raises `JudgeError` where it does not answer as it should, `LookupError` where it knows of no such thing.
    """

    endpoint: str
    model: str
    provider: str
    most_requests: int
    most_bytes: int
    price_share: Decimal

    def line(self, call: WantedCall) -> bytes:
        """What the call adds to a batch."""
        ...

    async def send(self, batch_key: str, lines: Sequence[bytes]) -> str:
        """The id of a new batch; it may exist after an error that is retryable."""
        ...

    async def find(self, batch: Batch, keys: Collection[str]) -> str | Whereabouts:
        """The id of a batch that may have been sent."""
        ...

    async def ended(self, batch_id: str) -> str | None:
        """How the batch ended, or None while it is under way."""
        ...

    async def cancel(self, batch_id: str) -> None:
        """Have a batch that is under way end soon."""
        ...

    def replies(self, batch_id: str) -> AsyncGenerator[tuple[str, LLMReply | str], None]:
        """Key and reply of each request, or why there is none, in any order."""
        ...


class BatchBook(Waiting, Protocol):
    """What is known of batches; durable when a method returns."""

    def hold(self, batch_key: str) -> AbstractContextManager[bool]:
        """Keep everybody else from the batch; False where somebody else does. It ends with its holder."""
        ...

    def intend(self, batch: Batch) -> None:
        """Note that a batch will be sent, as yet without requests."""
        ...

    def admit(self, batch_key: str, calls: Sequence[WantedCall]) -> set[str]:
        """Put calls into an intended batch; returns the keys of those that wait in no other."""
        ...

    def submitted(self, batch_key: str, batch_id: str, now: datetime) -> None:
        """Note what the provider calls the batch."""
        ...

    def end(self, batch_key: str, status: BatchStatus, now: datetime, *, replies: int = 0, note: str = "") -> None:
        """Note that nothing more comes of the batch; its requests are free again."""
        ...

    def under_way(self, batch_keys: Collection[str]) -> list[Batch]:
        """Those of the batches that are under way."""
        ...

    def forgotten(self, before: datetime) -> list[Batch]:
        """Batches under way for which nobody waits: due before `before`, or without a request that is not on record."""
        ...

    def purposes(self, batch_key: str) -> Mapping[str, CallPurpose]:
        """For whom and what each request of a batch under way is made."""
        ...


@dataclass(frozen=True, slots=True)
class BatchDesk:
    """Sends batches and fetches their replies; `now` gives aware datetimes. The offices are open."""

    offices: Mapping[Address, BatchOffice]
    ledger: CallLedger
    book: BatchBook
    prices: PriceBook
    now: Callable[[], datetime]

    async def submit(
        self, wanted: Mapping[Address, Mapping[str, WantedCall]], run_id: str, due_at: datetime
    ) -> list[str]:
        """Send what waits in no batch yet; returns the keys of all batches, anybody's, in which wanted calls wait.

        Raises `JudgeMisconfigured`. Any other refusal leaves the calls to be made live.
        """
        # Batches whose task is gone would keep their requests for ever.
        await self.collect([batch.batch_key for batch in self.book.forgotten(self.now() - GRACE)])
        for address, calls in wanted.items():
            if office := self.offices.get(address):
                waiting = self._waiting(calls)
                free = [call for key, call in sorted(calls.items()) if key not in waiting]
                for part in _parts(free, office):
                    await self._send(office, part, run_id, due_at)
        return sorted({batch_key for calls in wanted.values() for batch_key in self._waiting(calls).values()})

    async def collect(self, batch_keys: Collection[str]) -> list[str]:
        """Record the replies of what has ended, cancel what is due; returns the keys of batches still under way."""
        left = []
        for batch_key in batch_keys:
            with self.book.hold(batch_key) as ours:
                batches = self.book.under_way([batch_key])  # seen only now: another holder may have ended it
                if batches and not (ours and await self._is_over(batches[0])):
                    left.append(batch_key)
        return left

    async def has_news(self, batch_keys: Collection[str]) -> bool:
        """Whether all of the batches have ended, or have turned out not to exist."""
        for batch in self.book.under_way(batch_keys):
            office = self.offices.get((batch.endpoint, batch.model))
            try:
                if office and not await self._has_ended(office, batch):
                    return False
            except JudgeMisconfigured:
                return True  # the task that collects will say so
            except JudgeError as error:
                log.warning("batch %s: %s", batch.batch_key[:12], error)
                return False
        return True

    async def _has_ended(self, office: BatchOffice, batch: Batch) -> bool:
        found = batch.batch_id or await self._find(office, batch)
        if isinstance(found, Whereabouts):
            return found is Whereabouts.ABSENT
        return await office.ended(found) is not None

    async def _send(
        self, office: BatchOffice, part: Sequence[tuple[WantedCall, bytes]], run_id: str, due_at: datetime
    ) -> None:
        now = self.now()
        batch_key = digest([now.isoformat(), *(call.key for call, _ in part)])
        with self.book.hold(batch_key):
            self.book.intend(Batch(batch_key, office.endpoint, office.model, run_id, BatchStatus.INTENDED, now, due_at))
            admitted = self._admit(batch_key, [self._priced(office, call) for call, _ in part])
            if not admitted:
                self.book.end(batch_key, BatchStatus.GIVEN_UP, now, note="all are called elsewhere")
                return
            try:
                batch_id = await office.send(batch_key, [line for call, line in part if call.key in admitted])
            except JudgeError as error:
                log.warning("batch %s: %s", batch_key[:12], error)
                if not error.retryable or error.error_type == FailureType.RATE_LIMITED.value:
                    self.book.end(batch_key, BatchStatus.GIVEN_UP, self.now(), note=str(error))
                if isinstance(error, JudgeMisconfigured):
                    raise
                return  # where it is unclear whether it arrived, whoever collects looks for it
            self.book.submitted(batch_key, batch_id, self.now())

    def _priced(self, office: BatchOffice, call: WantedCall) -> WantedCall:
        asked = sum(len(message.content) for message in call.request.messages)
        usage = Usage(tokens(asked), tokens(VERDICT_CHARACTERS))
        price = self._price(office, office.model, usage, call.purpose)
        return replace(call, expected=price.usd if price else None)

    def _price(self, office: BatchOffice, model: str, usage: Usage | None, purpose: CallPurpose) -> Price | None:
        share = office.price_share
        call = BillableCall(office.provider, model, usage, self.now(), purpose.project, batch_share=share)
        return self.prices.price(call)

    def _admit(self, batch_key: str, calls: Iterable[WantedCall]) -> set[str]:
        """Takes calls that are neither on record nor being made; meanwhile claims keep others from making them."""
        admitted: set[str] = set()
        for chunk in _chunks(calls, CHUNK):
            found = self.ledger.claim([call.key for call in chunk])
            ours = [call for call in chunk if found.get(call.key, ...) is None]
            try:
                admitted |= self.book.admit(batch_key, ours)
            finally:
                self.ledger.release([call.key for call in ours])
        return admitted

    async def _is_over(self, batch: Batch) -> bool:
        office = self.offices.get((batch.endpoint, batch.model))
        if office is None:
            return self._give_up(batch, "no judge asks this model any more")
        try:
            found = batch.batch_id or await self._find(office, batch)
            if found is Whereabouts.ABSENT:
                return self._give_up(batch, "it never arrived")
            if not isinstance(found, Whereabouts):
                if how := await office.ended(found):
                    replies, complaint = await self._record(office, batch, found)
                    note = f"{how}: {complaint}" if complaint else how
                    self.book.end(batch.batch_key, BatchStatus.COLLECTED, self.now(), replies=replies, note=note)
                    return True
                if self.now() >= batch.due_at:
                    await office.cancel(found)
        except LookupError:
            return self._give_up(batch, "its results are no longer there")
        except JudgeMisconfigured:
            raise
        except JudgeError as error:
            log.warning("batch %s: %s", batch.batch_key[:12], error)
        return self.now() >= batch.due_at + GRACE and self._give_up(batch, "it did not end in time")

    def _give_up(self, batch: Batch, why: str) -> bool:
        log.warning("batch %s is given up: %s", batch.batch_key[:12], why)
        self.book.end(batch.batch_key, BatchStatus.GIVEN_UP, self.now(), note=why)
        return True

    async def _find(self, office: BatchOffice, batch: Batch) -> str | Whereabouts:
        """Where the batch of a sender that died is; its provider is given time to show it."""
        found = await office.find(batch, self.book.purposes(batch.batch_key).keys())
        if not isinstance(found, Whereabouts):
            self.book.submitted(batch.batch_key, found, self.now())
        elif self.now() < batch.intended_at + SETTLING:
            return Whereabouts.UNCLEAR
        return found

    async def _record(self, office: BatchOffice, batch: Batch, batch_id: str) -> tuple[int, str]:
        """Keeps the replies for good, some hundred at a time; returns how many there were, and why one was not."""
        purposes = self.book.purposes(batch.batch_key)
        calls: list[JudgeCall] = []
        count, complaint = 0, ""
        async with aclosing(office.replies(batch_id)) as replies:
            async for key, reply in replies:
                if isinstance(reply, str):
                    complaint = complaint or reply
                elif key in purposes:
                    calls.append(self._call(office, key, purposes[key], reply))
                    count += 1
                if len(calls) == CHUNK:
                    self._keep(calls)
                    calls = []
        self._keep(calls)
        return count, complaint

    def _keep(self, calls: Sequence[JudgeCall]) -> None:
        if calls:
            found = self.ledger.claim([call.key for call in calls])
            self.ledger.record([call for call in calls if not found.get(call.key)])

    def _call(self, office: BatchOffice, key: str, purpose: CallPurpose, reply: LLMReply) -> JudgeCall:
        price = self._price(office, reply.response_model or office.model, reply.usage, purpose)
        return JudgeCall(
            key=key,
            purpose=purpose,
            provider_name=office.provider,
            request_model=office.model,
            outcome=_outcome(reply),
            reply=reply,
            cost=price.usd if price else None,
            called_at=self.now(),
            mode=CallMode.BATCH,
        )

    def _waiting(self, keys: Iterable[str]) -> dict[str, str]:
        found: dict[str, str] = {}
        for chunk in _chunks(keys, 10 * CHUNK):
            found.update(self.book.waiting(chunk))
        return found


def _outcome(reply: LLMReply) -> str:
    """What can be told without the judge's parser; whether the reply is a verdict shows when it is used."""
    if reply.finish_reason in REFUSED:
        return FailureType.REFUSED.value
    return FailureType.TRUNCATED.value if reply.finish_reason == TRUNCATED else "ok"


def _parts(calls: Iterable[WantedCall], office: BatchOffice) -> Iterator[list[tuple[WantedCall, bytes]]]:
    """The calls in parts that the office takes, each with its line; what no batch can hold is left out."""
    room = office.most_bytes - ENVELOPE
    part: list[tuple[WantedCall, bytes]] = []
    size = 0
    for call in calls:
        line = office.line(call)
        length = len(line) + 1
        if length > room:
            continue
        if len(part) == office.most_requests or size + length > room:
            yield part
            part, size = [], 0
        part.append((call, line))
        size += length
    if part:
        yield part


ENVELOPE = 1_000
"""Bytes of a batch that are in none of its lines, at most."""


def _chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    rest = iter(items)
    while chunk := list(islice(rest, size)):
        yield chunk

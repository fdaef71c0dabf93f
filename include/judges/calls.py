"""A request and a parser go in; what the model said, parsed, with its cost comes out; no call is paid for twice."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Generic, TypeVar
from weakref import WeakValueDictionary

from include.domain.llm import REFUSED, TRUNCATED, CallMode, CallPurpose, JudgeCall, LLMReply, LLMRequest, SparedCall
from include.domain.ports import LLMClient, PriceBook
from include.domain.price import BillableCall
from include.domain.score import FailureType, Usage
from include.errors import JudgeError
from include.judges.ledger import LedgerDesk
from include.judges.reply import Malformed

T = TypeVar("T")

LARGER = 4
"""By how much the token limit grows after a reply that it cut off."""

UNSHOWN = "(a reply that was not the JSON object)"
"""What stands for a malformed reply when it is asked for again: itself it may quote what was logged, without fences."""


@dataclass(frozen=True, slots=True)
class Bill:
    """What several calls used; `cost` in USD, None as soon as one of them has no known price."""

    usage: Usage = field(default_factory=Usage)
    cost: Decimal | None = Decimal(0)

    def __add__(self, other: Bill) -> Bill:
        cost = None if self.cost is None or other.cost is None else self.cost + other.cost
        return Bill(self.usage + other.usage, cost)


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """What a model said, and what it took to hear it."""

    value: T
    bill: Bill
    reply: LLMReply


@dataclass(frozen=True, slots=True)
class _Problem:
    kind: FailureType
    message: str


class Calls:
    """Asks one model through the ledger; `now` gives aware datetimes."""

    def __init__(self, client: LLMClient, desk: LedgerDesk, prices: PriceBook, now: Callable[[], datetime]) -> None:
        self.client = client
        self._desk = desk
        self._prices = prices
        self._now = now
        self._asking: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def ask(self, request: LLMRequest, purpose: CallPurpose, parse: Callable[[str], T]) -> Answer[T]:
        """The reply through `parse`, which raises `Malformed`.

        A malformed reply is asked for once more with the error shown, a truncated one with a larger limit. Raises
        `JudgeError`; one for a reply without a verdict is final, since the same requests have the same replies.
        """
        bill = Bill()
        tried: set[FailureType] = set()
        while True:
            call, value = await self._once(request, purpose, parse)
            bill += Bill(call.reply.usage or Usage(), call.cost)
            if not isinstance(value, _Problem):
                return Answer(value, bill, call.reply)
            if value.kind is FailureType.REFUSED or value.kind in tried:
                message = f"judge {self.client.model}: {value.message}"
                raise JudgeError(message, error_type=value.kind.value, retryable=False)
            tried.add(value.kind)
            request = _again(request, value)

    async def _once(
        self, request: LLMRequest, purpose: CallPurpose, parse: Callable[[str], T]
    ) -> tuple[JudgeCall, T | _Problem]:
        key = request.key(self.client.endpoint, self.client.model)
        lock = self._asking.setdefault(key, asyncio.Lock())
        async with lock:  # the ledger tells workers apart, not coroutines
            call = await self._desk.claim(key)
            if call:
                self._spare(call, purpose)
                return call, _read(call.reply, parse)
            try:
                reply = await self._reply(key, request, purpose)
                value = _read(reply, parse)
                call = self._call(key, purpose, reply, value)
            except BaseException:
                self._desk.release(key)
                raise
            await self._desk.record(call)
            return call, value

    async def _reply(self, key: str, request: LLMRequest, purpose: CallPurpose) -> LLMReply:
        """Where replies come from: the one thing that another way of calling does otherwise.

        Raises `JudgeError`; the claim on the call then ends.
        """
        return await self.client.complete(request)

    def _spare(self, call: JudgeCall, purpose: CallPurpose) -> None:
        """Count what the ledger spared. A reply of a batch was fetched for its first use, which spares nothing."""
        if call.mode is CallMode.LIVE:
            self._desk.spare(SparedCall(self._now().astimezone(UTC).date(), purpose, self.client.model), call.cost)

    def _call(self, key: str, purpose: CallPurpose, reply: LLMReply, value: object) -> JudgeCall:
        now = self._now()
        model = reply.response_model or self.client.model
        billed = BillableCall(self.client.provider, model, reply.usage, now, purpose.project, reply.latency_ms)
        price = self._prices.price(billed)
        return JudgeCall(
            key=key,
            purpose=purpose,
            provider_name=self.client.provider,
            request_model=self.client.model,
            outcome=value.kind.value if isinstance(value, _Problem) else "ok",
            reply=reply,
            cost=price.usd if price else None,
            called_at=now,
        )


def _read(reply: LLMReply, parse: Callable[[str], T]) -> T | _Problem:
    if reply.finish_reason in REFUSED:
        return _Problem(FailureType.REFUSED, f"would not answer: {reply.content[:200]}")
    if reply.finish_reason == TRUNCATED:
        return _Problem(FailureType.TRUNCATED, "the reply was cut off at the token limit")
    try:
        return parse(reply.content)
    except Malformed as error:
        return _Problem(FailureType.MALFORMED, f"malformed reply: {error}")


def _again(request: LLMRequest, problem: _Problem) -> LLMRequest:
    if problem.kind is FailureType.TRUNCATED:
        return replace(request, max_output_tokens=request.max_output_tokens * LARGER)
    return request.after(UNSHOWN, f"That was no verdict: {problem.message}. Answer again with the JSON object only.")

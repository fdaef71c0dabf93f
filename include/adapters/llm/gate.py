"""Calls go in, in any number; they come out in the order of their arrival, as fast as the endpoint's limits allow."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Awaitable, Callable, Iterable

from include.adapters.llm.pace import Bucket
from include.adapters.llm.quota import Of, Scarce
from include.adapters.llm.window import Window

LOOK_S = 1.0
"""How long a sleep at the gate lasts at most: meanwhile the limits may have changed."""


class Held(Exception):
    """The endpoint is to be left alone for longer than a call can wait; `seconds` says how long."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"to be left alone for {seconds:.0f} s")
        self.seconds = seconds


class Gate:
    """At most a window of calls under way, at most so many a minute, and none while the endpoint is to be left alone.

    All three are shares of the whole: `concurrency` and the limits per minute are divided by the workers that share
    them. `clock` gives monotonic seconds.
    """

    def __init__(
        self,
        concurrency: int,
        requests_per_minute: float | None,
        tokens_per_minute: float | None,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self.window = Window(concurrency)
        self.under_way = 0
        self._concurrency = concurrency
        self._members = 1
        self._buckets = {Of.REQUESTS: Bucket(requests_per_minute, clock), Of.TOKENS: Bucket(tokens_per_minute, clock)}
        self._held_until = -math.inf
        self._paced_until = math.inf if requests_per_minute or tokens_per_minute else -math.inf
        """Until when there is more to ask than whether there is a place."""
        self.counts_tokens = tokens_per_minute is not None
        """Whether an estimate of tokens matters."""
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._turn = asyncio.Lock()
        self._clock, self._sleep = clock, sleep

    async def enter(self, tokens: float, most_held_s: float) -> None:
        """Returns when the call may be sent; `leave` has to follow. `tokens` is how many it may use.

        Raises `Held` where the endpoint is to be left alone for longer than `most_held_s`.
        """
        if self.under_way < self.window.limit and not self._waiting:
            self.under_way += 1
        else:
            await self._place()
        if self._paced_until > self._clock():
            try:
                await self._pace(tokens, most_held_s)
            except BaseException:
                self.leave()
                raise

    def leave(self) -> None:
        """A call that entered is over."""
        self.under_way -= 1
        self.admit()

    def admit(self) -> None:
        """Let in who waits, as far as there are places: to be called when the window may have grown."""
        while self._waiting and self.under_way < self.window.limit:
            waiter = self._waiting.popleft()
            if not waiter.done():
                self.under_way += 1
                waiter.set_result(None)

    def hold(self, seconds: float) -> None:
        """Let nobody pass for a while."""
        self._held_until = max(self._held_until, self._clock() + seconds)
        self._paced_until = max(self._paced_until, self._held_until)

    @property
    def held_s(self) -> float:
        """For how long nobody passes."""
        return max(0.0, self._held_until - self._clock())

    def slow(self, limits: Iterable[Scarce]) -> None:
        """Send no faster than the endpoint says that it will take more."""
        for limit in limits:
            self._buckets[limit.of].slow(limit.per_s, limit.for_s)
            self._paced_until = max(self._paced_until, self._clock() + limit.for_s)
            self.counts_tokens = self.counts_tokens or limit.of is Of.TOKENS

    def correct(self, tokens: float) -> None:
        """Note by how much a call used more tokens than was thought."""
        self._buckets[Of.TOKENS].take(tokens)

    def share(self, members: int) -> None:
        """By how many workers the limits are shared."""
        if members != self._members:
            self._members = members
            self.window.resize(max(1, self._concurrency // members))
            for bucket in self._buckets.values():
                bucket.share(members)
            self.admit()

    async def _place(self) -> None:
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        try:
            await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled():  # let in and called off at the same moment
                self.leave()
            raise

    async def _pace(self, tokens: float, most_held_s: float) -> None:
        async with self._turn:  # those behind wait for the lock, in order
            while (wait := max(self.held_s, *(bucket.wait_s() for bucket in self._buckets.values()))) > 0:
                if self.held_s > most_held_s:
                    raise Held(self.held_s)
                await self._sleep(min(wait, LOOK_S))
            self._buckets[Of.REQUESTS].take(1)
            self._buckets[Of.TOKENS].take(tokens)

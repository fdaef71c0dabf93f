"""Requests go in, replies of one model come out, retried by cause and never faster than the endpoint takes them."""

from __future__ import annotations

import asyncio
import random
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from types import TracebackType
from typing import Self, TypedDict

from include.adapters.llm.breaker import Breaker
from include.adapters.llm.failures import Failures
from include.adapters.llm.gate import Gate, Held
from include.adapters.llm.patience import Patience
from include.adapters.llm.refusals import Refusal
from include.adapters.llm.speech import Speech
from include.adapters.llm.wire import Wire
from include.domain.llm import LLMReply, LLMRequest
from include.domain.ports import Crew
from include.domain.score import FailureType
from include.errors import AssayError

BACKOFF_BASE_S, BACKOFF_CAP_S = 0.5, 20.0

CREW_EVERY_S = 1.0
"""How often it is asked how many workers share the limits."""

CHARACTERS = 4
"""Of a prompt to a token, before the endpoint has told what its tokens are."""


class Options(TypedDict, total=False):
    """What a client may be told beside whom to ask; times in seconds.

    At most `concurrency` requests are under way at once, and so many requests and tokens are sent a minute; `crew`
    tells how many workers share all three. `timeout_s` bounds each try and `deadline_s` a call with all its tries, from
    the moment when it first may be sent.
    """

    concurrency: int
    requests_per_minute: float | None
    tokens_per_minute: float | None
    crew: Crew | None
    timeout_s: float
    deadline_s: float
    clock: Callable[[], float]
    now: Callable[[], datetime]
    sleep: Callable[[float], Awaitable[None]]
    uniform: Callable[[], float]


class ModelClient:
    """One model at one endpoint; an asynchronous context manager, bound to the event loop that opens it.

    A call that waits to be retried keeps no other from being sent. The key appears in no message and no representation.
    """

    def __init__(
        self,
        speech: Speech,
        model: str,
        secret: str,
        provider: str,
        *,
        concurrency: int = 32,
        requests_per_minute: float | None = None,
        tokens_per_minute: float | None = None,
        crew: Crew | None = None,
        timeout_s: float = 60.0,
        deadline_s: float = 180.0,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        uniform: Callable[[], float] = random.random,
    ) -> None:
        self.provider, self.model = provider, model
        self.endpoint, self._dialect = speech.endpoint, speech.dialect
        self._timeout_s, self._deadline_s = timeout_s, deadline_s
        self._clock, self._sleep, self._uniform = clock, sleep, uniform
        self._gate = Gate(concurrency, requests_per_minute, tokens_per_minute, clock, sleep)
        self._wire = Wire(speech, clock, now, self._gate.slow)
        self._failures = Failures(model, speech.endpoint, secret)
        self._breaker = Breaker(clock)
        # By kind of call: how long a list of statements takes says little about a single verdict.
        self._patience: defaultdict[tuple[str, int], Patience] = defaultdict(lambda: Patience(timeout_s))
        self._tokens_per_character = 1 / CHARACTERS
        self._crew, self._leaving = crew, asyncio.Event()
        self._watching: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        if self._crew:
            self._gate.share(max(1, await asyncio.to_thread(self._crew.size)))
            self._watching = asyncio.create_task(self._watch(self._crew))
        self._wire.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._wire.close()
        self._leaving.set()
        if self._watching:
            await self._watching  # its thread may still be using the crew's connection

    async def complete(self, request: LLMRequest) -> LLMReply:
        """The model's reply; raises `JudgeError`, or `JudgeMisconfigured` for what a person has to mend."""
        deadline = self._clock() + self._deadline_s
        guesses, hasty = 0, True
        while True:
            answer, waited = await self._attempt(request, deadline, hasty)
            if isinstance(answer, LLMReply):
                return answer
            deadline += waited
            if answer.kind is FailureType.MISCONFIGURED:
                raise self._failures.misconfigured(answer)
            told = answer.retry_after_s
            pause = self._backoff(guesses) if told is None else told + self._backoff(0)
            if not answer.retryable or self._clock() + pause >= deadline:
                raise self._failures.failure(answer)
            await self._sleep(pause)
            guesses, hasty = guesses + (told is None), hasty and answer.kind is not FailureType.TIMEOUT

    def _backoff(self, guesses: int) -> float:
        """Full jitter: anything between nothing and a bound that grows with every pause that nobody named."""
        bound: float = min(BACKOFF_CAP_S, BACKOFF_BASE_S * 2.0 ** min(guesses, 16))
        return self._uniform() * bound

    async def _attempt(self, request: LLMRequest, deadline: float, hasty: bool) -> tuple[LLMReply | Refusal, float]:
        """The answer, and how many seconds of waiting at the gate came before it."""
        asked, expected = self._clock(), self._tokens(request) if self._gate.counts_tokens else 0.0
        try:
            await self._gate.enter(expected, deadline - asked)
        except Held as held:
            return Refusal(FailureType.RATE_LIMITED, f"asks {held}", retryable=True, retry_after_s=held.seconds), 0.0
        try:
            if not self._breaker.allows():
                raise self._failures.failure(
                    Refusal(FailureType.UNREACHABLE, f"given up for now, after {self._breaker.last_failure}", True)
                )
            cuts, waited = self._gate.window.cuts, self._clock() - asked
            answer = await self._learning(request, deadline + waited, hasty)
            self._heed(answer, cuts)
        finally:
            self._gate.leave()
        if expected and isinstance(answer, LLMReply):
            self._correct(request, answer, expected)
        return answer, waited

    def _heed(self, answer: LLMReply | Refusal, cuts: int) -> None:
        """What an answer means for those to come."""
        if isinstance(answer, LLMReply) or not answer.retryable:
            self._gate.window.answered(cuts)
            self._breaker.succeeded()
            return
        if answer.crowded:
            self._gate.window.crowded(cuts, told=bool(answer.retry_after_s))
        if answer.retry_after_s:
            self._gate.hold(answer.retry_after_s)
        if answer.kind is FailureType.RATE_LIMITED:
            self._breaker.succeeded()
        else:
            self._breaker.failed(answer.complaint)

    async def _learning(self, request: LLMRequest, deadline: float, hasty: bool) -> LLMReply | Refusal:
        """Sends in the dialect known so far, and again where the answer teaches another one."""
        while True:
            spoken = self._dialect
            answer = await self._timed(request, spoken.body(self.model, request), deadline, hasty)
            if isinstance(answer, LLMReply) or answer.kind is not FailureType.REFUSED:
                return answer
            if self._dialect == spoken:  # nobody else learned meanwhile
                learned = spoken.learn(answer.complaint)
                if learned is None:
                    return answer
                self._dialect = learned

    async def _timed(self, request: LLMRequest, body: bytes, deadline: float, hasty: bool) -> LLMReply | Refusal:
        patience = self._patience[request.schema_name, request.max_output_tokens]
        limit_s = patience.first_s if hasty else self._timeout_s
        started = self._clock()
        answer = await self._wire.send(body, request.sample, started, max(0.001, min(limit_s, deadline - started)))
        if isinstance(answer, LLMReply):
            patience.answered(answer.latency_ms / 1000)
        elif answer.kind is FailureType.TIMEOUT and limit_s < self._timeout_s:
            patience.ran_out()
            return replace(answer, crowded=False)  # a guess of ours says nothing about the endpoint
        return answer

    def _tokens(self, request: LLMRequest) -> float:
        """How many tokens a call may use, reply included, after what calls before it used."""
        return self._tokens_per_character * sum(len(message.content) for message in request.messages)

    def _correct(self, request: LLMRequest, reply: LLMReply, expected: float) -> None:
        if reply.usage:
            used = reply.usage.input_tokens + reply.usage.output_tokens
            self._gate.correct(used - expected)
            self._tokens_per_character *= 0.9 + 0.1 * used / max(1.0, self._tokens(request))

    async def _watch(self, crew: Crew) -> None:
        """Asks now and then who shares the limits, in a thread; where nobody can say, the last number stays."""
        while not self._leaving.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._leaving.wait(), CREW_EVERY_S)
                return
            with suppress(AssayError):
                self._gate.share(max(1, await asyncio.to_thread(crew.size)))

"""Requests go in, replies of an OpenAI-compatible chat completions endpoint come out, retried by cause."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

import aiohttp
from yarl import URL

from include.adapters.llm.answers import Refusal, read
from include.adapters.llm.breaker import Breaker
from include.adapters.llm.dialect import Dialect
from include.domain.llm import LLMReply, LLMRequest
from include.domain.score import FailureType
from include.errors import JudgeError, JudgeMisconfigured

BACKOFF_BASE_S, BACKOFF_CAP_S = 0.5, 20.0

REMEDIES = {
    "401": "mend the key: password of the Airflow connection assay_judge, or JUDGE_API_KEY",
    "402": "the account has no credit: top it up",
    "403": "the key may not use this model: choose another model or key in connection assay_judge (JUDGE_*)",
    "404": "mend model or address of connection assay_judge (JUDGE_MODEL, JUDGE_BASE_URL, which often ends in /v1)",
    "429": "the account has no credit: top it up",
}
OTHER_REMEDY = "mend the address of connection assay_judge (JUDGE_BASE_URL, which often ends in /v1)"


class OpenAIClient:
    """One model at one endpoint; an asynchronous context manager, bound to the event loop that opens it.

    At most `concurrency` requests are under way at once; one that waits to be retried is not. `timeout_s` bounds
    each try and `deadline_s` a call with all its tries. The key appears in no message and no representation.
    """

    def __init__(
        self,
        base_url: str,
        model: str,
        api_key: str = "",
        *,
        provider: str = "openai",
        concurrency: int = 32,
        timeout_s: float = 60.0,
        deadline_s: float = 180.0,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        uniform: Callable[[], float] = random.random,
    ) -> None:
        self.provider = provider
        self.model = model
        self._url = _completions(base_url)
        self._key = api_key.strip()
        self._slots = asyncio.Semaphore(concurrency)
        self._timeout_s = timeout_s
        self._deadline_s = deadline_s
        self._clock, self._now, self._sleep, self._uniform = clock, now, sleep, uniform
        self._breaker = Breaker(clock)
        self._dialect = Dialect()
        self._session: aiohttp.ClientSession | None = None

    @property
    def endpoint(self) -> str:
        """The address without credentials and query."""
        return str(self._url.with_user(None).with_query(None).parent.parent)

    async def __aenter__(self) -> Self:
        headers = {"Content-Type": "application/json"}
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        # The semaphore bounds the connections; a second bound would only queue twice.
        self._session = aiohttp.ClientSession(headers=headers, connector=aiohttp.TCPConnector(limit=0))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._session is not None, "entered"
        await self._session.close()

    async def complete(self, request: LLMRequest) -> LLMReply:
        """The model's reply; raises `JudgeError`, or `JudgeMisconfigured` for what a person has to mend."""
        deadline = self._clock() + self._deadline_s
        attempt = 0
        while True:
            answer = await self._attempt(request, deadline)
            if isinstance(answer, LLMReply):
                return answer
            if answer.kind is FailureType.MISCONFIGURED:
                raise self._misconfigured(answer)
            pause = (answer.retry_after_s or 0.0) + self._backoff(attempt)
            if not answer.retryable or self._clock() + pause >= deadline:
                raise self._failure(answer)
            await self._sleep(pause)
            attempt += 1

    def _backoff(self, attempt: int) -> float:
        """Full jitter: anything between nothing and an exponentially growing bound."""
        bound: float = min(BACKOFF_CAP_S, BACKOFF_BASE_S * 2.0 ** min(attempt, 16))
        return self._uniform() * bound

    async def _attempt(self, request: LLMRequest, deadline: float) -> LLMReply | Refusal:
        async with self._slots:
            if not self._breaker.allows():
                raise self._failure(
                    Refusal(FailureType.UNREACHABLE, f"given up for now, after {self._breaker.last_failure}", True)
                )
            answer = await self._learning(request, deadline)
        if isinstance(answer, LLMReply) or not answer.retryable or answer.kind is FailureType.RATE_LIMITED:
            self._breaker.succeeded()
        else:
            self._breaker.failed(answer.complaint)
        return answer

    async def _learning(self, request: LLMRequest, deadline: float) -> LLMReply | Refusal:
        """Sends in the dialect known so far, and again where the answer teaches another one."""
        while True:
            spoken = self._dialect
            answer = await self._send(spoken.body(self.model, request), deadline)
            if isinstance(answer, LLMReply) or answer.kind is not FailureType.REFUSED:
                return answer
            if self._dialect == spoken:  # nobody else learned meanwhile
                learned = spoken.learn(answer.complaint)
                if learned is None:
                    return answer
                self._dialect = learned

    async def _send(self, body: bytes, deadline: float) -> LLMReply | Refusal:
        assert self._session is not None, "use it as a context manager"
        started = self._clock()
        limit = aiohttp.ClientTimeout(total=max(0.001, min(self._timeout_s, deadline - started)))
        try:
            # A redirect could carry the key to another host.
            async with self._session.post(self._url, data=body, timeout=limit, allow_redirects=False) as response:
                content = await response.read()
        except TimeoutError:
            return Refusal(FailureType.TIMEOUT, f"no answer within {limit.total:.0f} s", retryable=True)
        except aiohttp.InvalidURL:
            return Refusal(FailureType.MISCONFIGURED, "not an address")
        except (aiohttp.ClientError, OSError) as error:
            return Refusal(FailureType.UNREACHABLE, str(error) or type(error).__name__, retryable=True)
        latency_ms = (self._clock() - started) * 1000
        return read(response.status, response.headers, content, latency_ms=latency_ms, now=self._now())

    def _failure(self, refusal: Refusal) -> JudgeError:
        message = self._one_line(refusal.complaint)
        return JudgeError(message, error_type=refusal.kind.value, retryable=refusal.retryable)

    def _misconfigured(self, refusal: Refusal) -> JudgeMisconfigured:
        remedy = REMEDIES.get(refusal.complaint[:3], OTHER_REMEDY)
        message = f"{self._one_line(refusal.complaint)}. Remedy: {remedy}"
        return JudgeMisconfigured(message, error_type=refusal.kind.value, retryable=False)

    def _one_line(self, complaint: str) -> str:
        """What a person reads; an endpoint that repeats the key does not put it into our logs."""
        told = complaint.replace(self._key, "***") if self._key else complaint
        return f"judge {self.model} at {self.endpoint}: {' '.join(told.split()).rstrip('.')}"


def _completions(base_url: str) -> URL:
    base = URL(base_url)
    if base.scheme not in ("http", "https") or not base.host:
        message = f"judge: the address does not start with http:// or https://. Remedy: {OTHER_REMEDY}"
        raise JudgeMisconfigured(message, error_type=FailureType.MISCONFIGURED.value, retryable=False)
    return (base / "chat" / "completions").with_query(base.query)

"""What the clients of batch endpoints share: a request of HTTP goes in, the body of its answer comes out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Self, TypedDict, Unpack

import aiohttp
import orjson
from yarl import URL

from include.adapters.llm.refusals import Refusal, refusal
from include.adapters.llm.speech import Speech, shown
from include.domain.batch import Batch
from include.domain.llm import LLMReply, LLMRequest
from include.domain.score import FailureType
from include.errors import JudgeError, JudgeMisconfigured

Json = dict[str, Any]

TRIES = 4
PAUSE_S = 2.0
"""Before the second try; it doubles."""

ARRIVAL = timedelta(minutes=15)
"""How long after its intent a batch can come to be: longer than its upload may take, and clocks differ."""

SKEW = timedelta(minutes=2)
"""How far a provider's clock may be behind ours."""


class DoorOptions(TypedDict, total=False):
    """What an endpoint's HTTP may be told: `timeout_s` bounds one request, and an upload may take minutes."""

    timeout_s: float
    sleep: Callable[[float], Awaitable[None]]


class Door:
    """An endpoint's HTTP, opened as an asynchronous context manager; the key appears in no message."""

    def __init__(
        self,
        base: URL,
        headers: Mapping[str, str],
        secret: str,
        *,
        timeout_s: float = 600.0,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._base = base
        self._headers = headers
        self._secret = secret
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        self._sleep = sleep
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(headers=self._headers, timeout=self._timeout)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._session is not None, "entered"
        await self._session.close()

    async def get(self, *path: str, **query: str) -> Json:
        """The JSON there; raises `LookupError` for 404, else `JudgeError`."""
        return _json(await self._patiently("GET", path, query=query))

    async def post(self, *path: str, data: Callable[[], object], json: bool = True, again: bool = False) -> Json:
        """The JSON of the answer to what `data` makes; tried again after any passing trouble only if `again`.

        A request that was told to come later was not done, so that one is always tried again.
        """
        return _json(await self._patiently("POST", path, data=data, json=json, again=again))

    async def lines(self, *path: str) -> AsyncGenerator[Json, None]:
        """Each line of a JSON Lines file there, which may be larger than the memory."""
        rest = b""
        async with self._request("GET", path) as response:
            async for chunk in response.content.iter_chunked(1 << 18):
                *whole, rest = (rest + chunk).split(b"\n")
                for line in whole:
                    if line.strip():
                        yield orjson.loads(line)
        if rest.strip():
            yield orjson.loads(rest)

    async def _patiently(self, method: str, path: tuple[str, ...], *, again: bool = True, **given: Any) -> bytes:
        for attempt in range(TRIES):
            try:
                async with self._request(method, path, **given) as response:
                    return await response.read()
            except JudgeError as error:
                tried_again = again or error.error_type == FailureType.RATE_LIMITED.value
                if not (error.retryable and tried_again) or attempt == TRIES - 1:
                    raise
                await self._sleep(PAUSE_S * 2**attempt)
        raise AssertionError("the last try returns or raises")

    @asynccontextmanager
    async def _request(
        self,
        method: str,
        path: tuple[str, ...],
        *,
        query: Mapping[str, str] | None = None,
        data: Callable[[], object] | None = None,
        json: bool = False,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        assert self._session is not None, "use it as a context manager"
        url = self._base.joinpath(*path).with_query({**self._base.query, **(query or {})})
        headers = {"Content-Type": "application/json"} if json else None
        try:
            # A redirect could carry the key to another host.
            async with self._session.request(
                method, url, data=data and data(), headers=headers, allow_redirects=False
            ) as response:
                if response.status != 200:
                    body = await response.read()
                    raise self._failure(refusal(response.status, response.headers, body, datetime.now(UTC)))
                yield response
        except TimeoutError:
            raise self._failure(Refusal(FailureType.TIMEOUT, "no answer in time", retryable=True)) from None
        except (aiohttp.ClientError, OSError) as error:
            told = str(error) or type(error).__name__
            raise self._failure(Refusal(FailureType.UNREACHABLE, told, retryable=True)) from None

    def _failure(self, why: Refusal) -> JudgeError | LookupError:
        told = why.complaint.replace(self._secret, "***") if self._secret else why.complaint
        message = f"batches at {shown(self._base)}: {' '.join(told.split())}"
        if why.means == 404:
            return LookupError(message)
        kind = JudgeMisconfigured if why.kind is FailureType.MISCONFIGURED else JudgeError
        return kind(message, error_type=why.kind.value, retryable=why.retryable)


class ProviderBatches:
    """The batches of one model at one endpoint, spoken to as its live client does; an asynchronous context manager.

    `options` are those of `Door`.
    """

    calls_lie = 1
    """How many parts of the path of live calls come after that of the API."""

    def __init__(self, speech: Speech, model: str, secret: str, provider: str, **options: Unpack[DoorOptions]) -> None:
        self.endpoint, self.model, self.provider = speech.endpoint, model, provider
        self._speech = speech
        base = speech.url
        for _ in range(self.calls_lie):
            base = base.parent
        self._door = Door(base.with_query(speech.url.query), speech.headers, secret, **options)

    def _body(self, request: LLMRequest) -> orjson.Fragment:
        return orjson.Fragment(self._speech.dialect.body(self.model, request))

    def _read(self, status: int, headers: Mapping[str, str], body: object) -> LLMReply | str:
        """The reply, or why there is none. How long a request of a batch took is not told."""
        read = self._speech.read(status, headers, orjson.dumps(body), latency_ms=0.0, now=datetime.now(UTC))
        return read if isinstance(read, LLMReply) else read.complaint

    async def __aenter__(self) -> Self:
        await self._door.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._door.__aexit__(kind, error, trace)


def may_be(batch: Batch, created_at: datetime) -> bool:
    """Whether a batch that a provider created then can be the one that was intended."""
    return batch.intended_at - SKEW <= created_at <= batch.intended_at + ARRIVAL


async def candidates(
    door: Door, path: Sequence[str], cursor: str, created_at: Callable[[Json], datetime], batch: Batch
) -> AsyncIterator[Json]:
    """The batches in a list, newest first, that can be the intended one; `cursor` is the parameter that turns pages."""
    query = {"limit": "100"}
    while True:
        page = await door.get(*path, **query)
        for one in page["data"]:
            if created_at(one) < batch.intended_at - SKEW:
                return
            if may_be(batch, created_at(one)):
                yield one
        if not page.get("has_more"):
            return
        query[cursor] = page["data"][-1]["id"]


def no_batches(error: LookupError) -> JudgeMisconfigured:
    """What it means when there is nothing where batches are sent to."""
    message = f"{error}. Remedy: if this endpoint has no batches, take its batches out of judging.yaml (batch, delay)"
    return JudgeMisconfigured(message, error_type=FailureType.MISCONFIGURED.value, retryable=False)


def _json(body: bytes) -> Json:
    try:
        found: Json = orjson.loads(body)
    except orjson.JSONDecodeError:
        message = f"batches: no JSON: {body[:100]!r}"
        raise JudgeError(message, error_type=FailureType.SERVER_ERROR.value, retryable=True) from None
    return found

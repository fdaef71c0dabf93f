"""The body of a request goes in; what its endpoint answered over HTTP, as a reply or a refusal, comes out."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime

import aiohttp

from include.adapters.llm.quota import Scarce, scarce
from include.adapters.llm.refusals import Refusal
from include.adapters.llm.speech import Speech
from include.domain.llm import LLMReply
from include.domain.score import FailureType

MOST_BYTES = 4 << 20
"""Of an answer: more than any reply that a judge asks for, log-probabilities included."""


class Wire:
    """HTTP to one endpoint, between `open` and `close`; `slow` hears of limits that are near their end."""

    def __init__(
        self,
        speech: Speech,
        clock: Callable[[], float],
        now: Callable[[], datetime],
        slow: Callable[[Sequence[Scarce]], None],
    ) -> None:
        self._speech, self._clock, self._now, self._slow = speech, clock, now, slow
        self._session: aiohttp.ClientSession | None = None

    def open(self) -> None:
        """Bind it to the running event loop."""
        # The gate bounds the connections, so a second bound would only queue twice; cookies would only cost time.
        self._session = aiohttp.ClientSession(
            headers={"Content-Type": "application/json", **self._speech.headers},
            connector=aiohttp.TCPConnector(limit=0),
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    async def close(self) -> None:
        """End its connections."""
        assert self._session is not None, "opened"
        await self._session.close()

    async def send(self, body: bytes, sample: int, started: float, limit_s: float) -> LLMReply | Refusal:
        """The answer to a body; `started` is the clock now, `limit_s` how long it may take in all."""
        assert self._session is not None, "use it as a context manager"
        limit = aiohttp.ClientTimeout(total=limit_s)
        headers = {"Idempotency-Key": _idempotency(body, sample)}
        try:
            # A redirect could carry the key to another host.
            async with self._session.post(
                self._speech.url, data=body, headers=headers, timeout=limit, allow_redirects=False
            ) as response:
                content = await _content(response)
        except TimeoutError:
            return Refusal(FailureType.TIMEOUT, f"no answer within {limit_s:.0f} s", retryable=True, crowded=True)
        except aiohttp.InvalidURL:
            return Refusal(FailureType.MISCONFIGURED, "not an address")
        except (aiohttp.ClientError, OSError) as error:
            return Refusal(FailureType.UNREACHABLE, str(error) or type(error).__name__, retryable=True)
        if content is None:
            told = f"{response.status} with more than {MOST_BYTES >> 20} MB"
            return Refusal(FailureType.SERVER_ERROR, told, retryable=True)
        now = self._now()
        if limits := scarce(response.headers, now):
            self._slow(limits)
        latency_ms = (self._clock() - started) * 1000
        return self._speech.read(response.status, response.headers, content, latency_ms=latency_ms, now=now)


async def _content(response: aiohttp.ClientResponse) -> bytes | None:
    """The body; None where it is longer than any reply, of which no more is read."""
    content = await response.content.readany()
    while not response.content.at_eof():
        content += await response.content.readany()
        if len(content) > MOST_BYTES:
            return None
    return content


def _idempotency(body: bytes, sample: int) -> str:
    """The same for the same bytes, so that an endpoint that honours it answers a call once, even after a crash of ours.

    The bytes and not the request's own key: one that knows such keys refuses another body under the same one
    (draft-ietf-httpapi-idempotency-key-header, 2.7), and a dialect that was learned meanwhile makes another body.
    """
    digest = hashlib.sha256(body)
    if sample:
        digest.update(b"sample %d" % sample)
    return digest.hexdigest()

"""The client against a scripted endpoint on loopback: what it sends again, when, and what it then says."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from include.adapters.llm import OpenAIClient
from include.domain.llm import ChatMessage, LLMReply, LLMRequest
from include.errors import JudgeError, JudgeMisconfigured

REQUEST = LLMRequest((ChatMessage("user", "judge this"),), "verdict", {"type": "object"}, 0.1, 64)
KEY = "sk-very-secret"
COMPLETION = {
    "choices": [{"message": {"content": "ok"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 3, "completion_tokens": 1},
}
Step = tuple[int, Any, dict[str, str]] | str


class Script:
    """Answers in the given order, the last step for ever; keeps what was asked."""

    def __init__(self, *steps: Step) -> None:
        self.steps = list(steps)
        self.bodies: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.bodies.append(await request.json())
        self.headers.append(dict(request.headers))
        step = self.steps.pop(0) if len(self.steps) > 1 else self.steps[0]
        if step == "reset":
            assert request.transport
            request.transport.abort()
            return web.Response()
        if step == "hang":
            await asyncio.sleep(30)
        assert not isinstance(step, str)
        status, body, headers = step
        return web.Response(status=status, text=body if isinstance(body, str) else json.dumps(body), headers=headers)


class Clock:
    """Time that passes only while somebody sleeps, and what was slept."""

    def __init__(self) -> None:
        self.now, self.slept = 0.0, []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@asynccontextmanager
async def serving(handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> AsyncIterator[str]:
    application = web.Application()
    application.router.add_post("/v1/chat/completions", handler)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    finally:
        await runner.cleanup()


async def ask(script: Script, clock: Clock | None = None, **given: Any) -> LLMReply:
    clock = clock or Clock()
    async with serving(script.answer) as url:
        timing = {"clock": clock, "sleep": clock.sleep, "uniform": lambda: 0.5}
        async with OpenAIClient(url, "m", KEY, **(timing | given)) as client:
            return await client.complete(REQUEST)


def error(status: int, message: str = "no", **headers: str) -> Step:
    return status, {"error": {"message": message}}, {name.replace("_", "-"): value for name, value in headers.items()}


GOOD: Step = (200, COMPLETION, {})


@pytest.mark.parametrize("trouble", [error(408), error(409), error(429), error(500), error(503), "reset"])
async def test_passing_trouble_is_tried_again_after_growing_pauses(trouble: Step) -> None:
    script, clock = Script(trouble, trouble, GOOD), Clock()
    reply = await ask(script, clock)
    assert reply.content == "ok"
    assert len(script.bodies) == 3
    assert clock.slept == [0.25, 0.5]


async def test_the_endpoint_says_how_long_to_wait() -> None:
    clock = Clock()
    await ask(Script(error(429, Retry_After="7"), GOOD), clock)
    assert clock.slept == [7.25]


async def test_a_garbled_completion_is_tried_again() -> None:
    script = Script((200, "<html>", {}), GOOD)
    await ask(script)
    assert len(script.bodies) == 2


async def test_a_hanging_endpoint_is_given_up_on_and_asked_again() -> None:
    script = Script("hang", GOOD)
    assert (await ask(script, timeout_s=0.1)).content == "ok"


@pytest.mark.parametrize(("status", "remedy"), [(401, "the key"), (403, "model or key"), (404, "JUDGE_MODEL")])
async def test_what_no_retry_can_help_is_said_in_one_line_after_one_call(status: int, remedy: str) -> None:
    script = Script(error(status, f"bad key {KEY}\nsecond line"))
    with pytest.raises(JudgeMisconfigured) as raised:
        await ask(script)
    told = str(raised.value)
    assert len(script.bodies) == 1
    assert remedy in told
    assert "judge m at http://127.0.0.1" in told
    assert "\n" not in told
    assert KEY not in told


async def test_a_request_that_is_refused_is_not_repeated() -> None:
    script = Script(error(400, "the content was filtered"))
    with pytest.raises(JudgeError) as raised:
        await ask(script)
    assert len(script.bodies) == 1
    assert (raised.value.error_type, raised.value.retryable) == ("judge_refused", False)


async def test_the_deadline_ends_the_trying_with_a_failure_that_may_be_retried() -> None:
    clock = Clock()
    with pytest.raises(JudgeError) as raised:
        await ask(Script(error(500)), clock, deadline_s=20)
    assert (raised.value.error_type, raised.value.retryable) == ("judge_server_error", True)
    assert clock.now < 20


async def test_a_pause_longer_than_the_deadline_is_not_even_begun() -> None:
    clock = Clock()
    with pytest.raises(JudgeError) as raised:
        await ask(Script(error(429, Retry_After="3600")), clock)
    assert clock.slept == []
    assert raised.value.error_type == "judge_rate_limited"


async def test_an_endpoint_of_few_words_is_understood_step_by_step_and_remembered() -> None:
    script = Script(
        error(400, "response_format json_schema is not supported"),
        error(400, "response_format is not supported"),
        error(400, "max_tokens is not supported, use max_completion_tokens"),
        error(400, "temperature: only the default is supported"),
        GOOD,
    )
    async with serving(script.answer) as url, OpenAIClient(url, "m") as client:
        await client.complete(REQUEST)
        await client.complete(REQUEST)
    assert len(script.bodies) == 6
    assert script.bodies[-1].keys() == {"model", "messages", "max_completion_tokens"}
    assert script.bodies[-1] == script.bodies[-2]


async def test_the_key_is_sent_and_never_shown() -> None:
    script = Script(GOOD)
    await ask(script)
    assert script.headers[0]["Authorization"] == f"Bearer {KEY}"
    assert KEY not in repr(OpenAIClient("http://localhost/v1", "m", KEY))


async def test_no_redirect_carries_the_key_elsewhere() -> None:
    script = Script((307, "", {"Location": "http://127.0.0.1:9/v1/chat/completions"}))
    with pytest.raises(JudgeMisconfigured):
        await ask(script)


async def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert (await ask(Script(GOOD))).content == "ok"


async def test_no_more_requests_than_allowed_are_under_way() -> None:
    under_way = most = 0

    async def handler(_: web.Request) -> web.Response:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0.01)
        under_way -= 1
        return web.json_response(COMPLETION)

    async with serving(handler) as url, OpenAIClient(url, "m", concurrency=5) as client:
        await asyncio.gather(*(client.complete(REQUEST) for _ in range(40)))
    assert most == 5


async def test_an_endpoint_that_is_down_fails_the_rest_fast() -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    clock = Clock()
    async with OpenAIClient(
        f"http://127.0.0.1:{port}/v1", "m", clock=clock, sleep=clock.sleep, uniform=lambda: 1.0, deadline_s=60
    ) as client:
        for _ in range(3):
            with pytest.raises(JudgeError) as raised:
                await client.complete(REQUEST)
            assert (raised.value.error_type, raised.value.retryable) == ("judge_unreachable", True)
        assert "given up for now" in str(raised.value)
        before = clock.now
        for _ in range(1000):
            with pytest.raises(JudgeError):
                await client.complete(REQUEST)
        assert clock.now - before < 1


@pytest.mark.parametrize("address", ["localhost:11434/v1", "ftp://host/v1", "", "http://"])
def test_an_address_that_is_none_is_refused_at_once(address: str) -> None:
    with pytest.raises(JudgeMisconfigured, match="JUDGE_BASE_URL"):
        OpenAIClient(address, "m")

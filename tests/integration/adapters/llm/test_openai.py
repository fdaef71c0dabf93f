"""The client against a scripted endpoint on loopback: what it sends again, when, and what it then says."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web

from include.adapters.llm import OpenAIClient
from include.adapters.llm.wire import MOST_BYTES
from include.domain.llm import ChatMessage, LLMReply, LLMRequest
from include.errors import JudgeError, JudgeMisconfigured, StoreUnreachable
from tests.fakes.endpoint import Clock, Script, Step, error, serving

REQUEST = LLMRequest((ChatMessage("user", "judge this"),), "verdict", {"type": "object"}, 0.1, 64)
KEY = "sk-very-secret"
COMPLETION = {
    "choices": [{"message": {"content": "ok"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 3, "completion_tokens": 1},
}


async def ask(script: Script, clock: Clock | None = None, **given: Any) -> LLMReply:
    clock = clock or Clock()
    async with serving(script.answer) as url:
        timing = {"clock": clock, "sleep": clock.sleep, "uniform": lambda: 0.5}
        async with OpenAIClient(f"{url}/v1", "m", KEY, **(timing | given)) as client:
            return await client.complete(REQUEST)


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
        error(400, "response_format.schema: extra input"),
        error(400, "response_format is not supported"),
        error(400, "max_tokens is not supported, use max_completion_tokens"),
        error(400, "temperature: only the default is supported"),
        GOOD,
    )
    async with serving(script.answer) as url, OpenAIClient(f"{url}/v1", "m") as client:
        await client.complete(REQUEST)
        await client.complete(REQUEST)
    assert len(script.bodies) == 7
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

    async with serving(handler) as url, OpenAIClient(f"{url}/v1", "m", concurrency=5) as client:
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


async def test_a_pause_that_the_endpoint_names_holds_up_every_call_and_not_only_the_one_that_was_refused() -> None:
    script, clock, sent = Script(error(429, Retry_After="7"), GOOD), Clock(), []

    async def handler(request: web.Request) -> web.StreamResponse:
        sent.append(clock.now)
        return await script.answer(request)

    timing = {"clock": clock, "sleep": clock.sleep, "uniform": lambda: 0.5}
    async with serving(handler) as url, OpenAIClient(f"{url}/v1", "m", concurrency=1, **timing) as client:
        await asyncio.gather(*(client.complete(REQUEST) for _ in range(5)))
    assert sent[0] == 0
    assert min(sent[1:]) >= 7


async def test_a_pause_longer_than_the_deadline_fails_those_that_wait_without_asking() -> None:
    script, clock = Script(error(429, Retry_After="3600")), Clock()
    async with serving(script.answer) as url:
        timing = {"clock": clock, "sleep": clock.sleep, "uniform": lambda: 0.5}
        async with OpenAIClient(f"{url}/v1", "m", **timing) as client:
            for _ in range(3):
                with pytest.raises(JudgeError) as raised:
                    await client.complete(REQUEST)
                assert (raised.value.error_type, raised.value.retryable) == ("judge_rate_limited", True)
    assert len(script.bodies) == 1


async def test_time_at_the_gate_is_not_taken_from_a_calls_deadline() -> None:
    clock = Clock()
    async with serving(Script(GOOD).answer) as url:
        timing = {"clock": clock, "sleep": clock.sleep, "requests_per_minute": 1, "deadline_s": 100, "timeout_s": 50}
        async with OpenAIClient(f"{url}/v1", "m", **timing) as client:
            replies = await asyncio.gather(*(client.complete(REQUEST) for _ in range(5)))
    assert len(replies) == 5
    assert clock.now == pytest.approx(240)


async def test_requests_a_minute_are_held_without_a_burst() -> None:
    clock, sent = Clock(), []

    async def handler(_: web.Request) -> web.Response:
        sent.append(clock.now)
        return web.json_response(COMPLETION)

    timing = {"clock": clock, "sleep": clock.sleep, "requests_per_minute": 120}
    async with serving(handler) as url, OpenAIClient(f"{url}/v1", "m", concurrency=1, **timing) as client:
        await asyncio.gather(*(client.complete(REQUEST) for _ in range(21)))
    assert sent[-1] == pytest.approx(10, abs=1)


async def test_headers_that_say_little_is_left_slow_the_next_calls_down() -> None:
    left = {"limit": "600", "remaining": "0", "reset": "60s"}
    script = Script((200, COMPLETION, {f"x-ratelimit-{name}-requests": value for name, value in left.items()}))
    clock = Clock()
    async with serving(script.answer) as url:
        timing = {"clock": clock, "sleep": clock.sleep}
        async with OpenAIClient(f"{url}/v1", "m", concurrency=1, **timing) as client:
            for _ in range(31):
                await client.complete(REQUEST)
    assert clock.now == pytest.approx(2.9, abs=0.2)  # ten a second


async def test_a_hasty_try_gives_its_place_back_soon_and_the_next_has_all_the_time() -> None:
    script = Script(*[GOOD] * 60, "hang", GOOD)
    async with serving(script.answer) as url, OpenAIClient(f"{url}/v1", "m", timeout_s=20) as client:
        for _ in range(60):
            await client.complete(REQUEST)
        loop = asyncio.get_running_loop()
        started = loop.time()
        assert (await client.complete(REQUEST)).content == "ok"
        assert loop.time() - started < 5


async def test_an_answer_without_end_is_not_read_to_its_end() -> None:
    script = Script((200, "x" * (MOST_BYTES + 1), {}), GOOD)
    reply = await ask(script)
    assert reply.content == "ok"
    assert len(script.bodies) == 2


async def test_the_same_bytes_bear_the_same_idempotency_key_and_another_sample_another() -> None:
    script = Script(error(500), GOOD)
    async with serving(script.answer) as url:
        clock = Clock()
        async with OpenAIClient(f"{url}/v1", "m", clock=clock, sleep=clock.sleep) as client:
            await client.complete(REQUEST)
            await client.complete(replace(REQUEST, sample=1))
            await client.complete(replace(REQUEST, temperature=0.5))
    first, again, sampled, other = [headers["Idempotency-Key"] for headers in script.headers]
    assert first == again
    assert len({first, sampled, other}) == 3
    assert script.bodies[2] == script.bodies[0]


async def test_log_probabilities_are_asked_for_only_where_wanted_and_only_until_they_are_refused() -> None:
    script = Script(error(400, "'logprobs' is not supported with this model"), GOOD)
    wanted = replace(REQUEST, logprobs=True)
    async with serving(script.answer) as url, OpenAIClient(f"{url}/v1", "m") as client:
        assert (await client.complete(wanted)).tail == ()
        await client.complete(wanted)
        await client.complete(REQUEST)
    assert [body.get("logprobs") for body in script.bodies] == [True, None, None, None]


class Workers:
    """A crew whose size is told, slowly."""

    def __init__(self, *sizes: int) -> None:
        self.sizes = list(sizes)
        self.asked_in: set[str] = set()

    def size(self) -> int:
        self.asked_in.add(threading.current_thread().name)
        time.sleep(0.05)
        found = self.sizes.pop(0) if len(self.sizes) > 1 else self.sizes[0]
        if found == 0:
            raise StoreUnreachable("gone")
        return found


async def test_workers_share_the_concurrency_and_a_crew_that_cannot_be_counted_stays_as_it_was() -> None:
    under_way = most = 0

    async def handler(_: web.Request) -> web.Response:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0.01)
        under_way -= 1
        return web.json_response(COMPLETION)

    crew = Workers(4, 0)
    async with (
        serving(handler) as url,
        OpenAIClient(f"{url}/v1", "m", concurrency=20, crew=crew) as client,
    ):
        await asyncio.gather(*(client.complete(REQUEST) for _ in range(40)))
        await asyncio.sleep(1.2)
        await asyncio.gather(*(client.complete(REQUEST) for _ in range(40)))
    assert most == 5
    assert threading.main_thread().name not in crew.asked_in


async def test_after_a_429_that_names_a_wait_half_as_many_are_under_way() -> None:
    under_way = most = refused = 0

    async def handler(_: web.Request) -> web.Response:
        nonlocal under_way, most, refused
        if refused < 8:
            refused += 1
            return web.json_response({"error": {"message": "slow down"}}, status=429, headers={"Retry-After-Ms": "50"})
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0.02)
        under_way -= 1
        return web.json_response(COMPLETION)

    async with serving(handler) as url, OpenAIClient(f"{url}/v1", "m", concurrency=8, uniform=lambda: 0.0) as client:
        await asyncio.gather(*(client.complete(REQUEST) for _ in range(8)))
        assert most <= 5
        await asyncio.gather(*(client.complete(REQUEST) for _ in range(60)))
    assert most == 8

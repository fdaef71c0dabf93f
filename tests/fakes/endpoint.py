"""A scripted HTTP endpoint on loopback, and a clock that passes only while somebody sleeps."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

Step = tuple[int, Any, dict[str, str]] | str
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Script:
    """Answers in the given order, the last step for ever; keeps what was asked."""

    def __init__(self, *steps: Step) -> None:
        self.steps = list(steps)
        self.bodies: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.targets: list[str] = []

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.bodies.append(await request.json())
        self.headers.append(dict(request.headers))
        self.targets.append(request.path_qs)
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
        await asyncio.sleep(0)


def error(status: int, message: str = "no", **headers: str) -> Step:
    """An error in OpenAI's form; `Retry_After` stands for the header `Retry-After`."""
    return status, {"error": {"message": message}}, {name.replace("_", "-"): value for name, value in headers.items()}


@asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[str]:
    """The root of a server that answers every POST with `handler`."""
    application = web.Application()
    application.router.add_post("/{path:.*}", handler)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()

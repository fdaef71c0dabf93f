"""The batch endpoints of OpenAI and Anthropic on loopback, and the live ones beside them, with a log of what is paid.

A batch moves one state on whenever it is looked at, so that tests need not sleep. `Provider.paid` counts how often each
request was answered, live or in a batch, by the hash of its conversation.
"""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import re
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from aiohttp import BodyPartReader, web

from tests.fakes.openai_server import COMPLETION_TOKENS, PROMPT_TOKENS, _completion, _content

Body = dict[str, Any]
OPENAI_MOST, OPENAI_BYTES = 50_000, 200_000_000
ANTHROPIC_MOST, ANTHROPIC_BYTES = 100_000, 256_000_000
KEY = "sk-for-tests"
CUSTOM_ID = re.compile("[a-zA-Z0-9_-]{1,64}")


@dataclass
class Sent:
    """One batch: its requests by custom id, the states that lie before it, and what came of each request."""

    batch_id: str
    requests: dict[str, Body]
    states: list[str]
    metadata: dict[str, str] | None = None
    created_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    results: dict[str, Body] = field(default_factory=dict)
    errors: list[Body] = field(default_factory=list)

    @property
    def state(self) -> str:
        return self.states[0]


class Provider:
    """What was sent and paid; `fate` of the next batches: "completed", "stuck", "expired" or "failed".

    An expired or cancelled batch has answered every other request; of `refuse_every` one ends as an error. `down`
    answers 500 to everybody, `loses_answers` creates batches without saying so, `loses_results` has none to show.
    """

    def __init__(self) -> None:
        self.url = ""
        self.fate = "completed"
        self.refuse_every = 0
        self.down = False
        self.loses_answers = False
        self.loses_results = False
        self.knocks = 0
        self.batches: dict[str, Sent] = {}
        self.files: dict[str, bytes] = {}
        self.paid: Counter[str] = Counter()
        self.live: list[str] = []
        self.asked: Counter[str] = Counter()
        self._numbers = itertools.count(1)

    @property
    def sent(self) -> Counter[str]:
        """How often each custom id was put into a batch."""
        return Counter(key for batch in self.batches.values() for key in batch.requests)

    def number(self) -> int:
        return next(self._numbers)

    def step(self, batch: Sent) -> None:
        """One state on; the work is done when the last is reached."""
        if len(batch.states) > 1 and batch.state != "stuck":
            batch.states.pop(0)
            if len(batch.states) == 1:
                self.work(batch)

    def work(self, batch: Sent) -> None:
        if batch.state == "failed":
            batch.errors = batch.errors or [{"code": "token_limit_exceeded", "message": "Enqueued token limit reached"}]
            return
        for number, (key, body) in enumerate(sorted(batch.requests.items())):
            if batch.state in ("expired", "cancelled") and number % 2:
                batch.results[key] = {"missed": batch.state}
            elif self.refuse_every and number % self.refuse_every == 0:
                batch.results[key] = {"refused": "messages: too long"}
            else:
                batch.results[key] = {"answer": self.answer(body)}

    def answer(self, body: Body) -> Body:
        self.paid[conversation(body)] += 1
        return body


def conversation(body: Body) -> str:
    return hashlib.sha256(orjson.dumps([body.get("system"), body["messages"], body.get("max_tokens")])).hexdigest()


def _states(fate: str) -> list[str]:
    if fate == "stuck":
        return ["validating", "in_progress", "stuck", "stuck"]
    if fate == "failed":
        return ["validating", "failed"]
    return ["validating", "in_progress", "finalizing", fate]


class _OpenAI:
    def __init__(self, provider: Provider) -> None:
        self._provider = provider

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/v1/files", self.upload),
            web.get("/v1/files/{id}/content", self.content),
            web.post("/v1/batches", self.create),
            web.get("/v1/batches", self.list),
            web.get("/v1/batches/{id}", self.get),
            web.post("/v1/batches/{id}/cancel", self.cancel),
            web.post("/v1/chat/completions", self.live),
        ]

    async def upload(self, request: web.Request) -> web.Response:
        purpose, content = "", b""
        async for part in await request.multipart():
            assert isinstance(part, BodyPartReader)
            if part.name == "purpose":
                purpose = (await part.read()).decode()
            else:
                content = bytes(await part.read())
        if purpose != "batch" or len(content) > OPENAI_BYTES:
            return _openai_error(400, "invalid file")
        file_id = f"file-{self._provider.number()}"
        self._provider.files[file_id] = content
        return _json({"id": file_id, "object": "file", "purpose": "batch"})

    async def create(self, request: web.Request) -> web.Response:
        order = orjson.loads(await request.read())
        if order["completion_window"] != "24h" or order["endpoint"] != "/v1/chat/completions":
            return _openai_error(400, "invalid batch")
        metadata = order.get("metadata") or {}
        if len(metadata) > 16 or any(len(name) > 64 or len(value) > 512 for name, value in metadata.items()):
            return _openai_error(400, "metadata too long")
        lines = [orjson.loads(line) for line in self._provider.files[order["input_file_id"]].splitlines()]
        batch = Sent(
            f"batch_{self._provider.number()}",
            {line["custom_id"]: line["body"] for line in lines},
            _states(self._provider.fate),
            metadata,
        )
        if problem := _openai_problem(lines):
            batch.states = ["validating", "failed"]
            batch.errors = [{"code": problem, "message": problem}]
        self._provider.batches[batch.batch_id] = batch
        return _json(self._told(batch))

    async def list(self, request: web.Request) -> web.Response:
        return _page(self._provider, request, "after", self._told)

    async def get(self, request: web.Request) -> web.Response:
        batch = self._provider.batches.get(request.match_info["id"])
        if batch is None:
            return _openai_error(404, "No batch found")
        self._provider.step(batch)
        return _json(self._told(batch))

    async def cancel(self, request: web.Request) -> web.Response:
        batch = self._provider.batches[request.match_info["id"]]
        if len(batch.states) == 1 or batch.state == "cancelling":
            return _openai_error(409, f"Cannot cancel a batch with status '{batch.state}'")
        batch.states = ["cancelling", "cancelled"]
        return _json(self._told(batch))

    async def content(self, request: web.Request) -> web.Response:
        kind, _, batch_id = request.match_info["id"].partition("-of-")
        batch = self._provider.batches[batch_id]
        lines = []
        for key, result in reversed(batch.results.items()):  # in any order, and not in that of the requests
            if ("answer" in result) == (kind == "output"):
                lines.append({"id": f"batch_req_{key[:8]}", "custom_id": key, **_openai_result(result)})
        self._provider.asked["results"] += 1
        return web.Response(body=b"\n".join(map(orjson.dumps, lines)) + b"\n")

    async def live(self, request: web.Request) -> web.Response:
        body = orjson.loads(await request.read())
        self._provider.live.append(conversation(body))
        return _json(_openai_completion(self._provider.answer(body)))

    def _told(self, batch: Sent) -> Body:
        answered = [result for result in batch.results.values() if "answer" in result]
        return {
            "id": batch.batch_id,
            "object": "batch",
            "status": "in_progress" if batch.state == "stuck" else batch.state,
            "created_at": int(batch.created_at.timestamp()),
            "metadata": batch.metadata,
            "errors": {"object": "list", "data": batch.errors} if batch.errors else None,
            "output_file_id": f"output-of-{batch.batch_id}" if answered else None,
            "error_file_id": f"error-of-{batch.batch_id}" if len(answered) < len(batch.results) else None,
            "request_counts": {"total": len(batch.requests), "completed": len(answered)},
        }


def _openai_problem(lines: list[Body]) -> str | None:
    if not lines or len(lines) > OPENAI_MOST:
        return "too_many_tasks" if lines else "empty_file"
    if len({line["custom_id"] for line in lines}) < len(lines):
        return "duplicate_custom_id"
    if len({line["body"]["model"] for line in lines}) > 1:
        return "model_mismatch"
    if any((line["method"], line["url"]) != ("POST", "/v1/chat/completions") for line in lines):
        return "url_mismatch"
    return None


def _openai_result(result: Body) -> Body:
    if "answer" in result:
        body = _openai_completion(result["answer"])
        return {"response": {"status_code": 200, "request_id": "req_1", "body": body}, "error": None}
    if "refused" in result:
        body = {"error": {"message": result["refused"], "type": "invalid_request_error"}}
        return {"response": {"status_code": 400, "request_id": "req_1", "body": body}, "error": None}
    return {"response": None, "error": {"code": f"batch_{result['missed']}", "message": "not executed"}}


def _openai_completion(body: Body) -> Body:
    return _completion(body, orjson.dumps(_content(body)).decode(), "stop")


def _openai_error(status: int, message: str) -> web.Response:
    return _json({"error": {"message": message, "type": "invalid_request_error"}}, status)


class _Anthropic:
    def __init__(self, provider: Provider) -> None:
        self._provider = provider

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/v1/messages/batches", self.create),
            web.get("/v1/messages/batches", self.list),
            web.get("/v1/messages/batches/{id}", self.get),
            web.get("/v1/messages/batches/{id}/results", self.results),
            web.post("/v1/messages/batches/{id}/cancel", self.cancel),
            web.post("/v1/messages", self.live),
        ]

    async def create(self, request: web.Request) -> web.Response:
        content = await request.read()
        requests = orjson.loads(content)["requests"]
        if len(content) > ANTHROPIC_BYTES:
            return _anthropic_error(413, "request_too_large")
        ids = [one["custom_id"] for one in requests]
        if not 1 <= len(ids) <= ANTHROPIC_MOST or len(set(ids)) < len(ids):
            return _anthropic_error(400, "requests: wrong number")
        if not all(CUSTOM_ID.fullmatch(one) for one in ids):
            return _anthropic_error(400, "custom_id: String should match pattern")
        batch = Sent(
            f"msgbatch_{self._provider.number()}",
            {one["custom_id"]: one["params"] for one in requests},
            _states(self._provider.fate),
        )
        self._provider.batches[batch.batch_id] = batch
        return _json(self._told(batch))

    async def list(self, request: web.Request) -> web.Response:
        return _page(self._provider, request, "after_id", self._told)

    async def get(self, request: web.Request) -> web.Response:
        batch = self._provider.batches.get(request.match_info["id"])
        if batch is None:
            return _anthropic_error(404, "not_found_error")
        self._provider.step(batch)
        return _json(self._told(batch))

    async def cancel(self, request: web.Request) -> web.Response:
        batch = self._provider.batches[request.match_info["id"]]
        if len(batch.states) > 1:
            batch.states = ["cancelling", "cancelled"]
        return _json(self._told(batch))

    async def results(self, request: web.Request) -> web.Response:
        batch = self._provider.batches[request.match_info["id"]]
        if len(batch.states) > 1:
            return _anthropic_error(404, "has no available results")
        lines = [{"custom_id": key, "result": _anthropic_result(one)} for key, one in reversed(batch.results.items())]
        self._provider.asked["results"] += 1
        return web.Response(body=b"\n".join(map(orjson.dumps, lines)) + b"\n")

    async def live(self, request: web.Request) -> web.Response:
        body = orjson.loads(await request.read())
        self._provider.live.append(conversation(body))
        return _json(_anthropic_message(self._provider.answer(body)))

    def _told(self, batch: Sent) -> Body:
        ended = len(batch.states) == 1
        kinds = Counter(_anthropic_result(one)["type"] for one in batch.results.values())
        counts = {kind: kinds[kind] for kind in ("succeeded", "errored", "canceled", "expired")}
        return {
            "id": batch.batch_id,
            "type": "message_batch",
            "processing_status": "ended" if ended else "canceling" if batch.state == "cancelling" else "in_progress",
            "request_counts": {**counts, "processing": 0 if ended else len(batch.requests)},
            "created_at": batch.created_at.isoformat().replace("+00:00", "Z"),
            "expires_at": (batch.created_at + timedelta(days=1)).isoformat(),
            "results_url": f"{self._provider.url}/messages/batches/{batch.batch_id}/results" if ended else None,
        }


def _anthropic_result(result: Body) -> Body:
    if "answer" in result:
        return {"type": "succeeded", "message": _anthropic_message(result["answer"])}
    if "refused" in result:
        error = {"type": "invalid_request_error", "message": result["refused"]}
        return {"type": "errored", "error": {"type": "error", "error": error}}
    return {"type": "canceled" if result["missed"] == "cancelled" else "expired"}


def _anthropic_message(body: Body) -> Body:
    """Answered by the schema that the request carries, wherever its client put it."""
    schema = body["output_config"]["format"]["schema"] if "output_config" in body else {}
    name = schema.get("title") or "verdict"
    asked = {**body, "response_format": {"json_schema": {"name": name}}}
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": body["model"],
        "content": [{"type": "text", "text": orjson.dumps(_content(asked)).decode()}],
        "stop_reason": "end_turn",
        "usage": {"input_tokens": PROMPT_TOKENS, "output_tokens": COMPLETION_TOKENS},
    }


def _anthropic_error(status: int, message: str) -> web.Response:
    return _json({"type": "error", "error": {"type": "invalid_request_error", "message": message}}, status)


def _page(provider: Provider, request: web.Request, cursor: str, told: Any) -> web.Response:
    newest = list(provider.batches.values())[::-1]
    ids = [batch.batch_id for batch in newest]
    start = ids.index(request.query[cursor]) + 1 if cursor in request.query else 0
    page = newest[start : start + int(request.query.get("limit", "20"))]
    more = start + len(page) < len(newest)
    for batch in page:
        provider.step(batch)
    return _json({"data": [told(batch) for batch in page], "has_more": more})


def _key(request: web.Request) -> str:
    return request.headers.get("x-api-key") or request.headers.get("Authorization", "").removeprefix("Bearer ")


def _json(content: Body, status: int = 200) -> web.Response:
    return web.Response(body=orjson.dumps(content), status=status, content_type="application/json")


@contextmanager
def provider() -> Iterator[Provider]:
    """A provider that serves in a thread of its own; its address goes into the judge's connection."""
    it, loop = Provider(), asyncio.new_event_loop()

    @web.middleware
    async def door(request: web.Request, handler: Any) -> web.StreamResponse:
        it.knocks += 1
        if it.loses_results and request.path.endswith(("/content", "/results")):
            return _openai_error(404, "no such file")
        if it.down:
            return _json({"error": {"message": "down"}}, 500)
        if _key(request) != KEY:
            return _openai_error(401, f"Incorrect API key provided: {_key(request)}")
        answer: web.StreamResponse = await handler(request)
        if it.loses_answers and request.path.endswith("/batches") and request.method == "POST":
            return _json({"error": {"message": "bad gateway"}}, 502)
        return answer

    app = web.Application(middlewares=[door], client_max_size=1 << 30)
    app.add_routes([*_OpenAI(it).routes(), *_Anthropic(it).routes()])
    runner = web.AppRunner(app, access_log=None)

    async def start() -> None:
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        it.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"

    loop.run_until_complete(start())
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield it
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()

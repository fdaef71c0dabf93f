"""The client of embedding models against an endpoint on loopback."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from include.adapters.llm import client_for
from include.adapters.llm.embeddings import EmbeddingClient
from include.domain.llm import ChatMessage, LLMRequest
from include.domain.score import FailureType, Usage
from include.domain.vector import unpacked
from include.errors import JudgeError, JudgeMisconfigured
from include.settings import JudgeSettings

ASKED = LLMRequest((ChatMessage("user", "When?"),), "embedding", {}, temperature=0, max_output_tokens=0)
VECTOR = {
    "object": "list",
    "model": "text-embedding-3-small",
    "data": [{"object": "embedding", "index": 0, "embedding": [0.5, -0.25, 0.125]}],
    "usage": {"prompt_tokens": 3, "total_tokens": 3},
}


@contextmanager
def endpoint(body: Any, status: int = 200) -> Iterator[tuple[str, list[tuple[str, str, dict[str, Any]]]]]:
    """Its address, and what it was asked: path, authorization and body."""
    asked: list[tuple[str, str, dict[str, Any]]] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            content = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            asked.append((self.path, self.headers.get("Authorization", ""), content))
            answer = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/v1", asked
        finally:
            server.shutdown()
            thread.join()


def client(url: str) -> EmbeddingClient:
    return EmbeddingClient(url, "text-embedding-3-small", "sk-test", deadline_s=0.4, uniform=lambda: 1.0)


async def test_a_text_becomes_a_vector_with_its_usage() -> None:
    with endpoint(VECTOR) as (url, asked):
        async with client(url) as embedding:
            reply = await embedding.complete(ASKED)
    assert unpacked(reply.content) == [0.5, -0.25, 0.125]
    assert (reply.usage, reply.response_model) == (Usage(3), "text-embedding-3-small")
    assert asked == [
        ("/v1/embeddings", "Bearer sk-test", {"model": "text-embedding-3-small", "input": "When?"}),
    ]


@pytest.mark.parametrize("data", [[], [{"embedding": []}], [{"embedding": ["a"]}], [{"embedding": None}], None])
async def test_what_is_no_embedding_is_a_failure_that_may_pass(data: Any) -> None:
    with endpoint({**VECTOR, "data": data}) as (url, _):
        async with client(url) as embedding:
            with pytest.raises(JudgeError) as raised:
                await embedding.complete(ASKED)
    assert (raised.value.error_type, raised.value.retryable) == (FailureType.SERVER_ERROR.value, True)


async def test_a_wrong_key_stops_the_work() -> None:
    with endpoint({"error": {"message": "Incorrect API key provided"}}, 401) as (url, _):
        async with client(url) as embedding:
            with pytest.raises(JudgeMisconfigured, match="mend the key"):
                await embedding.complete(ASKED)


def test_it_is_configured_like_any_judge() -> None:
    settings = JudgeSettings(backend="openai", base_url="http://127.0.0.1:1/v1", model="m")
    assert isinstance(client_for(settings, embeds=True), EmbeddingClient)

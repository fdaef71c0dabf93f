"""A chat completions endpoint on loopback: fixed latency (429 comes at once), faults on demand, a log of every request.

`python -m tests.fakes.openai_server --port 0 --latency 0.2 --faults 429=0.15,hang=0.01 --log FILE` prints its address.
The log has a line for each answer: SHA-256 of the request's body, and what was answered: `ok`, the fault's name, or
`lost` where the client had gone meanwhile. With `--idempotent` the same `Idempotency-Key` is answered once, and then
`replayed`, which nobody pays for.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import random
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, TextIO

import orjson

Body = dict[str, Any]
FAULTS = ("429", "500", "malformed", "truncated", "garbage", "reset", "hang")
PROMPT_TOKENS, COMPLETION_TOKENS = 400, 60


class Endpoint:
    """What is answered, and what was: `faults` maps names in FAULTS to their share of the requests."""

    def __init__(
        self,
        *,
        latency_s: float = 0.0,
        faults: Mapping[str, float] | None = None,
        log: TextIO | None = None,
        idempotent: bool = False,
    ) -> None:
        self.latency_s = latency_s
        self.answered: list[tuple[str, str]] = []
        self._faults = dict(faults or {})
        self._log = log
        self._tries: Counter[str] = Counter()
        self._idempotent = idempotent
        self._known: set[bytes] = set()

    def fault(self, key: str) -> str | None:
        """The fate of this try of this request: the same in every run."""
        self._tries[key] += 1
        lot = random.Random(f"{key} {self._tries[key]}").random()
        for name, share in self._faults.items():
            if lot < share:
                return name
            lot -= share
        return None

    def replays(self, idempotency_key: bytes) -> bool:
        """Whether a request with that key was answered before, or is about to be."""
        known = idempotency_key in self._known
        if self._idempotent and idempotency_key:
            self._known.add(idempotency_key)
        return known

    def note(self, key: str, what: str) -> None:
        """One line of the log."""
        self.answered.append((key, what))
        if self._log:
            self._log.write(f"{key} {what}\n")
            self._log.flush()

    def counts(self) -> Counter[str]:
        """How often each request was answered with a completion, by the hash of its body."""
        return Counter(key for key, what in self.answered if what == "ok")


class _Connection(asyncio.Protocol):
    """HTTP/1.1 with keep-alive, as much of it as our client speaks: it must cost less than what it measures."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._received = bytearray()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, separator, rest = self._received.partition(b"\r\n\r\n")
        if not separator:
            return
        headers = dict(line.lower().split(b": ", 1) for line in bytes(head).split(b"\r\n")[1:])
        length = int(headers.get(b"content-length", b"0"))
        if len(rest) >= length:
            self._received.clear()
            self._request(bytes(rest[:length]), headers.get(b"idempotency-key", b""))

    def _request(self, body: bytes, idempotency_key: bytes) -> None:
        endpoint, key = self._endpoint, hashlib.sha256(body).hexdigest()
        fault = endpoint.fault(key)
        good = "replayed" if not fault and endpoint.replays(idempotency_key) else "ok"
        # A gateway that limits rates refuses before any model is asked.
        delay_s = 0.0 if fault == "429" else endpoint.latency_s
        if fault != "hang":
            asyncio.get_running_loop().call_later(delay_s, self._answer, key, body, fault, good)

    def _answer(self, key: str, body: bytes, fault: str | None, good: str) -> None:
        assert self._transport
        if self._transport.is_closing():  # nobody is there any more; a provider bills it all the same
            self._endpoint.note(key, fault or ("lost" if good == "ok" else good))
            return
        self._endpoint.note(key, fault or good)
        if fault == "reset":
            self._transport.abort()
            return
        status, headers, content = _response(body, fault)
        head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n{headers}\r\n"
        self._transport.write(head.encode() + content)


def _response(body: bytes, fault: str | None) -> tuple[str, str, bytes]:
    if fault in ("429", "500"):
        wait = "Retry-After: 0\r\n" if fault == "429" else ""
        return f"{fault} Trouble", wait, orjson.dumps({"error": {"message": f"injected {fault}"}})
    if fault == "garbage":
        return "200 OK", "", b"<html>Bad gateway</html>"
    request: Body = orjson.loads(body)
    if "input" in request:
        return "200 OK", "", orjson.dumps(_embedding(request))
    content = "I would say four." if fault == "malformed" else orjson.dumps(_content(request)).decode()
    if fault == "truncated":
        content = content[: len(content) // 2]
    return "200 OK", "", orjson.dumps(_completion(request, content, "length" if fault == "truncated" else "stop"))


def _completion(request: Body, content: str, finish_reason: str) -> Body:
    return {
        "id": "chatcmpl-1",
        "model": request["model"],
        "choices": [{"index": 0, "message": {"role": "assistant", "content": content}, "finish_reason": finish_reason}],
        "usage": {"prompt_tokens": PROMPT_TOKENS, "completion_tokens": COMPLETION_TOKENS},
    }


def _content(request: Body) -> Body:
    """An answer that obeys the schema that was asked for, and is the same for the same conversation."""
    asked = next(message["content"] for message in request["messages"] if message["role"] == "user")
    lot = random.Random(asked)
    match request["response_format"]["json_schema"]["name"]:
        case "StatementGeneratorOutput":
            return {"statements": _sentences(_ragas_input(asked)["answer"])}
        case "ClaimDecompositionOutput":
            return {"claims": _sentences(_ragas_input(asked)["response"])}
        case "ContextPrecisionOutput":
            return {"reason": "Compared with the answer.", "verdict": lot.randint(0, 1)}
        case "ContextRecallOutput":
            parts = _sentences(_ragas_input(asked)["answer"])
            reason = "Compared with the context."
            return {
                "classifications": [
                    {"statement": one, "reason": reason, "attributed": lot.randint(0, 1)} for one in parts
                ]
            }
        case "AnswerRelevanceOutput":
            return {"question": "What would a user like to know?", "noncommittal": lot.randint(0, 1)}
        case "NLIStatementOutput" | "StatementFaithfulnessOutput":
            statements = _ragas_input(asked)["statements"]
            return {
                "statements": [
                    {"statement": one, "reason": "Compared with the context.", "verdict": lot.randint(0, 1)}
                    for one in statements
                ]
            }
        case _:
            return {"reasoning": "Compared with what was asked and logged.", "score": lot.randint(1, 5)}


def _sentences(text: str) -> list[str]:
    return [part.strip() for part in text.split(". ") if part.strip()][:4] or [text]


def _embedding(request: Body) -> Body:
    lot = random.Random(request["input"])
    return {
        "model": request["model"],
        "data": [{"index": 0, "embedding": [lot.random() for _ in range(8)]}],
        "usage": {"prompt_tokens": len(request["input"]) // 4},
    }


def _ragas_input(asked: str) -> Body:
    """The JSON between the fences."""
    found: Body = orjson.loads(asked[asked.index("{") : asked.rindex("}") + 1])
    return found


async def serve(endpoint: Endpoint, port: int = 0) -> asyncio.Server:
    """A server on loopback; port 0 takes a free one."""
    return await asyncio.get_running_loop().create_server(
        lambda: _Connection(endpoint), "127.0.0.1", port, backlog=2048
    )


def address(server: asyncio.Server) -> str:
    """What goes into JUDGE_BASE_URL."""
    return f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"


async def _main(endpoint: Endpoint, port: int, tell: Callable[[str], object]) -> None:
    server = await serve(endpoint, port)
    tell(address(server))
    await server.serve_forever()


def _tell(where: str) -> None:
    sys.stdout.write(f"{where}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--latency", type=float, default=0.0, help="seconds")
    parser.add_argument("--faults", default="", help="name=share,..., names: " + ", ".join(FAULTS))
    parser.add_argument("--log", type=argparse.FileType("w"))
    parser.add_argument("--idempotent", action="store_true", help="the same Idempotency-Key is answered once")
    given = parser.parse_args()
    shares = {name: float(share) for name, share in (one.split("=") for one in given.faults.split(",") if one)}
    if unknown := shares.keys() - set(FAULTS):
        parser.error(f"unknown faults: {', '.join(sorted(unknown))}")
    with suppress(KeyboardInterrupt):
        asyncio.run(
            _main(
                Endpoint(latency_s=given.latency, faults=shares, log=given.log, idempotent=given.idempotent),
                given.port,
                _tell,
            )
        )

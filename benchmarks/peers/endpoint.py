"""The loopback endpoint as other libraries use it: a request in any form they choose goes in, a fit answer comes out.

`python -m benchmarks.peers.endpoint --latency 0.2 --reply TEXT` prints its address. A tool's arguments or a JSON schema
are filled in, whatever they are; to anything else TEXT is answered. A GET answers how many completions were given, and
how many requests were under way at most. It speaks HTTP as tests/fakes/openai_server.py does.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Mapping
from typing import Any

import orjson

Schema = Mapping[str, Any]
PROMPT_TOKENS, COMPLETION_TOKENS = 400, 60
WORDS = {"string": "Compared with what was asked and logged.", "integer": 4, "number": 4.0, "boolean": True}


def instance(schema: Schema, root: Schema | None = None) -> Any:
    """A value that obeys a JSON schema, of the keywords that judges use; the first choice where there are several."""
    root = root or schema
    if "$ref" in schema:
        return instance(root["$defs"][schema["$ref"].rsplit("/", 1)[-1]], root)
    if choices := schema.get("enum"):
        return choices[0]
    if "const" in schema:
        return schema["const"]
    if parts := schema.get("anyOf") or schema.get("allOf"):
        return instance(parts[0], root)
    if schema.get("type") == "array":
        return [instance(schema.get("items", {"type": "string"}), root)]
    if "properties" in schema:
        return {name: instance(part, root) for name, part in schema["properties"].items()}
    return WORDS.get(schema.get("type", "string"), {})


def message(request: Mapping[str, Any], reply: str) -> dict[str, Any]:
    """What the assistant says to a request for a chat completion."""
    if tools := request.get("tools"):
        function = tools[0]["function"]
        call = {"name": function["name"], "arguments": orjson.dumps(instance(function["parameters"])).decode()}
        return {"role": "assistant", "content": None, "tool_calls": [{"id": "1", "type": "function", "function": call}]}
    shape = request.get("response_format", {}).get("json_schema")
    content = orjson.dumps(instance(shape["schema"])).decode() if shape else reply
    return {"role": "assistant", "content": content}


def completion(body: bytes, reply: str) -> bytes:
    """The whole answer, in the words of the API."""
    request = orjson.loads(body)
    said = message(request, reply)
    reason = "tool_calls" if said.get("tool_calls") else "stop"
    usage = {
        "prompt_tokens": PROMPT_TOKENS,
        "completion_tokens": COMPLETION_TOKENS,
        "total_tokens": PROMPT_TOKENS + COMPLETION_TOKENS,
    }
    return orjson.dumps(
        {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1_795_132_800,
            "model": request["model"],
            "choices": [{"index": 0, "message": said, "finish_reason": reason, "logprobs": None}],
            "usage": usage,
        }
    )


class Desk:
    """What all connections share: the latency in seconds, the text to answer with, and what was counted."""

    def __init__(self, latency_s: float, reply: str) -> None:
        self.latency_s = latency_s
        self.reply = reply
        self.given = self.under_way = self.most = 0


class Connection(asyncio.Protocol):
    """HTTP/1.1 with keep-alive, one request at a time: it must cost less than what it measures."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._received = bytearray()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep where to answer."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Gather a request, and answer it when it is whole and its time has come."""
        self._received += data
        head, separator, body = self._received.partition(b"\r\n\r\n")
        if not separator:
            return
        headers = dict(line.lower().split(b": ", 1) for line in bytes(head).split(b"\r\n")[1:])
        if len(body) < int(headers.get(b"content-length", b"0")):
            return
        self._received.clear()
        desk = self._desk
        if not body:
            self._send(orjson.dumps({"given": desk.given, "most": desk.most}))
            return
        desk.under_way += 1
        desk.most = max(desk.most, desk.under_way)
        asyncio.get_running_loop().call_later(desk.latency_s, self._answer, bytes(body))

    def _answer(self, body: bytes) -> None:
        self._desk.under_way -= 1
        assert self._transport
        if not self._transport.is_closing():
            self._desk.given += 1
            self._send(completion(body, self._desk.reply))

    def _send(self, content: bytes) -> None:
        assert self._transport
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
        self._transport.write(head.encode() + content)


async def main(latency_s: float, reply: str) -> None:
    """Serves until it is ended."""
    desk = Desk(latency_s, reply)
    server = await asyncio.get_running_loop().create_server(lambda: Connection(desk), "127.0.0.1", 0, backlog=2048)
    sys.stdout.write(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--latency", type=float, default=0.0, help="seconds")
    parser.add_argument("--reply", default="")
    given = parser.parse_args()
    asyncio.run(main(given.latency, given.reply))

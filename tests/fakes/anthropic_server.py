"""Anthropic's Messages endpoint, as strict as the real one: what it does not accept it refuses in its own words."""

from __future__ import annotations

import json
from typing import Any

from aiohttp import web

MODERN = frozenset({"output_config", "tools", "temperature"})
SYSTEM_TOKENS, TURN_TOKENS, REPLY_TOKENS = 1200, 300, 40


class Claude:
    """A handler for `tests.fakes.endpoint.serving`; `accepts` names the optional parameters that its model takes."""

    def __init__(self, key: str = "", accepts: frozenset[str] = MODERN) -> None:
        self.asked: list[dict[str, Any]] = []
        self._key = key
        self._accepts = accepts
        self._cached: set[str] = set()

    async def answer(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.asked.append(body)
        if request.path != "/v1/messages":
            return _error(404, "not_found_error", "Not found")
        if request.headers.get("x-api-key", "") != self._key:
            return _error(401, "authentication_error", "invalid x-api-key")
        if request.headers.get("anthropic-version") != "2023-06-01":
            return _error(400, "invalid_request_error", "anthropic-version: header is required")
        if complaint := self._complaint(body):
            return _error(400, "invalid_request_error", complaint)
        return web.json_response(self._message(body), headers={"request-id": f"req_{len(self.asked)}"})

    def _complaint(self, body: dict[str, Any]) -> str | None:
        if "max_tokens" not in body:
            return "max_tokens: Field required"
        if any(message["role"] not in ("user", "assistant") for message in body["messages"]):
            return "messages: Input should be 'user' or 'assistant'"
        if "output_config" in body and "output_config" not in self._accepts:
            return "output_config: Extra inputs are not permitted"
        if "tools" in body and "tools" not in self._accepts:
            return "Thinking may not be enabled when tool_choice forces tool use."
        if "temperature" in body and "temperature" not in self._accepts:
            return "`temperature` is deprecated for this model."
        return None

    def _message(self, body: dict[str, Any]) -> dict[str, Any]:
        verdict = {"reasoning": "It is right.", "score": 4}
        content: dict[str, Any] = {"type": "text", "text": json.dumps(verdict)}
        if "tools" in body:
            content = {"type": "tool_use", "id": "toolu_1", "name": body["tools"][0]["name"], "input": verdict}
        return {
            "id": "msg_1",
            "type": "message",
            "model": body["model"],
            "content": [{"type": "thinking", "thinking": "hm"}, content],
            "stop_reason": "tool_use" if "tools" in body else "end_turn",
            "usage": {"input_tokens": TURN_TOKENS, "output_tokens": REPLY_TOKENS, **self._cache(body)},
        }

    def _cache(self, body: dict[str, Any]) -> dict[str, int]:
        """The part of the prompt up to the marked block is written once and read after that."""
        marked = [block for block in body.get("system", []) if "cache_control" in block]
        known = bool(marked) and marked[-1]["text"] in self._cached
        self._cached.update(block["text"] for block in marked)
        return {
            "cache_read_input_tokens": SYSTEM_TOKENS if known else 0,
            "cache_creation_input_tokens": SYSTEM_TOKENS if marked and not known else 0,
        }


def _error(status: int, kind: str, message: str) -> web.Response:
    return web.json_response({"type": "error", "error": {"type": kind, "message": message}}, status=status)

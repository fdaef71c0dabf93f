"""The client of Anthropic's Messages against an endpoint that is as strict as theirs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from include.adapters.llm import AnthropicClient
from include.domain.llm import ChatMessage, LLMReply, LLMRequest
from include.domain.score import Usage
from include.errors import JudgeError, JudgeMisconfigured
from tests.fakes.anthropic_server import MODERN, Claude
from tests.fakes.endpoint import Clock, Script, Step, serving

SCHEMA = {"type": "object", "properties": {"score": {"type": "integer"}}}
REQUEST = LLMRequest(
    (ChatMessage("system", "you judge"), ChatMessage("user", "judge this")), "verdict", SCHEMA, 0.1, 64
)
KEY = "sk-ant-secret"


async def ask(claude: Claude, model: str = "claude-haiku-4-5", times: int = 1, path: str = "") -> list[LLMReply]:
    async with serving(claude.answer) as url, AnthropicClient(url + path, model, KEY) as client:
        return [await client.complete(REQUEST) for _ in range(times)]


@pytest.mark.parametrize("path", ["", "/", "/v1", "/v1/"])
async def test_a_verdict_comes_back_in_our_words_wherever_the_address_ends(path: str) -> None:
    claude = Claude(KEY)
    (reply,) = await ask(claude, path=path)
    assert json.loads(reply.content) == {"reasoning": "It is right.", "score": 4}
    assert (reply.finish_reason, reply.request_id) == ("stop", "req_1")
    assert claude.asked[0] == {
        "model": "claude-haiku-4-5",
        "max_tokens": 64,
        "temperature": 0.1,
        "system": [{"type": "text", "text": "you judge", "cache_control": {"type": "ephemeral"}}],
        "messages": [{"role": "user", "content": "judge this"}],
        "output_config": {"format": {"type": "json_schema", "schema": SCHEMA}},
    }


async def test_the_whole_prompt_is_counted_and_the_parts_written_to_the_cache_and_read_from_it_told() -> None:
    first, second = await ask(Claude(KEY), times=2)
    assert first.usage == Usage(1500, 40, cache_write_tokens=1200)
    assert second.usage == Usage(1500, 40, 1200)


@pytest.mark.parametrize(
    ("accepts", "refused", "spoken"),
    [
        (MODERN - {"temperature"}, 1, {"output_config"}),
        (MODERN - {"output_config"}, 1, {"temperature", "tools", "tool_choice"}),
        (frozenset(), 3, set()),
    ],
)
async def test_what_a_model_does_not_accept_is_learned_once(
    accepts: frozenset[str], refused: int, spoken: set[str]
) -> None:
    claude = Claude(KEY, accepts)
    replies = await ask(claude, times=2)
    assert [json.loads(reply.content)["score"] for reply in replies] == [4, 4]
    assert len(claude.asked) == refused + 2
    assert claude.asked[-1].keys() - {"model", "max_tokens", "messages", "system"} == spoken


@pytest.mark.parametrize("model", ["claude-opus-4-7", "claude-3-5-haiku-20241022"])
async def test_what_is_known_of_a_model_costs_no_refusal(model: str) -> None:
    known = {"claude-opus-4-7": MODERN - {"temperature"}}.get(model, MODERN - {"output_config"})
    claude = Claude(KEY, known)
    await ask(claude, model)
    assert len(claude.asked) == 1


async def test_a_wrong_key_is_one_line_with_the_remedy() -> None:
    with pytest.raises(JudgeMisconfigured, match=r"invalid x-api-key.*mend the key"):
        await ask(Claude("another"))


def said(status: int, kind: str, message: str, headers: dict[str, str] | None = None) -> Step:
    return status, {"type": "error", "error": {"type": kind, "message": message}}, headers or {}


def message(**given: Any) -> Step:
    usage = {"input_tokens": 1, "output_tokens": 1}
    return 200, {"content": [{"type": "text", "text": "x"}], "stop_reason": "end_turn", "usage": usage} | given, {}


async def scripted(script: Script, clock: Clock) -> LLMReply:
    timing = {"clock": clock, "sleep": clock.sleep, "uniform": lambda: 0.5}
    async with serving(script.answer) as url, AnthropicClient(url, "claude-haiku-4-5", KEY, **timing) as client:
        return await client.complete(REQUEST)


@pytest.mark.parametrize(
    ("trouble", "slept"),
    [
        (said(529, "overloaded_error", "Overloaded"), [0.25]),
        (said(529, "overloaded_error", "Overloaded", {"retry-after": "2"}), [2.25]),
        (said(429, "rate_limit_error", "too many", {"retry-after": "3"}), [3.25]),
        (said(504, "timeout_error", "slow"), [0.25]),
        ((200, "<html>", {}), [0.25]),
    ],
)
async def test_an_overload_is_waited_out(trouble: Step, slept: list[float]) -> None:
    script, clock = Script(trouble, message()), Clock()
    assert (await scripted(script, clock)).content == "x"
    assert clock.slept == slept


@pytest.mark.parametrize(
    ("stop_reason", "ours"),
    [
        ("end_turn", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("refusal", "refusal"),
        ("pause_turn", "pause_turn"),
    ],
)
async def test_why_it_ended_is_told_in_our_words(stop_reason: str, ours: str) -> None:
    assert (await scripted(Script(message(stop_reason=stop_reason)), Clock())).finish_reason == ours


async def test_an_account_without_credit_stops_the_shard() -> None:
    broke = said(400, "invalid_request_error", "Your credit balance is too low to access the Anthropic API.")
    with pytest.raises(JudgeMisconfigured, match="top it up"):
        await scripted(Script(broke), Clock())


async def test_a_logged_text_that_an_error_quotes_cannot_stop_the_shard() -> None:
    quoted = said(400, "invalid_request_error", "messages.0: bad 'Your credit balance is too low', API_KEY_INVALID")
    with pytest.raises(JudgeError) as raised:
        await scripted(Script(quoted), Clock())
    assert not isinstance(raised.value, JudgeMisconfigured)


async def test_the_key_goes_into_its_own_header() -> None:
    script = Script(message())
    await scripted(script, Clock())
    assert script.headers[0]["x-api-key"] == KEY
    assert "Authorization" not in script.headers[0]

"""The oddities of endpoints that speak OpenAI's chat completions each in their own way, as their docs tell them."""

from __future__ import annotations

from typing import Any

import pytest

from include.adapters.llm import OpenAIClient
from include.adapters.llm.openai import dialect_of, speech
from include.domain.llm import ChatMessage, LLMRequest
from include.errors import JudgeError, JudgeMisconfigured
from tests.fakes.endpoint import Clock, Script, Step, serving

REQUEST = LLMRequest((ChatMessage("user", "judge this"),), "verdict", {"type": "object"}, 0.1, 64)
GOOD: Step = (200, {"choices": [{"message": {"content": "ok"}, "finish_reason": "stop"}]}, {})


def gemini(status: int, message: str, *details: dict[str, Any]) -> Step:
    """Google's error object, in the list that its OpenAI-compatible endpoint puts it into."""
    return status, [{"error": {"code": status, "message": message, "details": list(details)}}], {}


RETRY_INFO = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "21s"}
BAD_KEY = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}
FLAGGED = {"code": 403, "message": "flagged", "metadata": {"reasons": ["violence"], "flagged_input": "judge"}}
BROKEN_OFF = {"choices": [{"message": {"content": ""}, "finish_reason": "error", "error": {"code": 502}}]}


async def ask(script: Script, path: str = "/v1", model: str = "m") -> Clock:
    clock = Clock()
    timing = {"clock": clock, "sleep": clock.sleep, "uniform": lambda: 0.0}
    async with serving(script.answer) as url, OpenAIClient(f"{url}{path}", model, "secret", **timing) as client:
        assert (await client.complete(REQUEST)).content == "ok"
    return clock


@pytest.mark.parametrize(
    ("trouble", "slept"),
    [
        pytest.param(gemini(429, "RESOURCE_EXHAUSTED"), 0.0, id="gemini wraps its error into a list"),
        pytest.param(gemini(429, "Quota exceeded", RETRY_INFO), 21.0, id="gemini names the wait in its details"),
        pytest.param(gemini(503, "The model is overloaded."), 0.0, id="gemini is overloaded"),
        pytest.param((200, BROKEN_OFF, {}), 0.0, id="openrouter's provider broke off, status 200"),
        pytest.param((200, {"error": {"code": 502, "message": "bad"}}, {}), 0.0, id="openrouter's error, status 200"),
        pytest.param((200, {"error": {"code": "429", "message": "x"}}, {}), 0.0, id="litellm's code is a string"),
        pytest.param((503, {"error": "server busy, please try again"}, {}), 0.0, id="ollama's queue is full"),
        pytest.param((503, {"detail": "Engine is not ready"}, {}), 0.0, id="vllm is starting"),
    ],
)
async def test_passing_trouble_is_seen_through_its_form(trouble: Step, slept: float) -> None:
    clock = await ask(Script(trouble, GOOD))
    assert clock.now == slept


@pytest.mark.parametrize(
    ("trouble", "remedy"),
    [
        pytest.param(gemini(400, "API key not valid. Please pass a valid API key.", BAD_KEY), "key", id="gemini's key"),
        pytest.param(gemini(404, "models/m is not found for API version v1main"), "JUDGE_MODEL", id="gemini's model"),
        pytest.param((404, {"error": {"code": "DeploymentNotFound", "message": "x"}}, {}), "JUDGE_MODEL", id="azure"),
        pytest.param((404, {"error": {"message": 'model "m" not found'}}, {}), "JUDGE_MODEL", id="ollama's model"),
        pytest.param(
            (404, {"object": "error", "message": "The model `m` does not exist.", "code": 404}, {}),
            "JUDGE_MODEL",
            id="vllm's older form of an error",
        ),
        pytest.param(
            (400, {"error": {"message": "Budget has been exceeded!", "type": "budget_exceeded", "code": "400"}}, {}),
            "top it up",
            id="litellm's budget",
        ),
        pytest.param((402, {"error": {"code": 402, "message": "credits"}}, {}), "top it up", id="openrouter's credits"),
    ],
)
async def test_what_a_person_has_to_mend_stops_the_shard(trouble: Step, remedy: str) -> None:
    script = Script(trouble)
    with pytest.raises(JudgeMisconfigured, match=remedy):
        await ask(script)
    assert len(script.bodies) == 1


@pytest.mark.parametrize(
    "trouble",
    [
        pytest.param((403, {"error": FLAGGED}, {}), id="openrouter's moderation"),
        pytest.param(
            (400, {"error": {"code": "content_filter", "message": "The response was filtered"}}, {}),
            id="azure's filter",
        ),
        pytest.param(
            (400, {"object": "error", "message": "This model's maximum context length is 4096 tokens"}, {}),
            id="vllm's context is too short",
        ),
    ],
)
async def test_what_only_this_text_brings_about_stops_nothing_else(trouble: Step) -> None:
    with pytest.raises(JudgeError) as raised:
        await ask(Script(trouble))
    assert (raised.value.error_type, raised.value.retryable) == ("judge_refused", False)


@pytest.mark.parametrize(
    ("complaint", "times", "gone"),
    [
        pytest.param("litellm.UnsupportedParamsError: gpt-5 models don't support temperature=0.1.", 1, "temperature"),
        pytest.param("Invalid value at 'response_format' (oneof), unknown field", 3, "response_format"),
    ],
)
async def test_complaints_in_each_ones_words_teach_the_dialect(complaint: str, times: int, gone: str) -> None:
    script = Script(*[(400, {"error": {"message": complaint}}, {})] * times, GOOD)
    await ask(script)
    assert gone not in script.bodies[-1]


@pytest.mark.parametrize(
    ("base_url", "target", "endpoint"),
    [
        ("https://api.openai.com/v1", "/v1/chat/completions", "https://api.openai.com/v1"),
        (
            "https://generativelanguage.googleapis.com/v1beta/openai/",
            "/v1beta/openai/chat/completions",
            "https://generativelanguage.googleapis.com/v1beta/openai",
        ),
        (
            "https://house.openai.azure.com/openai/v1/",
            "/openai/v1/chat/completions",
            "https://house.openai.azure.com/openai/v1",
        ),
        (
            "https://house.openai.azure.com/openai/deployments/d?api-version=2024-10-21",
            "/openai/deployments/d/chat/completions?api-version=2024-10-21",
            "https://house.openai.azure.com/openai/deployments/d",
        ),
        ("https://openrouter.ai/api/v1", "/api/v1/chat/completions", "https://openrouter.ai/api/v1"),
        ("http://localhost:11434/v1/", "/v1/chat/completions", "http://localhost:11434/v1"),
    ],
)
def test_the_address_is_found_below_each_ones_base(base_url: str, target: str, endpoint: str) -> None:
    found = speech(base_url, "", dialect_of("m"))
    assert (found.url.path_qs, found.endpoint) == (target, endpoint)


@pytest.mark.parametrize(
    ("base_url", "key", "headers"),
    [
        ("https://api.openai.com/v1", "k", {"Authorization": "Bearer k"}),
        ("https://house.openai.azure.com/openai/v1/", "k", {"api-key": "k"}),
        ("https://house.services.ai.azure.com/openai/v1/", "k", {"api-key": "k"}),
        ("https://gateway.house.example/openai/deployments/d?api-version=2024-10-21", "k", {"api-key": "k"}),
        ("https://house.openai.azure.com/openai/v1/", "eyJ0eXAi.x.y", {"Authorization": "Bearer eyJ0eXAi.x.y"}),
        ("http://localhost:11434/v1", "", {}),
    ],
)
def test_the_key_goes_where_each_one_looks_for_it(base_url: str, key: str, headers: dict[str, str]) -> None:
    assert speech(base_url, key, dialect_of("m")).headers == headers

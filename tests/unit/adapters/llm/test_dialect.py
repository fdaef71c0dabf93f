"""What an endpoint accepts is learned from what it complains about, never from a model's name."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from include.adapters.llm.dialect import Dialect, Shape
from include.domain.llm import ChatMessage, LLMRequest

REQUEST = LLMRequest(
    (ChatMessage("system", "judge"), ChatMessage("user", "this")), "verdict", {"type": "object"}, 0.1, 64
)


@pytest.mark.parametrize(
    ("spoken", "complaint", "learned"),
    [
        (Dialect(), "400 response_format json_schema is not supported", Dialect(shape=Shape.SCHEMA_IN_OBJECT)),
        (Dialect(shape=Shape.SCHEMA_IN_OBJECT), "400 schema: extra", Dialect(shape=Shape.JSON_OBJECT)),
        (Dialect(shape=Shape.JSON_OBJECT), "400 'response_format' unknown", Dialect(shape=Shape.PLAIN)),
        (Dialect(shape=Shape.PLAIN), "400 response_format", None),
        (
            Dialect(),
            "400 Unsupported parameter: 'max_tokens' is not supported; use 'max_completion_tokens' instead.",
            Dialect(limit="max_completion_tokens"),
        ),
        (Dialect(limit="max_completion_tokens"), "422 max_completion_tokens: extra", Dialect(limit="")),
        (Dialect(), "400 temperature Only the default (1) value is supported", Dialect(temperature=False)),
        (Dialect(temperature=False), "400 temperature", None),
        (Dialect(), "400 logprobs is not supported with this model", Dialect(logprobs=False)),
        (Dialect(logprobs=False), "400 logprobs", None),
        (Dialect(), "400 This model's maximum context length is 4096; max_tokens too large", None),
        (Dialect(), "400 the content was filtered", None),
    ],
)
def test_a_complaint_teaches_one_thing_at_a_time(spoken: Dialect, complaint: str, learned: Dialect | None) -> None:
    assert spoken.learn(complaint) == learned


def test_the_first_body_asks_for_the_strictest_form() -> None:
    body = json.loads(Dialect().body("m", REQUEST))
    assert body == {
        "model": "m",
        "messages": [{"role": "system", "content": "judge"}, {"role": "user", "content": "this"}],
        "temperature": 0.1,
        "max_tokens": 64,
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "verdict", "strict": True, "schema": {"type": "object"}},
        },
    }


def test_an_endpoint_may_take_the_schema_beside_json_object_and_is_told_it_in_words_too() -> None:
    body = json.loads(Dialect(Shape.SCHEMA_IN_OBJECT).body("m", REQUEST))
    assert body["response_format"] == {"type": "json_object", "schema": {"type": "object"}}
    assert '{"type":"object"}' in body["messages"][0]["content"]
    assert json.loads(Dialect(Shape.JSON_OBJECT).body("m", REQUEST))["response_format"] == {"type": "json_object"}


def test_log_probabilities_are_asked_for_where_they_are_wanted_and_a_sample_changes_nothing() -> None:
    wanted, sampled = replace(REQUEST, logprobs=True), replace(REQUEST, sample=3)
    assert json.loads(Dialect().body("m", wanted)) == json.loads(Dialect().body("m", REQUEST)) | {"logprobs": True}
    assert Dialect().body("m", sampled) == Dialect().body("m", REQUEST)


def test_without_native_schemas_the_constant_part_of_the_prompt_spells_it_out() -> None:
    body = json.loads(Dialect(Shape.PLAIN, "", temperature=False).body("m", REQUEST))
    assert body.keys() == {"model", "messages"}
    assert '{"type":"object"}' in body["messages"][0]["content"]
    assert body["messages"][1]["content"] == "this"
    assert REQUEST.messages[0].content == "judge"

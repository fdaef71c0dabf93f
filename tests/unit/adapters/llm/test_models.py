"""What is known of models before they are asked, and what a connection says instead."""

from __future__ import annotations

import pytest

from include.adapters.llm import AnthropicClient, OpenAIClient, anthropic, client_for, openai
from include.adapters.llm.dialect import Dialect, Shape
from include.adapters.llm.models import PATH, Models, family
from include.adapters.yaml_file import load
from include.errors import ConfigError
from include.settings import Accepts, JudgeSettings

REASONING = Dialect(limit="max_completion_tokens", temperature=False, logprobs=False)


@pytest.mark.parametrize(
    ("model", "dialect"),
    [
        ("gpt-4o-mini", Dialect()),
        ("o3", REASONING),
        ("o3-mini-2025-01-31", REASONING),
        ("gpt-5-mini", REASONING),
        ("openai/gpt-5-mini", REASONING),
        ("gpt-5-chat-latest", Dialect(limit="max_completion_tokens")),
        ("gpt-5.1-2025-11-13", Dialect(limit="max_completion_tokens")),
        ("gpt-50", Dialect()),
        ("o30", Dialect()),
        ("anything-new", Dialect()),
    ],
)
def test_a_model_of_a_known_family_is_spoken_to_as_it_accepts(model: str, dialect: Dialect) -> None:
    assert openai.dialect_of(model) == dialect


@pytest.mark.parametrize(
    ("model", "dialect"),
    [
        ("claude-haiku-4-5-20251001", anthropic.Dialect()),
        ("claude-opus-4-7", anthropic.Dialect(temperature=False)),
        ("claude-3-5-haiku-20241022", anthropic.Dialect(shape=anthropic.Shape.TOOL)),
    ],
)
def test_so_is_a_claude(model: str, dialect: anthropic.Dialect) -> None:
    assert anthropic.dialect_of(model) == dialect


def test_a_connection_overrules_the_file_word_by_word() -> None:
    said = Accepts(temperature=True, shape="plain")
    expected = Dialect(Shape.PLAIN, "max_completion_tokens", temperature=True, logprobs=False)
    assert openai.dialect_of("o3", said) == expected


def test_a_shape_that_the_vendor_does_not_have_is_refused_with_those_that_it_has() -> None:
    with pytest.raises(ConfigError, match=r"'tool' is none of json_schema, schema_in_object, json_object, plain"):
        openai.dialect_of("m", Accepts(shape="tool"))


def test_the_longest_family_counts() -> None:
    families = {"a": Accepts(temperature=False), "a-b": Accepts(temperature=True)}
    assert family(families, "a-b-c").temperature is True
    assert family(families, "a-bc").temperature is False


def test_every_line_of_the_file_says_something() -> None:
    known = load(PATH, Models)
    lines = [*known.chat_completions.values(), *known.messages.values()]
    assert all(line != Accepts() for line in lines)


@pytest.mark.parametrize(
    ("backend", "kind", "endpoint"),
    [("openai", OpenAIClient, "http://j/v1"), ("anthropic", AnthropicClient, "https://api.anthropic.com/v1")],
)
def test_the_settings_make_their_client(backend: str, kind: type, endpoint: str) -> None:
    given = {"backend": backend, "model": "m"} | ({"base_url": "http://j/v1"} if backend == "openai" else {})
    client = client_for(JudgeSettings.model_validate(given))
    assert isinstance(client, kind)
    assert (client.endpoint, client.provider, client.model) == (endpoint, backend, "m")

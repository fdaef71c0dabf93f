"""The example of docs/sources.md works as it stands there, also on spans that are not what they should be."""

from __future__ import annotations

import dataclasses
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from include.adapters.yaml_file import load
from include.ingest.mapping import SourceMapping
from tests.integration.ingest.house import AT, ROOT, House

PAGE = (ROOT / "docs/sources.md").read_text()
UNPACKED = "attributes->'gen_ai.input.messages' AS asked"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


@pytest.fixture
def otel(house: House, tmp_path: Path) -> House:
    (table,) = (block for block in blocks("sql") if "CREATE TABLE" in block)
    (mapping,) = blocks("yaml")
    house.change_log(table)
    house.change_log("GRANT SELECT ON otel_spans TO assay_reader")
    (tmp_path / "otel.yaml").write_text(mapping)
    return dataclasses.replace(house, mapping=load(tmp_path / "otel.yaml", SourceMapping))


def message(role: str, *contents: object) -> dict[str, object]:
    return {"role": role, "parts": [{"type": "text", "content": content} for content in contents]}


CHAT = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-4.1-mini",
    "gen_ai.response.finish_reasons": ["stop"],
    "gen_ai.usage.input_tokens": 120,
    "gen_ai.usage.output_tokens": 10,
    "gen_ai.input.messages": [
        message("system", "Be kind."),
        message("user", "Hello"),
        message("assistant", "Hi! What can I do?"),
        {"role": "assistant", "parts": [{"type": "tool_call", "name": "search"}]},
        message("user", "What does a transfer cost?"),
    ],
    "gen_ai.output.messages": [message("assistant", "Nothing.")],
}
RESOURCE = {"service.name": "bank", "deployment.environment.name": "staging"}


def span(house: House, span_id: str, attributes: object, trace_id: str = "t", resource: object = RESOURCE) -> None:
    with psycopg.connect(house.owner_dsn) as owner:
        owner.execute(
            "INSERT INTO otel_spans VALUES (%s, %s, %s, %s, %s, %s, %s)",
            (trace_id, span_id, AT, AT + timedelta(seconds=1.5), Jsonb(resource), Jsonb(attributes), AT),
        )


def test_a_span_is_read_in_our_words(otel: House) -> None:
    span(otel, "chat", CHAT)
    span(otel, "find", {"gen_ai.retrieval.documents": [{"content": "Transfers are free."}, {"content": "Cards cost."}]})
    span(otel, "embed", {"gen_ai.operation.name": "embeddings"})
    otel.run()
    assert otel.waiting() == {}
    (row,) = otel.interactions()
    expected = {
        "row_key": "t/chat",
        "interaction_id": "chat",
        "project": "bank",
        "environment": "staging",
        "user_input": "What does a transfer cost?",
        "response": "Nothing.",
        "history": [
            {"role": "user", "content": "Hello"},
            {"role": "assistant", "content": "Hi! What can I do?"},
        ],
        "retrieved_contexts": ["Transfers are free.", "Cards cost."],
        "input_tokens": 120,
        "cached_input_tokens": None,
        "latency_ms": 1500.0,
        "finish_reason": "stop",
        "error_type": None,
        "attributes": RESOURCE,
        "occurred_at": AT,
    }
    assert {word: row[word] for word in expected} == expected
    assert row["cost"] > 0


STRANGE: dict[str, tuple[dict[str, Any], set[str]]] = {
    "tokens-a-word": ({"gen_ai.usage.input_tokens": "many"}, {"types_readable"}),
    "messages-a-word": ({"gen_ai.input.messages": "hello"}, {"user_input_present"}),
    "messages-empty": ({"gen_ai.input.messages": []}, {"user_input_present"}),
    "messages-an-object": ({"gen_ai.input.messages": {"role": "user"}}, {"user_input_present"}),
    "question-a-number": ({"gen_ai.input.messages": [message("user", 5)]}, {"types_readable", "user_input_present"}),
    "answer-null": ({"gen_ai.output.messages": None}, {"response_present"}),
    "model-a-list": ({"gen_ai.request.model": ["a"]}, {"types_readable"}),
    "no-answer-and-why": ({"gen_ai.output.messages": None, "error.type": "timeout"}, set()),
    "one-message": ({"gen_ai.input.messages": [message("user", "Why?")]}, set()),
    "reasons-a-word": ({"gen_ai.response.finish_reasons": "stop"}, set()),
}


def test_a_span_that_is_not_what_it_should_be_harms_nobody_else(otel: House) -> None:
    for name, (changes, _) in STRANGE.items():
        span(otel, name, CHAT | changes)
    span(otel, "nowhere", CHAT, resource=["bank"])
    otel.run()
    expected = {f"t/{name}": names for name, (_, names) in STRANGE.items() if names}
    assert otel.waiting() == expected | {"t/nowhere": {"project_present", "types_readable"}}
    assert set(otel.ids()) == {name for name, (_, names) in STRANGE.items() if not names}


def test_messages_inside_a_string_are_unpacked_as_the_page_says(otel: House) -> None:
    (unpacking,) = (block for block in blocks("sql") if "IS JSON" in block)
    unpacked = otel.mapping.table.replace(UNPACKED, unpacking)
    assert unpacked != otel.mapping.table
    strings = dataclasses.replace(otel, mapping=otel.mapping.model_copy(update={"table": unpacked}))
    for name, text in {
        "good": '[{"role": "user", "parts": [{"type": "text", "content": "Why?"}]}]',
        "torn": '[{"role": "user", "par',
        "nul": '[{"role": "\\u0000"}]',
    }.items():
        span(strings, name, CHAT | {"gen_ai.input.messages": text})
    strings.run()
    assert strings.ids() == ["good"]
    assert strings.waiting() == {"t/torn": {"user_input_present"}, "t/nul": {"user_input_present"}}

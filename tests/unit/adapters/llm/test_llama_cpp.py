"""What llama-cpp-python's server (0.3.36) was heard to say, word for word, and what our client makes of it."""

from __future__ import annotations

from datetime import UTC, datetime

import orjson

from include.adapters.llm.answers import Refusal, read
from include.adapters.llm.dialect import Dialect, Shape
from include.domain.score import FailureType

NOW = datetime(2026, 11, 21, tzinfo=UTC)
UNREAD = """1 validation error:
  {'type': 'literal_error', 'loc': ('body', 'response_format', 'type'), \
'msg': "Input should be 'text' or 'json_object'", 'input': 'json_schema', \
'ctx': {'expected': "'text' or 'json_object'"}}

  File "site-packages/llama_cpp/server/app.py", line 376, in create_chat_completion
    POST /v1/chat/completions"""
TOO_LONG = (
    "This model's maximum context length is 4096 tokens. However, you requested 6051 tokens (6031 in the messages, 20 "
    "in the completion). Please reduce the length of the messages or completion."
)


def heard(status: int, error: dict[str, str | None]) -> Refusal:
    answer = read(status, {}, orjson.dumps({"error": error}), latency_ms=1.0, now=NOW)
    assert isinstance(answer, Refusal)
    return answer


def server_error(message: str) -> Refusal:
    return heard(500, {"message": message, "type": "internal_server_error", "param": None, "code": None})


def test_a_parameter_that_it_does_not_take_is_refused_with_status_500_and_still_teaches_the_dialect() -> None:
    answer = server_error(UNREAD)
    assert (answer.kind, answer.retryable) == (FailureType.REFUSED, False)
    learned = Dialect().learn(answer.complaint)
    assert learned is not None
    assert learned.shape is Shape.SCHEMA_IN_OBJECT


def test_any_other_500_of_its_is_a_passing_trouble() -> None:
    answer = server_error("llama_decode returned -3 for a text about a validation error: response_format")
    assert (answer.kind, answer.retryable) == (FailureType.SERVER_ERROR, True)


def test_a_text_that_is_too_long_for_its_context_fails_alone() -> None:
    error = {
        "message": TOO_LONG,
        "type": "invalid_request_error",
        "param": "messages",
        "code": "context_length_exceeded",
    }
    answer = heard(400, error)
    assert (answer.kind, answer.retryable) == (FailureType.REFUSED, False)
    assert Dialect().learn(answer.complaint) is None

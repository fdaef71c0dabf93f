"""What an endpoint sends is either a reply or a refusal of a named kind, whatever the bytes."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.adapters.llm.answers import read
from include.adapters.llm.refusals import Refusal, retry_after
from include.domain.llm import TAIL, LLMReply
from include.domain.score import FailureType, Usage

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def answer(status: int, body: object, headers: dict[str, str] | None = None) -> LLMReply | Refusal:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return read(status, headers or {}, content, latency_ms=5.0, now=NOW)


def completion(**message: Any) -> dict[str, Any]:
    return {"choices": [{"message": message, "finish_reason": "stop"}], "model": "m-1", "id": "c-1"}


def test_a_completion_is_read_with_all_that_it_tells() -> None:
    body = completion(content="yes") | {
        "usage": {
            "prompt_tokens": 9,
            "completion_tokens": 5,
            "prompt_tokens_details": {"cached_tokens": 4},
            "completion_tokens_details": {"reasoning_tokens": 3},
        }
    }
    found = answer(200, body, {"x-request-id": "r-1"})
    assert found == LLMReply("yes", "stop", Usage(9, 5, 4, 3), "m-1", "r-1", 5.0)


@pytest.mark.parametrize(
    ("message", "content", "finish_reason"),
    [
        ({"content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}, "ab", "stop"),
        ({"content": None}, "", "stop"),
        ({"content": None, "refusal": "I will not"}, "I will not", "refusal"),
    ],
)
def test_every_form_of_content_is_understood(message: dict[str, Any], content: str, finish_reason: str) -> None:
    found = answer(200, completion(**message))
    assert isinstance(found, LLMReply)
    assert (found.content, found.finish_reason, found.usage) == (content, finish_reason, None)


@pytest.mark.parametrize(
    ("status", "kind", "retryable"),
    [
        (301, FailureType.MISCONFIGURED, False),
        (400, FailureType.REFUSED, False),
        (401, FailureType.MISCONFIGURED, False),
        (402, FailureType.MISCONFIGURED, False),
        (403, FailureType.MISCONFIGURED, False),
        (404, FailureType.MISCONFIGURED, False),
        (408, FailureType.TIMEOUT, True),
        (409, FailureType.SERVER_ERROR, True),
        (413, FailureType.REFUSED, False),
        (422, FailureType.REFUSED, False),
        (429, FailureType.RATE_LIMITED, True),
        (500, FailureType.SERVER_ERROR, True),
        (502, FailureType.SERVER_ERROR, True),
        (503, FailureType.SERVER_ERROR, True),
        (529, FailureType.SERVER_ERROR, True),
    ],
)
def test_a_status_decides_what_kind_of_refusal_it_is(status: int, kind: FailureType, retryable: bool) -> None:
    found = answer(status, {"error": {"message": "no"}})
    assert isinstance(found, Refusal)
    assert (found.kind, found.retryable) == (kind, retryable)
    assert found.complaint == f"{status} no"


def test_an_account_without_credit_is_not_a_rate_limit() -> None:
    found = answer(429, {"error": {"message": "no credit", "code": "insufficient_quota"}})
    assert isinstance(found, Refusal)
    assert found.kind is FailureType.MISCONFIGURED


def test_a_gateway_that_wraps_an_error_into_status_200_is_seen_through() -> None:
    found = answer(200, {"error": {"message": "slow down", "code": 429}}, {"Retry-After": "7"})
    assert found == Refusal(FailureType.RATE_LIMITED, "429 slow down", True, 7.0, means=429, crowded=True)


TOKENS = [{"token": f"t{number}", "logprob": -0.5 * number, "bytes": []} for number in range(20)]


@pytest.mark.parametrize(
    ("logprobs", "tail"),
    [
        ({"content": TOKENS}, tuple((f"t{number}", -0.5 * number) for number in range(20 - TAIL, 20))),
        ({"content": TOKENS[:1]}, (("t0", 0.0),)),
        ({"content": None}, ()),
        ({"content": [{"token": "t"}]}, ()),
        ({"content": [7]}, ()),
        ({"content": {"odd": 1}}, ()),
        ({"tokens": ["legacy"], "token_logprobs": [-1.0]}, ()),
        ("odd", ()),
        (None, ()),
    ],
)
def test_of_log_probabilities_the_last_are_kept(logprobs: object, tail: tuple[tuple[str, float], ...]) -> None:
    body = completion(content="yes")
    body["choices"][0]["logprobs"] = logprobs
    found = answer(200, body)
    assert isinstance(found, LLMReply)
    assert (found.content, found.tail) == ("yes", tail)


@pytest.mark.parametrize(
    "body", [b"", b"<html>busy</html>", b"[]", b"{}", b'{"choices": []}', b"\xff\xfe", b'{"error": "odd"}', b"null"]
)
def test_garbage_with_status_200_is_worth_another_try(body: bytes) -> None:
    found = answer(200, body)
    assert isinstance(found, Refusal)
    assert (found.kind, found.retryable) == (FailureType.SERVER_ERROR, True)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "3"}, 3.0),
        ({"Retry-After-Ms": "250", "Retry-After": "3"}, 0.25),
        ({"Retry-After": "Fri, 20 Nov 2026 12:00:09 GMT"}, 9.0),
        ({"Retry-After": "Fri, 20 Nov 2026 11:00:00 GMT"}, 0.0),
        ({"Retry-After": "-4"}, 0.0),
        ({"Retry-After": "soon"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_honoured_in_each_of_its_forms(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers, NOW) == seconds


@given(
    st.integers(100, 599),
    st.binary(max_size=200)
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["error", "message", "code", "choices", "usage", "content"]), inner, max_size=4
            )
        ),
    ),
)
def test_no_bytes_break_the_reader(status: int, body: object) -> None:
    found = answer(status, body)
    assert isinstance(found, Refusal | LLMReply)

"""A row as a driver gives it becomes JSON that Postgres can hold, and what is wrong with it has a name."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.ingest.extract import MAX_DEPTH, clean, normalize

AT = datetime(2026, 11, 20, 5, tzinfo=UTC)
GOOD = {
    "row_key": "1",
    "logged_at": AT,
    "occurred_at": "2026-11-20 04:59:58.5+00",
    "interaction_id": "a",
    "retrieved_contexts": ["one", "two"],
    "history": [{"role": "user", "content": "hi"}],
    "input_tokens": 5,
    "latency_ms": 12.5,
    "attributes": {"channel": "web"},
}


def test_a_good_row_is_kept_as_it_is_and_its_moment_becomes_utc() -> None:
    row = normalize(GOOD | {"occurred_at": "2026-11-20 06:00:00+02"})
    assert row.malformed == ()
    assert row.raw["occurred_at"] == "2026-11-20T04:00:00+00:00"
    assert row.raw["retrieved_contexts"] == ["one", "two"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("occurred_at", "infinity"),
        ("occurred_at", "0044-03-15 00:00:00+00 BC"),
        ("occurred_at", "1732112520123"),
        ("occurred_at", "2026-11-20"),
        ("interaction_id", 5),
        ("response", {"text": "a"}),
        ("input_tokens", "5"),
        ("input_tokens", 5.5),
        ("input_tokens", True),
        ("input_tokens", 2**63),
        ("latency_ms", 10**400),
        ("latency_ms", Decimal("1e5000")),
        ("latency_ms", float("nan")),
        ("latency_ms", float("inf")),
        ("latency_ms", Decimal("NaN")),
        ("retrieved_contexts", "one"),
        ("retrieved_contexts", [1]),
        ("retrieved_contexts", {"a": "b"}),
        ("history", [{"role": "system", "content": "x"}]),
        ("history", [{"role": "user"}]),
        ("history", ["hi"]),
        ("attributes", ["web"]),
    ],
)
def test_a_field_of_a_wrong_type_is_named(field: str, value: object) -> None:
    assert normalize(GOOD | {field: value}).malformed == (field,)


@pytest.mark.parametrize("field", sorted(set(GOOD) - {"row_key", "logged_at"}))
def test_a_missing_field_is_not_a_malformed_one(field: str) -> None:
    assert normalize(GOOD | {field: None}).malformed == ()


def test_what_postgres_cannot_hold_is_replaced_and_the_rest_of_the_text_kept() -> None:
    assert clean("a\0b\ud800c 😀 שלום") == "a\ufffdb\ufffdc 😀 שלום"
    assert clean({"k\0": ["\0"]}) == {"k\ufffd": ["\ufffd"]}


@pytest.mark.parametrize("depth", [MAX_DEPTH + 1, 500, 100_000])
def test_hostile_nesting_is_kept_as_text_and_exhausts_nobodys_stack(depth: int) -> None:
    nested: object = "core"
    for _ in range(depth):
        nested = [nested]
    found = clean(nested)
    for _ in range(MAX_DEPTH):
        assert isinstance(found, list)
        found = found[0]
    assert isinstance(found, str)
    assert ("core" in found) == (depth < 1000)


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats()
        | st.text()
        | st.binary()
        | st.decimals()
        | st.datetimes(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text() | st.integers(), inner, max_size=3),
        max_leaves=8,
    )
)
def test_whatever_a_driver_returns_becomes_strict_json_without_nul(value: object) -> None:
    text = json.dumps(clean(value), allow_nan=False, ensure_ascii=False)
    text.encode()
    assert "\\u0000" not in json.dumps(clean(value)).replace("\\\\", "")

"""A row as the log has it goes in; clean JSON and the names of the fields whose type is wrong come out."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from include.domain.intake import StagedRow
from include.domain.interaction import Json, Window
from include.domain.ports import Intake, LogSource

MAX_INTEGER = 2**63 - 1  # Postgres's bigint
MAX_DEPTH = 32
"""JSON that is nested deeper is kept as text: hostile nesting must not exhaust any later reader's stack."""

UNSTORABLE = re.compile("[\0\ud800-\udfff]")
MOMENT = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d")
"""How a moment begins; Python alone would take some integers for one."""


def extract(run_id: str, window: Window, log: LogSource, intake: Intake) -> int:
    """Stage every row that was logged in the window, however many; returns how many there are."""
    return intake.stage(run_id, (normalize(row) for row in log.read(window)))


def normalize(row: Mapping[str, Any]) -> StagedRow:
    """The row as JSON that Postgres can hold, nothing lost but NUL and lone surrogates, which become U+FFFD."""
    raw = {word: clean(value) for word, value in row.items() if word not in ("row_key", "logged_at")}
    malformed = tuple(_malformed(raw))
    return StagedRow(row["row_key"], row["logged_at"], raw, malformed)


def clean(value: Any, depth: int = 0) -> Json:
    """The value as JSON; what JSON does not know (NaN, bytes, ranges) becomes text and so is seen to be wrong."""
    match value:
        case None | bool():
            return value
        case str():
            return UNSTORABLE.sub("\ufffd", value)
        case int():
            return value
        case float():
            return value if math.isfinite(value) else str(value)
        case Decimal() if value.is_finite() and value.adjusted() < 19:
            return int(value) if value == value.to_integral_value() else float(value)
        case datetime() | date():
            return value.isoformat()
        case Mapping() | list() | tuple() if depth == MAX_DEPTH:
            return _as_text(value)
        case Mapping():
            return {str(clean(str(key))): clean(item, depth + 1) for key, item in value.items()}
        case list() | tuple():
            return [clean(item, depth + 1) for item in value]
        case _:
            return clean(str(value))


def _as_text(value: Any) -> str:
    try:
        return json.dumps(value, default=str)
    except RecursionError:
        return "nested too deeply"


def _malformed(raw: dict[str, Json]) -> Iterator[str]:
    moment = _moment(raw.get("occurred_at"))
    if moment is not None:
        raw["occurred_at"] = moment
    elif raw.get("occurred_at") is not None:
        yield "occurred_at"
    for word, is_right in _TYPES.items():
        value = raw.get(word)
        if value is not None and not is_right(value):
            yield word


def _moment(value: Json) -> str | None:
    """ISO 8601 in UTC, or None for what is no moment."""
    if not MOMENT.match(str(value)):
        return None
    try:
        told = datetime.fromisoformat(str(value))
        return told.replace(tzinfo=told.tzinfo or UTC).astimezone(UTC).isoformat()
    except (ValueError, OverflowError):
        return None


def _is_text(value: Json) -> bool:
    return isinstance(value, str)


def _is_count(value: Json) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= MAX_INTEGER


def _is_number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= MAX_INTEGER


def _is_texts(value: Json) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _is_turns(value: Json) -> bool:
    return isinstance(value, list) and all(
        isinstance(turn, dict) and turn.get("role") in ("user", "assistant") and isinstance(turn.get("content"), str)
        for turn in value
    )


def _is_object(value: Json) -> bool:
    return isinstance(value, dict)


_TYPES: dict[str, Callable[[Json], bool]] = {
    **dict.fromkeys(
        ("interaction_id", "project", "environment", "conversation_id", "user_input", "response"), _is_text
    ),
    **dict.fromkeys(("reference", "provider_name", "request_model", "response_model", "prompt_version"), _is_text),
    **dict.fromkeys(("finish_reason", "error_type", "billed_currency"), _is_text),
    **dict.fromkeys(("input_tokens", "output_tokens", "cached_input_tokens", "reasoning_tokens"), _is_count),
    **dict.fromkeys(("cache_write_tokens", "input_audio_tokens", "output_audio_tokens", "images"), _is_count),
    **dict.fromkeys(("latency_ms", "billed_cost"), _is_number),
    "retrieved_contexts": _is_texts,
    "history": _is_turns,
    "attributes": _is_object,
}

"""What a model replied to RAGAS goes in; what it says of each statement comes out, if it says so in the way agreed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel

from include.domain.score import Statement
from include.domain.vector import unpacked
from include.judges.reply import Malformed

MARKS = ("verdict", "attributed", "noncommittal")
"""What RAGAS calls a 0 or 1; it checks neither that it is one nor that there are as many as it asked for."""


def marks(reply: BaseModel, asked: Mapping[str, Any]) -> list[Statement]:
    """What the reply says of each thing that was `asked` about; none where it only takes a text apart.

    Raises `Malformed` where something is neither 0 nor 1, or where there are not as many as statements.
    """
    found = [(part, getattr(part, name)) for part in parts(reply) for name in MARKS if hasattr(part, name)]
    if any(value not in (0, 1) for _, value in found):
        raise Malformed("a verdict is neither 0 nor 1")
    statements = asked.get("statements")
    if statements is not None and len(found) != len(statements):
        raise Malformed(f"{len(found)} verdicts on {len(statements)} statements")
    if "context" in asked and not found:
        raise Malformed("there is no verdict")
    if not getattr(reply, "question", "?").strip():
        raise Malformed("there is no question")
    return [_mark(part, value) for part, value in found]


def vector(content: str) -> list[float]:
    """A packed vector that has a direction; raises `Malformed`."""
    try:
        found = unpacked(content)
    except ValueError:
        raise Malformed("it is no vector") from None
    if not any(found):
        raise Malformed("the vector has no direction")
    return found


def parts(reply: BaseModel) -> Sequence[Any]:
    """What the reply lists, or the reply itself where it lists nothing."""
    lists = [value for _, value in reply if isinstance(value, list)]
    return lists[0] if lists else [reply]


def _mark(part: Any, value: int) -> Statement:
    evasive = hasattr(part, "noncommittal")
    text: str = getattr(part, "statement", "") or getattr(part, "question", "")
    return Statement(text, getattr(part, "reason", ""), bool(value) is not evasive)

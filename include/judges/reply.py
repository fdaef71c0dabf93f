"""The text of a model's reply goes in; an instance of a pydantic model comes out, and nothing that is not one."""

from __future__ import annotations

import json
import re
from typing import TypeVar

from pydantic import BaseModel, ValidationError

PARSER_VERSION = 2
"""Raised whenever the same reply can be read differently; part of every judge's epoch."""

M = TypeVar("M", bound=BaseModel)

_THOUGHT = re.compile(r"\A\s*<think>.*?</think>", re.DOTALL)
_CODE_BLOCK = re.compile(r"\A```(?:json)?[ \t]*\n(.*)\n```\Z", re.DOTALL)


class Malformed(ValueError):
    """A reply is not what was asked for; the message says why, in words that help its author.

    It holds nothing of the reply, which may quote the text that is judged: its author is told it outside of fences.
    """


def parse(content: str, model: type[M]) -> M:
    """The reply as `model`: one JSON object, alone, at most in a code block or after a `<think>` block.

    An object inside prose is not accepted: it may be a quotation of the text that is judged. Raises `Malformed`.
    """
    text = _THOUGHT.sub("", content, count=1).strip()
    block = _CODE_BLOCK.match(text)
    try:
        found = json.loads(block[1] if block else text, object_pairs_hook=_once_each, parse_constant=_no_number)
        return model.model_validate(found, strict=True, extra="forbid")
    except ValidationError as error:
        raise Malformed(_told(error)) from None
    except RecursionError:
        raise Malformed("it is nested too deeply") from None
    except ValueError as error:
        raise Malformed(f"it is not one JSON object and nothing else: {error}") from None


def _told(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    *place, last = "the reply", *first["loc"]
    if first["type"] == "extra_forbidden":
        return f"{'.'.join(map(str, place))}: it has a key that was not asked for"
    return f"{'.'.join(map(str, [*place, last]))}: {first['msg']}"


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no JSON")


def _once_each(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice")
    return found

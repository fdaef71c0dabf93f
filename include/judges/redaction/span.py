"""A part of a text that is to be hidden."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Span:
    """`text[start:end]`; `value` is the same however it is written."""

    start: int
    end: int
    value: str


Finder = Callable[[str], Iterator[Span]]
"""Spans of a text in order, none within another; takes time in proportion to the text, whatever it holds."""

"""Enters: a statement with slots. Leaves: its true text, or the same text with a wrong number or condition.

`{14|30}` is a number and what a wrong answer says instead; `[may|may not]` a condition and its contradiction.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from random import Random
from typing import Literal

Slot = Literal["number", "condition"]

NUMBER = re.compile(r"\{([^{}|]+)\|([^{}|]+)\}")
CONDITION = re.compile(r"\[([^\[\]|]+)\|([^\[\]|]+)\]")
REFERS_BACK = re.compile(r"(Yes|No|It|That|They|Such|Only|Ja|Nein|Er|Es|Sie (ist|kostet|sind))\b")
VALUE = re.compile(r"\w*\d(?:[\d.,:]*\d)?\w*")
PATTERNS: dict[Slot, re.Pattern[str]] = {"number": NUMBER, "condition": CONDITION}


@dataclass(frozen=True)
class Statement:
    """One or two sentences about a fact; `template` holds the slots.

    It answers every question that the fact is asked by, or `only` those with these numbers.
    """

    template: str
    only: frozenset[int] = frozenset()

    @cached_property
    def true(self) -> str:
        """The text as the knowledge base has it."""
        return _fill(self.template)

    @cached_property
    def stands_alone(self) -> bool:
        """Whether it can be said without having been asked: it answers everything, and says what it is about."""
        return not self.only and REFERS_BACK.match(self.true) is None

    def has(self, slot: Slot) -> bool:
        """Whether the statement can be made wrong in this way."""
        return PATTERNS[slot].search(self.template) is not None

    def wrong(self, slot: Slot, rng: Random) -> Distortion:
        """The text with one slot of this kind wrong. Raises IndexError if it has none."""
        match = rng.choice(list(PATTERNS[slot].finditer(self.template)))
        text = self.template[: match.start()] + match[2] + self.template[match.end() :]
        return Distortion(_fill(text), tuple(wrong_values(match[0])))

    @cached_property
    def all_wrong(self) -> Distortion:
        """The text with every slot wrong."""
        text = CONDITION.sub(r"\2", NUMBER.sub(r"\2", self.template))
        return Distortion(text, tuple(wrong_values(self.template)))


@dataclass(frozen=True, slots=True)
class Distortion:
    """A wrong text, and the values in it that make a number wrong."""

    text: str
    wrong_numbers: tuple[str, ...]


def wrong_values(template: str) -> Iterator[str]:
    """What is wrong in each number slot: the numbers that differ, or the whole text where only a word does."""
    for true, wrong in NUMBER.findall(template):
        different = [value for value in VALUE.findall(wrong) if value not in VALUE.findall(true)]
        yield from different or [wrong]


def _fill(template: str) -> str:
    return CONDITION.sub(r"\1", NUMBER.sub(r"\1", template))

"""What keeps an alert from being told for a while: silences that people make, matched by labels as in Alertmanager."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from include.errors import SilenceRefused

MAX_PATTERN = 200
SYNTAX = re.compile(r"([A-Za-z_]\w*)\s*(=~|!~|!=|=)\s*(.*)", re.DOTALL)


class Operator(StrEnum):
    """How a label's value is compared; patterns match the whole value."""

    EQUAL = "="
    NOT_EQUAL = "!="
    MATCH = "=~"
    NO_MATCH = "!~"


@dataclass(frozen=True, slots=True)
class Matcher:
    """One condition on a label; a label that is missing is the empty text."""

    label: str
    operator: Operator
    value: str

    def __str__(self) -> str:
        return f"{self.label}{self.operator}{shlex.quote(self.value) if self.value else ''}"

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether the labels meet it."""
        found = labels.get(self.label, "")
        match self.operator:
            case Operator.EQUAL:
                return found == self.value
            case Operator.NOT_EQUAL:
                return found != self.value
            case Operator.MATCH:
                return re.fullmatch(self.value, found) is not None
            case Operator.NO_MATCH:
                return re.fullmatch(self.value, found) is None


@dataclass(frozen=True, slots=True)
class Silence:
    """Keeps alerts that all `matchers` match from being told, within `[starts_at, ends_at)`."""

    silence_id: int
    matchers: tuple[Matcher, ...]
    starts_at: datetime
    ends_at: datetime
    author: str
    comment: str

    def mutes(self, labels: Mapping[str, str], now: datetime) -> bool:
        """Whether it holds now and matches."""
        return self.starts_at <= now < self.ends_at and all(matcher.matches(labels) for matcher in self.matchers)


def parse_matchers(text: str) -> tuple[Matcher, ...]:
    """Matchers as people write them, `project=bank alertname=~composite.*`; quotes hold values with blanks.

    Raises `SilenceRefused` as `checked` does, and where the text cannot be read.
    """
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise SilenceRefused(f"matchers {text!r}: {error}. Remedy: close the quotes") from None
    found = []
    for word in words:
        parts = SYNTAX.fullmatch(word)
        if parts is None:
            raise SilenceRefused(f"matcher {word!r} is not label=value. Remedy: use =, !=, =~ or !~, without blanks")
        found.append(Matcher(parts[1], Operator(parts[2]), parts[3]))
    return checked(found)


def checked(matchers: Sequence[Matcher]) -> tuple[Matcher, ...]:
    """The matchers, where they can be used; raises `SilenceRefused`, one line.

    At least one of them must need something of a label: a silence of everything is a mistake.
    """
    for matcher in matchers:
        if matcher.operator in (Operator.MATCH, Operator.NO_MATCH):
            _check_pattern(matcher)
    if all(matcher.matches({}) for matcher in matchers):
        raise SilenceRefused("the matchers would silence everything. Remedy: name a label, such as project=bank")
    return tuple(matchers)


def _check_pattern(matcher: Matcher) -> None:
    if len(matcher.value) > MAX_PATTERN:
        raise SilenceRefused(f"matcher {matcher.label}: a pattern has at most {MAX_PATTERN} characters")
    try:
        re.compile(matcher.value)
    except re.error as error:
        raise SilenceRefused(f"matcher {matcher}: {error}. Remedy: mend the pattern") from None

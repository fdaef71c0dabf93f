"""Personal data and keys of an interaction go in; typed, numbered placeholders, and the way back, come out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from include.domain.interaction import Interaction, Json, Turn
from include.errors import ConfigError
from include.judges.redaction.accounts import cards, ibans
from include.judges.redaction.credentials import credentials
from include.judges.redaction.emails import emails
from include.judges.redaction.names import presidio
from include.judges.redaction.phones import phones
from include.judges.redaction.span import Finder, Span

VERSION = 1
"""Raised whenever something else is hidden, or hidden differently; part of the epoch of a judge that redacts."""

KINDS: Mapping[str, Finder] = {
    "secret": credentials,
    "email": emails,
    "iban": ibans,
    "card": cards,
    "phone": phones,
}
"""In the order in which they are looked for: what one has hidden, the next does not see."""

NAME = "name"
"""The kind that needs Presidio; looked for last."""

NOTICE = (
    "Some values were replaced by placeholders before you see them: <email-1> stands for an e-mail address, and "
    "likewise <phone-1>, <iban-1>, <card-1>, <secret-1>, <name-1>. The same placeholder is the same value wherever it "
    "stands, another number is another value, and <phone-1.2> is <phone-1> written in another way. A placeholder is no "
    "fault of the text that it stands in."
)
"""For the constant part of the prompt of a judge that redacts."""

_NUMBERS = frozenset(["iban", "card", "phone"])
_DIGIT = re.compile("[0-9]")
_OTHER_DIGITS = re.compile("[\u0660-\u0669\u06f0-\u06f9\u0966-\u096f\uff10-\uff19]")
_PLAIN = {zero + digit: str(digit) for zero in (0x660, 0x6F0, 0x966, 0xFF10) for digit in range(10)}
_PLACEHOLDER = re.compile(r"<[a-z]{4,6}-[0-9]{1,9}(?:\.[0-9]{1,9})?>")


@dataclass(frozen=True, slots=True)
class Restore:
    """Puts back what the placeholders stand for."""

    values: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, text: str) -> str:
        """The text in the log's own words; placeholders that were not given out stay as they are."""
        if not self.values:
            return text
        return _PLACEHOLDER.sub(lambda found: self.values.get(found[0], found[0]), text)


class Redactor:
    """Hides the values of those of `KINDS`; `counts` says how many of each so far, over all interactions.

    The same interaction always gets the same placeholders. One that its text already holds is never given out.
    """

    def __init__(self, kinds: Collection[str], names: tuple[Finder, str] | None = None) -> None:
        """`names` finds the names of people, with its version; by default Presidio does, if they are wanted.

        Raises `ConfigError` for a kind that is not known, or names without Presidio.
        """
        if unknown := sorted(set(kinds) - {*KINDS, NAME}):
            raise ConfigError(f"redact: {', '.join(unknown)}: choose of {', '.join([*KINDS, NAME])}")
        self._finders = {kind: find for kind, find in KINDS.items() if kind in kinds}
        self._names = ""
        if NAME in kinds:
            self._finders[NAME], self._names = names or presidio()
        self.counts: Counter[str] = Counter()
        self._last: tuple[Interaction, Interaction, Restore] | None = None

    @property
    def parts(self) -> dict[str, Json]:
        """What belongs into the epoch of a judge."""
        return {"redaction": [VERSION, *self._finders, self._names]} if self._finders else {}

    @property
    def notice(self) -> str:
        """What the judge is told of it; "" where nothing is hidden."""
        return NOTICE if self._finders else ""

    def __call__(self, interaction: Interaction) -> tuple[Interaction, Restore]:
        """The interaction as a judge may see it; several judges of one in a row cost one search."""
        if not self._finders:
            return interaction, Restore()
        if self._last is None or self._last[0] is not interaction:
            texts = _texts(interaction)
            if any(_finds(self._finders, text) for text in texts):
                hiding = _Hiding(self._finders, texts)
                self._last = interaction, _mapped(interaction, hiding), Restore(hiding.values)
                self.counts.update(hiding.counts)
            else:  # as most are
                self._last = interaction, interaction, Restore()
        return self._last[1:]


def _finds(finders: Mapping[str, Finder], text: str) -> bool:
    seen = _with_plain_digits(text)
    return any(True for _, find in _due(finders, seen) for _ in find(seen))


def _due(finders: Mapping[str, Finder], text: str) -> Iterator[tuple[str, Finder]]:
    """The finders that may find something in a text with plain digits."""
    numberless = not _DIGIT.search(text)
    return ((kind, find) for kind, find in finders.items() if not (numberless and kind in _NUMBERS))


class _Hiding:
    """The placeholders of one interaction."""

    def __init__(self, finders: Mapping[str, Finder], texts: Sequence[str]) -> None:
        self._finders = finders
        self._planted = {found for text in texts if "<" in text for found in _PLACEHOLDER.findall(text)}
        self._spellings: dict[tuple[str, str], dict[str, str]] = {}
        self.counts: Counter[str] = Counter()
        self.values: dict[str, str] = {}

    def __call__(self, text: str) -> str:
        seen = _with_plain_digits(text)
        for kind, find in _due(self._finders, seen):
            pieces, last = [], 0
            for span in find(seen):
                pieces += [text[last : span.start], self._placeholder(kind, text, span)]
                last = span.end
            if pieces:
                text = "".join([*pieces, text[last:]])
                seen = _with_plain_digits(text)
        return text

    def _placeholder(self, kind: str, text: str, span: Span) -> str:
        spellings = self._spellings.setdefault((kind, span.value), {})
        written = text[span.start : span.end]
        if written not in spellings:
            spellings[written] = given = self._new(kind, next(iter(spellings.values()), None))
            self.values[given] = written
        return spellings[written]

    def _new(self, kind: str, first: str | None) -> str:
        """A placeholder that was not given out and that nobody planted; of a value that has one, another spelling."""
        number = 2
        if first is None:
            self.counts[kind] += 1
            number = self.counts[kind]
        while True:
            given = f"<{kind}-{number}>" if first is None else f"{first[:-1]}.{number}>"
            if given not in self._planted and given not in self.values:
                return given
            number += 1


def _with_plain_digits(text: str) -> str:
    """The text, character by character, with Arabic, Persian, Indian and full-width digits as ASCII's."""
    return text.translate(_PLAIN) if not text.isascii() and _OTHER_DIGITS.search(text) else text


def _texts(interaction: Interaction) -> list[str]:
    others = interaction.attributes.get("other_references")
    turns = (part for turn in interaction.history for part in (turn.role, turn.content))
    return [
        interaction.user_input,
        interaction.response,
        *interaction.retrieved_contexts,
        interaction.reference or "",
        *turns,
        *(one for one in (others if isinstance(others, list) else []) if isinstance(one, str)),
    ]


def _mapped(interaction: Interaction, change: Callable[[str], str]) -> Interaction:
    """The interaction with each text changed that a judge may see."""
    return replace(
        interaction,
        user_input=change(interaction.user_input),
        response=change(interaction.response),
        retrieved_contexts=tuple(map(change, interaction.retrieved_contexts)),
        reference=None if interaction.reference is None else change(interaction.reference),
        history=tuple(Turn(change(turn.role), change(turn.content)) for turn in interaction.history),
        attributes=_with_references(interaction.attributes, change),
    )


def _with_references(attributes: Mapping[str, Json], change: Callable[[str], str]) -> Mapping[str, Json]:
    others = attributes.get("other_references")
    if not isinstance(others, list):
        return attributes
    return {**attributes, "other_references": [change(one) if isinstance(one, str) else one for one in others]}

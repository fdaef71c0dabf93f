"""Texts go in; their sentences come out, and of them the one that shares most words with what is looked for.

A rare word tells up to twice as much as one that is everywhere. The work is bounded whatever is put in.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from math import log

from include.judges.offline.text import Kind, guess_language, read

READ = 100_000
"""Characters of all texts in which something is looked for."""
CANDIDATES = 200
"""Sentences that are looked at for one statement, those with its rarest words first."""
HINT = 0.5
"""What words that only hint at the place count beside those that are looked for."""

_ABBREVIATIONS = (r"[^\W\d]", "Dr", "Mr", "Mrs", "Ms", "St", "No", "Nr", "ca", "vs")
_STOP = "".join(rf"(?<!\b{word})" for word in _ABBREVIATIONS) + r"\."
_GOES_ON = r"[a-z\s]|(?:Jan|Feb|Mär|Apr|Mai|Jun|Jul|Aug|Sep|Okt|Nov|Dez)"  # as in "am 1. Mai"
PIECE = re.compile(rf".+?(?:(?:{_STOP}|[!?؟:])[\"'”»)]?\s+(?!{_GOES_ON})|[。！？]|\n+|$)", re.DOTALL)

Place = tuple[int, int]
"""Which text, and which of its pieces."""


def pieces(text: str) -> Iterator[str]:
    """The text in sentences and lines, every character of it; a number that only counts them stays with its own."""
    start = 0
    for match in PIECE.finditer(text):
        piece = match.group()
        if piece.endswith("\n") or any(map(str.isalpha, piece)):
            yield text[start : match.end()]
            start = match.end()
    if start < len(text):
        yield text[start:]


@dataclass(frozen=True, slots=True)
class Words:
    """A text's words but for function words, each in one form; `plain` are those without numbers, if there are any."""

    keys: frozenset[str]
    plain: frozenset[str]

    @classmethod
    def of(cls, text: str, language: str) -> Words:
        """Those of a text in that language."""
        words = [word for sentence in read(text, language).sentences for word in sentence.content]
        keys = frozenset(word.key for word in words)
        return cls(keys, frozenset(word.key for word in words if word.kind is not Kind.NUMBER) or keys)


class Sentences:
    """Texts of one language in pieces, which are found by their words."""

    def __init__(self, texts: Sequence[str], language: str) -> None:
        self.texts: list[list[str]] = []
        self._keys: dict[Place, frozenset[str]] = {}
        self._places: dict[str, list[Place]] = {}
        self._taken: Counter[Place] = Counter()
        left = READ
        for number, text in enumerate(texts):
            parts = list(pieces(text[:left]))
            for index, part in enumerate(parts):
                self._note((number, index), Words.of(part, language).keys)
            self.texts.append([*parts, text[left:]])
            left = max(0, left - len(text))
        count = len(self._keys)
        rare = {key: log(count / len(places)) / log(count) if count > 1 else 0 for key, places in self._places.items()}
        self._weights = {key: 1 + share for key, share in rare.items()}

    def closest(self, wanted: frozenset[str], hints: frozenset[str] = frozenset(), *, at_least: float) -> Place | None:
        """The place that shares most, of equals the one that was named least, then the first; None below `at_least`."""
        shares = {
            place: round(self._share(wanted, place) + HINT * self._share(hints, place), 9)
            for place in self._candidates(wanted | hints)
        }
        best = max(shares, key=lambda place: (shares[place], -self._taken[place], -place[0], -place[1]), default=None)
        if best is None or shares[best] < at_least:
            return None
        self._taken[best] += 1
        return best

    def _share(self, keys: frozenset[str], place: Place) -> float:
        shared = self._weight(keys & self._keys[place])
        return shared / self._weight(keys) if shared else 0.0

    def _note(self, place: Place, keys: frozenset[str]) -> None:
        self._keys[place] = keys
        for key in keys:
            self._places.setdefault(key, []).append(place)

    def _candidates(self, wanted: frozenset[str]) -> Collection[Place]:
        found: dict[Place, None] = {}
        known = (self._places[key] for key in sorted(wanted) if key in self._places)
        for places in sorted(known, key=len):
            found |= dict.fromkeys(places[: CANDIDATES - len(found)])
        return found

    def _weight(self, keys: frozenset[str]) -> float:
        """The sum of from 1 for a word of every piece to 2 for one of a single piece or of none."""
        return sum(self._weights.get(key, 2.0) for key in keys)


def language_of(text: str, fallback: str = "und") -> str:
    """What a text is written in, or the fallback where that is not clear."""
    found, _ = guess_language(text)
    return fallback if found == "und" else found

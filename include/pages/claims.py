"""What RAGAS wrote of an answer's statements goes in; the passages come out, marked where they speak of each.

RAGAS leaves with a score how many statements the passages bear out, and the first of those that they do not, with the
reason. The other statements are taken to be the answer's own sentences. Which sentence of a passage speaks of a
statement is nobody's verdict: it is the one that shares most of its words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from include.judges.offline.text import read

ALL_BORNE_OUT = re.compile(r"The passages bear out all \d+ statements\.")
SOME_NOT = re.compile(r"\d+ of \d+ statements are not borne out by the passages: (?P<told>.*)\.", re.DOTALL)
MORE = re.compile(r"; and \d+ more$")
PIECE = re.compile(r".+?(?:[.!?؟:][\"'”»)]?\s+|[。！？]|\n+|$)", re.DOTALL)

READ = 100_000
"""Characters of passages in which the claims are looked for."""
SAME = 0.5
"""The share of a statement's words by which the answer's sentence that it was taken from is known."""
SUPPORTS, SPEAKS_OF = 0.5, 0.3
"""The share of a statement's words that a sentence of a passage holds: to be shown as support, as against it."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A statement of the answer, whether the passages bear it out, and why not; `number` is how it is marked."""

    number: int
    text: str
    borne_out: bool
    reason: str = ""
    found: bool = True
    """Whether a passage speaks of it."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a passage with the claims that it speaks of."""

    text: str
    claims: tuple[Claim, ...] = ()

    @property
    def kind(self) -> str:
        """`against` where one of them is not borne out, else `for`; "" where it speaks of none."""
        if not self.claims:
            return ""
        return "for" if all(claim.borne_out for claim in self.claims) else "against"


@dataclass(frozen=True, slots=True)
class Borne:
    """The answer's claims and the passages in pieces; `is_partial` where RAGAS named not all that it refused."""

    claims: tuple[Claim, ...]
    passages: tuple[tuple[Piece, ...], ...]
    is_partial: bool = False


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What RAGAS refused: statements and reasons."""

    refused: tuple[tuple[str, str], ...] = field(default=())
    is_partial: bool = False


def claims_of(answer: str, contexts: Sequence[str], explanation: str) -> Borne | None:
    """The claims with their places in the passages; None where the explanation does not tell of statements."""
    verdicts = verdicts_of(explanation)
    if verdicts is None:
        return None
    passages = [list(pieces(context)) for context in contexts]
    places, left = {}, READ
    for passage, parts in enumerate(passages):
        for place, piece in enumerate(parts):
            left -= len(piece)
            if left >= 0 and piece.strip():
                places[passage, place] = keys(piece)
    marked: dict[tuple[int, int], list[Claim]] = {}
    claims: list[Claim] = []
    for text, borne_out, reason in _statements(answer, verdicts):
        where, shared = _closest(keys(text), places)
        found = where is not None and shared >= (SUPPORTS if borne_out else SPEAKS_OF)
        if borne_out and not found:  # RAGAS may never have taken this sentence for a statement
            continue
        claim = Claim(len(claims) + 1, text, borne_out, reason, found)
        claims.append(claim)
        if where is not None and found:
            marked.setdefault(where, []).append(claim)
    told = tuple(
        tuple(Piece(piece, tuple(marked.get((passage, place), ()))) for place, piece in enumerate(parts))
        for passage, parts in enumerate(passages)
    )
    return Borne(tuple(claims), told, verdicts.is_partial)


def verdicts_of(explanation: str) -> Verdicts | None:
    """What RAGAS said of the statements, as `include.judges.ragas_metrics` words it; None of other words."""
    if ALL_BORNE_OUT.match(explanation):
        return Verdicts()
    if not (some := SOME_NOT.match(explanation)):
        return None
    told, more = MORE.subn("", some["told"])
    refused = (one.partition('" (') for one in told.removeprefix('"').removesuffix(")").split('); "'))
    return Verdicts(tuple((text, reason) for text, _, reason in refused), bool(more))


def pieces(text: str) -> Iterator[str]:
    """The text in sentences, every character of it."""
    return (match.group() for match in PIECE.finditer(text))


def keys(text: str) -> frozenset[str]:
    """Its words but for function words, each in one form."""
    return frozenset(word.key for sentence in read(text).sentences for word in sentence.content)


def _statements(answer: str, verdicts: Verdicts) -> Iterator[tuple[str, bool, str]]:
    """The refused ones, then those sentences of the answer that are none of them, unless not all refusals are told."""
    yield from ((text, False, reason) for text, reason in verdicts.refused)
    if verdicts.is_partial:
        return
    refused = [keys(text) for text, _ in verdicts.refused]
    for sentence in map(str.strip, pieces(answer)):
        words = keys(sentence)
        if words and not sentence.endswith("?") and not any(_shared(one, words) >= SAME for one in refused):
            yield sentence, True, ""


def _closest(
    wanted: frozenset[str], places: dict[tuple[int, int], frozenset[str]]
) -> tuple[tuple[int, int] | None, float]:
    """The first of the places that share most words, and the share of `wanted` in [0, 1]."""
    best = max(places, key=lambda place: _shared(wanted, places[place]), default=None)
    return best, 0.0 if best is None else _shared(wanted, places[best])


def _shared(wanted: frozenset[str], words: frozenset[str]) -> float:
    return len(wanted & words) / len(wanted) if wanted else 0.0

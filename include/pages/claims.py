"""What a judge said of an answer's statements goes in; answer and passages come out, marked where they speak of each.

Where a statement stands is nobody's verdict: it is the sentence that shares most of its words. Of a statement that is
not borne out, numbers are left aside in the passages, since it may be the number that they contradict; what the judge
gave as its reason leads to the place as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from include.domain.score import Statement
from include.pages.sentences import Place, Sentences, Words, language_of

SAME = 0.5
"""The share of a statement's words by which the answer's sentence that it was taken from is known."""
SUPPORTS, SPEAKS_OF = 0.4, 0.3
"""The share of a statement's words that a sentence of a passage holds: to be shown as support, as against it.

Half the share of the reason's words is added.
"""


@dataclass(frozen=True, slots=True)
class Claim:
    """A statement of the answer, whether the passages bear it out, and why not; `number` is how it is marked.

    `is_said` tells whether its place in the answer was found; `passage` counts from 1, None where none speaks of it.
    """

    number: int
    text: str
    borne_out: bool
    reason: str = ""
    is_said: bool = True
    passage: int | None = None


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a text with the claims that it speaks of."""

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
    """The answer's claims; the answer and the passages in pieces."""

    claims: tuple[Claim, ...]
    answer: tuple[Piece, ...]
    passages: tuple[tuple[Piece, ...], ...]


def claims_of(statements: Sequence[Statement], answer: str, contexts: Sequence[str]) -> Borne:
    """The statements with their places in the answer and in the passages."""
    written = language_of(" ".join(context[:200] for context in contexts))
    spoken = language_of(answer, written)
    said, held = Sentences([answer], spoken), Sentences(contexts, written)
    claims, in_answer, in_passages = [], _Marked(), _Marked()
    for number, one in enumerate(statements, start=1):
        words, hints = Words.of(one.text, spoken), Words.of(one.reason, spoken)
        source = said.closest(words.keys, at_least=SAME)
        wanted = words.keys if one.good else words.plain
        place = held.closest(wanted, hints.keys, at_least=SUPPORTS if one.good else SPEAKS_OF)
        passage = None if place is None else place[0] + 1
        claim = Claim(number, one.text, one.good, one.reason, source is not None, passage)
        claims.append(claim)
        in_answer.add(source, claim)
        in_passages.add(place, claim)
    (told,), passages = in_answer.shown(said), in_passages.shown(held)
    return Borne(tuple(claims), told, passages)


class _Marked:
    """Claims by place."""

    def __init__(self) -> None:
        self._claims: dict[Place, list[Claim]] = {}

    def add(self, place: Place | None, claim: Claim) -> None:
        if place is not None:
            self._claims.setdefault(place, []).append(claim)

    def shown(self, sentences: Sentences) -> tuple[tuple[Piece, ...], ...]:
        """The texts in pieces, those that nothing is said of put together."""
        return tuple(tuple(_joined(self._claims, number, parts)) for number, parts in enumerate(sentences.texts))


def _joined(marked: Mapping[Place, Sequence[Claim]], number: int, parts: Sequence[str]) -> Iterator[Piece]:
    for index, group in groupby(range(len(parts)), key=lambda index: index if (number, index) in marked else None):
        text = "".join(parts[one] for one in group)
        if text:
            yield Piece(text, tuple(marked[number, index]) if index is not None else ())

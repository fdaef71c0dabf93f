"""In go a sentence and the evidence; out comes how far the evidence bears it out, and what is wrong with it."""

import math
from collections.abc import Iterator, Set
from dataclasses import dataclass

from include.judges.offline.evidence import Evidence, negated_words, neighbours
from include.judges.offline.lexicon import Lexicon
from include.judges.offline.opinion import quote
from include.judges.offline.text import Kind, Sentence, Word

EVEN_SHARE = 0.4
"""A sentence of which this share of words is in the evidence is as likely borne out as not: a fair paraphrase
keeps somewhat less than half of the words."""
STEEPNESS = 12.0
"""The slope at EVEN_SHARE: from 0.2 of the words found to 0.6, belief goes from 8 % to 92 %."""
ALIGNMENT_WEIGHT = 0.2
"""What hangs on the words standing together in the evidence as they do in the sentence."""
VIOLATION_FACTOR = 0.5
"""Each wrong number, unknown name and contradiction halves what the sentence is worth."""
ALIGNED_SHARE = 0.25
"""A sentence and its closest sentence of evidence speak of one thing from this share of common words on."""
HEADING_SHARE = 0.6
"""Where more of the words have a capital, they are a heading's and no names."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence, its support in [0, 1], its violations in words, and the words that the evidence lacks."""

    sentence: Sentence
    support: float
    violations: tuple[str, ...]
    missing: tuple[str, ...]

    @property
    def weight(self) -> int:
        """How many content words the sentence has."""
        return len(self.sentence.content)


def examine(sentence: Sentence, evidence: Evidence, words_of: Lexicon, given: Set[str] = frozenset()) -> Claim:
    """Compare one sentence that has content words with the evidence; `given` are keys that need no evidence."""
    content = sentence.content
    missing = tuple(word.surface for word in content if word.key not in evidence.keys)
    found = 1 - len(missing) / len(content)
    closest, shared = evidence.closest(word.key for word in content)
    pairs = list(neighbours(sentence))
    together = sum(pair in evidence.pairs for pair in pairs) / len(pairs) if pairs else found
    belief = 1 / (1 + math.exp(-STEEPNESS * (found - EVEN_SHARE)))
    aligned = 1 - ALIGNMENT_WEIGHT * (1 - (shared + together) / 2)
    violations = [*_unknown(sentence, evidence, given), *_opposed(sentence, evidence, words_of, given)]
    if closest is not None and shared >= ALIGNED_SHARE:
        violations += _denied(sentence, closest, evidence)
    return Claim(sentence, belief * aligned * VIOLATION_FACTOR ** len(violations), tuple(violations), missing)


def mean_support(claims: list[Claim]) -> float:
    """The mean of the claims' support by number of content words, so that a heading counts less than a paragraph."""
    return sum(claim.support * claim.weight for claim in claims) / sum(claim.weight for claim in claims)


def _unknown(sentence: Sentence, evidence: Evidence, given: Set[str]) -> Iterator[str]:
    content = sentence.content
    heading = sum(word.kind is Kind.NAME for word in content) > HEADING_SHARE * len(content)
    for word in content:
        if word.key in evidence.keys or word.key in given:
            continue
        if word.kind is Kind.NUMBER:
            yield f"the number {quote(word.surface)} is not there"
        elif word.kind is Kind.NAME and not heading and not evidence.resembles(word):
            yield f"the name {quote(word.surface)} is not there"


def _opposed(sentence: Sentence, evidence: Evidence, words_of: Lexicon, given: Set[str]) -> Iterator[str]:
    for word in sentence.content:
        if word.key in given or word.key in evidence.keys or word.folded in evidence.folded:
            continue
        against = _opposites(word, evidence, words_of)
        if against:
            yield f"{quote(word.surface)} stands against {quote(min(against))}"


def _opposites(word: Word, evidence: Evidence, words_of: Lexicon) -> frozenset[str]:
    """Words of the evidence that contradict this one, unless one of its companions is there to bear it out."""
    if words_of.companions.get(word.folded, frozenset()) & evidence.folded:
        return frozenset()
    without = {word.folded.removeprefix(prefix) for prefix in words_of.negative_prefixes} - {word.folded}
    stems = {plain for plain in without if len(plain) > 3}
    return (words_of.opposites.get(word.folded, frozenset()) | stems) & evidence.folded


def _denied(sentence: Sentence, closest: Sentence, evidence: Evidence) -> Iterator[str]:
    """What one of the two sentences denies and the other asserts, if the evidence says so nowhere else."""
    here, there = _negated_keys(sentence), _negated_keys(closest)
    either_side = any(word.negates for word in sentence.words), any(word.negates for word in closest.words)
    spoken_of = {word.key for word in closest.content}
    for word in sentence.content:
        if word.key in here & spoken_of - evidence.negated and not either_side[1]:
            yield f"{quote(word.surface)} is denied but there it is asserted"
            return
        if word.key in there - evidence.asserted and not either_side[0]:
            yield f"{quote(word.surface)} is asserted but there it is denied"
            return


def _negated_keys(sentence: Sentence) -> set[str]:
    return {word.key for word in negated_words(sentence)}

"""In go the passages; out comes an index that tells what they say, deny and leave out."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from include.judges.offline.text import MAX_CHARACTERS, Sentence, Text, Word, read

MAX_POSTINGS = 64
"""A word is looked up in no more than its first 64 sentences: alignment stays linear in the length of the answer."""

_SCOPE_WORDS = 4
_SCOPE_CONTENT = 2
_PREFIX = 5


@dataclass(frozen=True, slots=True)
class Evidence:
    """What some passages hold: normalised words, pairs of neighbours, and what is only said under a negation."""

    first: Text | None
    sentences: tuple[Sentence, ...]
    keys: frozenset[str]
    folded: frozenset[str]
    prefixes: frozenset[str]
    pairs: frozenset[tuple[str, str]]
    negated: frozenset[str]
    asserted: frozenset[str]
    postings: dict[str, list[int]]
    cut: bool

    @property
    def language(self) -> str:
        """The first passage's language, "und" where it is unknown."""
        return self.first.language if self.first else "und"

    def closest(self, keys: Iterable[str]) -> tuple[Sentence | None, float]:
        """The sentence that shares most of `keys`, the earliest of equals, and the share in [0, 1]."""
        wanted = set(keys)
        hits = Counter(index for key in wanted for index in self.postings.get(key, ()))
        if not hits:
            return None, 0.0
        index = min(hits, key=lambda index: (-hits[index], index))
        return self.sentences[index], hits[index] / len(wanted)

    def resembles(self, word: Word) -> bool:
        """Whether a word here begins as this one does: another form of it, or a compound with it."""
        key = word.key
        return word.folded in self.folded or (len(key) > _PREFIX and key[:_PREFIX] in self.prefixes)


def gather(contexts: Sequence[str], language: str | None = None) -> Evidence:
    """Index passages, the last few remembered; at most 5 x MAX_CHARACTERS are read in all."""
    return _gather(tuple(contexts), language)


@lru_cache(maxsize=64)
def _gather(contexts: tuple[str, ...], language: str | None) -> Evidence:
    texts, cut = _within_budget(contexts, language)
    sentences = tuple(sentence for text in texts for sentence in text.sentences)
    content = [[word.key for word in sentence.content] for sentence in sentences]
    keys = frozenset(key for part in content for key in part)
    postings: dict[str, list[int]] = {}
    for index, part in enumerate(content):
        for key in set(part):
            places = postings.setdefault(key, [])
            if len(places) < MAX_POSTINGS:
                places.append(index)
    negated = frozenset(word.key for sentence in sentences for word in negated_words(sentence))
    return Evidence(
        first=texts[0] if texts else None,
        sentences=sentences,
        keys=keys,
        folded=frozenset(word.folded for sentence in sentences for word in sentence.words),
        prefixes=frozenset(key[:_PREFIX] for key in keys if len(key) > _PREFIX),
        pairs=frozenset(pair for sentence in sentences for pair in neighbours(sentence)),
        negated=negated,
        asserted=frozenset(key for sentence in sentences for key in _asserted(sentence)),
        postings=postings,
        cut=cut,
    )


def _within_budget(contexts: tuple[str, ...], language: str | None) -> tuple[list[Text], bool]:
    budget = 5 * MAX_CHARACTERS
    texts: list[Text] = []
    for context in contexts:
        if budget <= 0:
            return texts, True
        texts.append(read(context[:budget], language))
        budget -= len(context)
    return texts, budget < 0 or any(text.cut for text in texts)


def neighbours(sentence: Sentence) -> Iterator[tuple[str, str]]:
    """Each word of a sentence with the one after it, function words included, since they hold phrases together."""
    return pairwise(word.key for word in sentence.words)


def negated_words(sentence: Sentence) -> list[Word]:
    """The content words that a negation reaches: two at most, among the four words after it."""
    reached: list[Word] = []
    for index, word in enumerate(sentence.words):
        if word.negates:
            scope = sentence.words[index + 1 : index + 1 + _SCOPE_WORDS]
            reached += [near for near in scope if near.kind][:_SCOPE_CONTENT]
    return reached


def _asserted(sentence: Sentence) -> set[str]:
    return {word.key for word in sentence.content} - {word.key for word in negated_words(sentence)}

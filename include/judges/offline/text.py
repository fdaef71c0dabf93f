"""In goes raw text of any language; out come its sentences as normalised words, numbers and names."""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from typing import NamedTuple

from include.judges.offline.lexicon import LANGUAGES, Lexicon, fold, lexicon

MAX_CHARACTERS = 40_000
"""Of each text no more than this is read, about 6,000 words: it bounds the work on an answer of any size."""

_CACHED_TEXTS = 2_048
_CACHED_LENGTH = 8_000


class Kind(IntEnum):
    FUNCTION = 0
    CONTENT = 1
    NAME = 2
    NUMBER = 3


class Word(NamedTuple):
    """One word of a text: `key` is what is compared, `folded` looks lexicons up, `surface` is what people read."""

    surface: str
    folded: str
    key: str
    kind: Kind
    negates: bool


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence's words in order, and the text as it was written."""

    text: str
    words: tuple[Word, ...]

    @property
    def content(self) -> list[Word]:
        return [word for word in self.words if word.kind]

    @property
    def asks(self) -> bool:
        return self.text.rstrip(" \"'»”)*_").endswith(("?", "？", "؟"))


@dataclass(frozen=True, slots=True)
class Text:
    """A text that has been read: its language ("und" where none was recognised) and sentences."""

    language: str
    sentences: tuple[Sentence, ...]
    cut: bool

    @property
    def content(self) -> list[Word]:
        return [word for sentence in self.sentences for word in sentence.content]


_MARKUP = re.compile(r"<[^<>]{0,300}>|https?://\S+|[*_`#>|~]+|\[\d{1,3}\]")
_SENTENCE_END = re.compile(r"(?<=[.!?؟])[\"'”»)]?\s+(?![a-z])|(?<=[。！？])|\n+")
_ONE_CHARACTER_WORDS = "\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\uac00-\ud7af"
_MARKS = "\u0300-\u036f\u0591-\u05bd\u064b-\u065f\u0900-\u0903\u093a-\u094f"
_LETTER = rf"[^\W\d_{_ONE_CHARACTER_WORDS}]"
_WORD = re.compile(
    r"\d{1,3}(?:[ \u00a0\u202f]\d{3})+(?!\d)|\d+(?:[.,]\d+)*"
    rf"|{_LETTER}(?:{_LETTER}|[{_MARKS}])*(?:['’]{_LETTER}+)*"
    rf"|[{_ONE_CHARACTER_WORDS}]|[%€$£¥]"
)
_GROUPED = re.compile(r"\d{1,3}(?:[., \u00a0\u202f]\d{3})+")
_ELISION = re.compile(r"(?:[ldjmtsc]|qu|jusqu|lorsqu|puisqu|dell|all|un)'(?=\w)")


def read(text: str, language: str | None = None) -> Text:
    """Part a text into sentences of words; `language` overrides the guess.

    At most MAX_CHARACTERS are read. Short texts are remembered, since one passage serves many answers.
    """
    if len(text) <= _CACHED_LENGTH:
        return _read_remembered(text, language)
    return _read(text, language)


def guess_language(text: str) -> str:
    """The language whose function words fill most of the text's first 200 words, or "und" below one in eight."""
    words = [fold(match.group()) for match in _letters(text[:2_000])]
    if not words:
        return "und"
    hits = {name: sum(word in lexicon(name).function_words for word in words) for name in LANGUAGES}
    best = max(hits, key=lambda name: (hits[name], name == "en"))
    return best if hits[best] * 8 >= len(words) else "und"


def _letters(text: str) -> Iterator[re.Match[str]]:
    return (match for match in _WORD.finditer(text) if match.group()[0].isalpha())


def _read(text: str, language: str | None) -> Text:
    known = text[:MAX_CHARACTERS]
    if "&" in known:
        known = html.unescape(known)
    clean = _MARKUP.sub(" ", known)
    spoken = language or guess_language(clean)
    words_of = lexicon(spoken if spoken in LANGUAGES else "en")
    sentences = (Sentence(part.strip(), _words(part, words_of)) for part in _SENTENCE_END.split(clean))
    return Text(spoken, tuple(s for s in sentences if s.words), len(text) > MAX_CHARACTERS)


_read_remembered = lru_cache(maxsize=_CACHED_TEXTS)(_read)


def _words(sentence: str, words_of: Lexicon) -> tuple[Word, ...]:
    language = words_of.language
    words = [_word(surface, language) for surface in _WORD.findall(sentence)]
    if words and words[0].kind is Kind.NAME and not words[0].surface.isupper():
        words[0] = words[0]._replace(kind=Kind.CONTENT)
    if any(word.kind is Kind.NUMBER for word in words):
        words = list(_join_numbers(words, words_of))
    return tuple(words)


def _join_numbers(words: list[Word], words_of: Lexicon) -> Iterator[Word]:
    """Put "twenty five" and "1.5 million" together into one number."""
    pending: Word | None = None
    for word in words:
        if pending is not None:
            joined = _joined(pending, word, words_of)
            if joined is not None:
                pending = joined
                continue
            yield pending
            pending = None
        if word.kind is Kind.NUMBER:
            pending = word
        else:
            yield word
    if pending is not None:
        yield pending


def _joined(left: Word, right: Word, words_of: Lexicon) -> Word | None:
    if left.key.count(".") > 1:
        return None
    surface = f"{left.surface} {right.surface}"
    if right.folded in words_of.scales:
        value = float(left.key) * words_of.scales[right.folded]
        return left._replace(surface=surface, key=_number_key(value))
    both_words = left.folded in words_of.numbers and right.folded in words_of.numbers
    if both_words and float(left.key) >= 20 > 10 > float(right.key):
        return left._replace(surface=surface, key=_number_key(float(left.key) + float(right.key)))
    return None


def _number_key(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)


@lru_cache(maxsize=100_000)
def _word(surface: str, language: str) -> Word:
    words_of = lexicon(language)
    if surface[0].isdigit():
        return Word(surface, surface, _digits(surface), Kind.NUMBER, False)
    folded = _ELISION.sub("", fold(surface), count=1)
    folded = folded.removesuffix("'s").rstrip("'") or folded
    negates = folded in words_of.negations or folded.endswith("n't")
    if folded in words_of.numbers and folded not in words_of.function_words:
        return Word(surface, folded, str(words_of.numbers[folded]), Kind.NUMBER, negates)
    if folded in words_of.units:
        return Word(surface, folded, words_of.units[folded], Kind.FUNCTION, negates)
    if negates or folded in words_of.function_words or "'" in folded or not folded[0].isalpha():
        return Word(surface, folded, folded, Kind.FUNCTION, negates)
    named = surface[0].isupper() and not words_of.capitalises_nouns
    return Word(surface, folded, stem(folded, words_of), Kind.NAME if named else Kind.CONTENT, negates)


def _digits(surface: str) -> str:
    """One writing for each number: "1,000", "1.000" and "1 000" are 1000, "3,50" is 3.5, "007" is 7."""
    if _GROUPED.fullmatch(surface):
        return str(int(re.sub(r"\D", "", surface)))
    plain = surface
    if "," in surface and "." in surface:
        grouping = "," if surface.rindex(".") > surface.rindex(",") else "."
        plain = surface.replace(grouping, "")
    try:
        return _number_key(float(plain.replace(",", ".")))
    except ValueError:  # "1.2.3" is a version, not a number
        return surface


def stem(folded: str, words_of: Lexicon) -> str:
    """Take the longest known ending off, leaving at least four letters: light, so that few words fall together."""
    for suffix in words_of.suffixes:
        if folded.endswith(suffix) and len(folded) - len(suffix) >= 4:
            return folded[: -len(suffix)]
    return folded

"""In goes raw text of any language; out come its sentences as normalised words, numbers and names."""

import html
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from typing import NamedTuple

from include.judges.offline.lexicon import LANGUAGES, Lexicon, fold, lexicon, speakers, speech

MAX_CHARACTERS = 20_000
"""Of each text no more than this is read, about 3,000 words: it bounds the work on an answer of any size."""

_CACHED_TEXTS = 2_048
_CACHED_LENGTH = 8_000


class Kind(IntEnum):
    """What a word is good for, in rising order of how exactly it has to be in the evidence; FUNCTION is false."""

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
        """Its words but for function words."""
        return [word for word in self.words if word.kind]

    @property
    def asks(self) -> bool:
        """Whether it is a question, and so claims nothing."""
        return self.text.rstrip(" \"'»”)*_").endswith(("?", "？", "؟"))

    @property
    def announces(self) -> bool:
        """Whether it only leads in to what follows, as in "Here are the steps:"."""
        return self.text.endswith(":") and all(word.kind is not Kind.NUMBER for word in self.words)


@dataclass(frozen=True, slots=True)
class Text:
    """A text that has been read: its language ("und" if none was recognised), how many function words are of each
    known language only, its sentences, and whether it was too long to be read whole."""

    language: str
    own_words: Mapping[str, int]
    sentences: tuple[Sentence, ...]
    cut: bool

    @property
    def content(self) -> list[Word]:
        """The content words of all its sentences."""
        return [word for sentence in self.sentences for word in sentence.content]


_MARKUP = re.compile(r"<[^<>]{0,300}>|https?://\S+|[*_`#>|~]+|\[\d{1,3}\]")
_ENUMERATOR = re.compile(r"(?:^|(?<=[\n.:;!?])|(?<=[.:;!?] ))[ \t]*(?:\(?\d{1,2}[.)]|[-•–])[ \t]+(?=\D)")
_INTERJECTION = re.compile(r"\s*\w+\s*[,.:;!—–-]")
_SENTENCE_END = re.compile(r"(?<=[.!?؟:])[\"'”»)]?\s+(?![a-z])|(?<=[。！？])|\n+")
_ONE_CHARACTER_WORDS = "\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\uac00-\ud7af"
_MARKS = "\u0300-\u036f\u0591-\u05bd\u064b-\u065f\u0900-\u0903\u093a-\u094f"
_LETTER = rf"[^\W\d_{_ONE_CHARACTER_WORDS}]"
_WORD = re.compile(
    r"\d{1,3}(?:[ \u00a0\u202f]\d{3})+(?!\d)|\d+(?:[.,]\d+)*"
    rf"|{_LETTER}(?:{_LETTER}|[{_MARKS}])*(?:['’]{_LETTER}+)*"
    rf"|[{_ONE_CHARACTER_WORDS}]|[%€$£¥]"
)
_ONE_SCRIPT = {"hiragana": "cjk", "katakana": "cjk", "hangul": "cjk"}
_GROUPED = re.compile(r"\d{1,3}(?:[., \u00a0\u202f]\d{3})+")
_ELISION = re.compile(r"(?:[ldjmtsc]|qu|jusqu|lorsqu|puisqu|dell|all|un)'(?=\w)")


def read(text: str, language: str | None = None) -> Text:
    """Part a text into sentences of words; `language` overrides the guess.

    At most MAX_CHARACTERS are read. Short texts are remembered, since one passage serves many answers.
    """
    if len(text) <= _CACHED_LENGTH:
        return _read_remembered(text, language)
    return _read(text, language)


def guess_language(text: str) -> tuple[str, Mapping[str, int]]:
    """A text's language from its first 300 words or so, and how many function words are of each one language only.

    It is the language whose function words fill most of the text, if they fill one word in eight; else the name of
    its script if that is not Latin; else "und".
    """
    words = [fold(match.group()) for match in _letters(text[:2_000])]
    if not words:
        return "und", Counter()
    script = unicodedata.name(words[len(words) // 2][0], "LATIN").split()[0].lower()
    if script != "latin":
        return _ONE_SCRIPT.get(script, script), Counter()
    spoken = [languages for word in words if (languages := speakers(word))]
    hits = Counter(language for languages in spoken for language in languages)
    own = Counter(languages[0] for languages in spoken if len(languages) == 1)
    best = max(LANGUAGES, key=lambda name: (hits[name], name == "en"))
    return (best if hits[best] * 8 >= len(words) else "und"), own


def _letters(text: str) -> Iterator[re.Match[str]]:
    return (match for match in _WORD.finditer(text) if match.group()[0].isalpha())


def _read(text: str, language: str | None) -> Text:
    known = text[:MAX_CHARACTERS]
    if "&" in known:
        known = html.unescape(known)
    clean = _ENUMERATOR.sub("\n", _MARKUP.sub(" ", known))
    spoken, own_words = guess_language(clean)
    words_of = speech(language or spoken)
    sentences = (Sentence(part.strip(), _words(part, words_of)) for part in _SENTENCE_END.split(clean))
    return Text(spoken, own_words, tuple(s for s in sentences if s.words), len(text) > MAX_CHARACTERS)


_read_remembered = lru_cache(maxsize=_CACHED_TEXTS)(_read)


def _words(sentence: str, words_of: Lexicon) -> tuple[Word, ...]:
    language = words_of.language
    words = [_word(surface, language) for surface in _WORD.findall(sentence)]
    if words:
        words[0] = _first_word(words[0], sentence)
    if any(word.kind is Kind.NUMBER for word in words):
        words = list(_join_numbers(words, words_of))
    return tuple(words)


def _first_word(word: Word, sentence: str) -> Word:
    """A sentence's first word is no name for its capital alone, and in "No, ..." it denies nothing that follows."""
    if word.negates and _INTERJECTION.match(sentence):
        return word._replace(negates=False)
    if word.kind is Kind.NAME and not word.surface.isupper():
        return word._replace(kind=Kind.CONTENT)
    return word


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
    tens, ones = words_of.numbers.get(left.folded, 0), words_of.numbers.get(right.folded, 0)
    if tens >= 20 and 0 < ones < 10:
        return left._replace(surface=surface, key=str(tens + ones))
    return None


def _number_key(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)


@lru_cache(maxsize=100_000)
def _word(surface: str, language: str) -> Word:
    words_of = lexicon(language)
    if surface[0].isdigit():
        return Word(surface, surface, _digits(surface), Kind.NUMBER, False)
    if len(surface) > 2 and surface[-1] == "s" and surface[:-1].isupper():
        surface = surface[:-1]  # the plural of an abbreviation: "PDFs"
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

"""In goes the name of a language; out comes what its lexicon file knows: function words, negations, opposites, tone."""

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

LEXICONS = Path(__file__).parent / "lexicons"
LANGUAGES = tuple(sorted(path.stem for path in LEXICONS.glob("*.toml")))


def fold(word: str) -> str:
    """Lower case, without accents and with straight apostrophes, so that "Été" and "ete" are one word."""
    lowered = word.casefold()
    if lowered.isascii():
        return lowered
    decomposed = unicodedata.normalize("NFKD", lowered.replace("’", "'"))
    return "".join(char for char in decomposed if not "\u0300" <= char <= "\u036f")


@dataclass(frozen=True, slots=True)
class WordList:
    """Whole words, and beginnings of words (written `begin*` in the file)."""

    whole: frozenset[str]
    beginnings: re.Pattern[str] | None

    @classmethod
    def of(cls, words: Iterable[str]) -> "WordList":
        """Sort the words of a lexicon file by whether they end in `*`."""
        folded = [fold(word) for word in words]
        starts = [re.escape(word[:-1]) for word in folded if word.endswith("*")]
        return cls(
            frozenset(word for word in folded if not word.endswith("*")),
            re.compile("|".join(starts)) if starts else None,
        )

    def __contains__(self, word: str) -> bool:
        return word in self.whole or (self.beginnings is not None and self.beginnings.match(word) is not None)


@dataclass(frozen=True, slots=True)
class Lexicon:
    """What one language's file holds; every word is folded."""

    language: str
    function_words: frozenset[str]
    negations: frozenset[str]
    negative_prefixes: tuple[str, ...]
    suffixes: tuple[str, ...]
    numbers: Mapping[str, int]
    scales: Mapping[str, int]
    units: Mapping[str, str]
    opposites: Mapping[str, frozenset[str]]
    companions: Mapping[str, frozenset[str]]
    adversatives: frozenset[str]
    refusals: re.Pattern[str]
    dismissals: re.Pattern[str]
    tone: Mapping[str, WordList]
    capitalises_nouns: bool


TONES = ("reader", "courtesy", "hedges", "warmth", "criticism", "demands", "insults", "familiar")


@cache
def lexicon(language: str) -> Lexicon:
    """Read one language's file. Raises KeyError where the file lacks a list."""
    raw = tomllib.loads((LEXICONS / f"{language}.toml").read_text(encoding="utf-8"))
    return Lexicon(
        language=language,
        function_words=_words(raw["function_words"]),
        negations=_words(raw["negations"]),
        negative_prefixes=tuple(raw["negative_prefixes"].split()),
        suffixes=tuple(sorted((fold(s) for s in raw["suffixes"].split()), key=len, reverse=True)),
        numbers={fold(word): int(value) for word, value in _pairs(raw["number_words"])},
        scales={fold(word): int(value) for word, value in _pairs(raw["scale_words"])},
        units={fold(word): value for word, value in _pairs(raw["unit_words"])},
        opposites=_opposites(raw["opposites"]),
        companions=_companions(raw["opposites"]),
        adversatives=_words(raw["adversatives"]),
        refusals=_phrases(raw["refusals"]),
        dismissals=_phrases(raw["dismissals"]),
        tone={name: WordList.of(raw[name].split()) for name in TONES},
        capitalises_nouns=raw.get("capitalises_nouns", False),
    )


def speech(language: str) -> Lexicon:
    """The lexicon for a text's language, English where there is none: its lists then hardly ever apply."""
    return lexicon(language if language in LANGUAGES else "en")


@lru_cache(maxsize=50_000)
def speakers(word: str) -> tuple[str, ...]:
    """The languages that have this folded word for a function word."""
    return tuple(name for name in LANGUAGES if word in lexicon(name).function_words)


@lru_cache(maxsize=50_000)
def tones(word: str, language: str) -> tuple[str, ...]:
    """The lists of tone that hold this folded word in a language with a lexicon."""
    return tuple(name for name, words in lexicon(language).tone.items() if word in words)


def _words(text: str) -> frozenset[str]:
    return frozenset(fold(word) for word in text.split())


def _pairs(text: str) -> Iterable[list[str]]:
    return (item.split("=") for item in text.split())


def _opposites(text: str) -> dict[str, frozenset[str]]:
    """Each word with every word that contradicts it, from lines of the form `a|b c|d`."""
    found: dict[str, set[str]] = {}
    for line in text.strip().splitlines():
        left, right = (_words(side.replace("|", " ")) for side in line.split())
        for word in left:
            found.setdefault(word, set()).update(right - left)
        for word in right:
            found.setdefault(word, set()).update(left - right)
    return {word: frozenset(against) for word, against in found.items()}


def _companions(text: str) -> dict[str, frozenset[str]]:
    """Each word with those on its own side of a line of opposites: near enough in meaning not to contradict it."""
    found: dict[str, set[str]] = {}
    for side in text.split():
        for word in (words := _words(side.replace("|", " "))):
            found.setdefault(word, set()).update(words)
    return {word: frozenset(near) for word, near in found.items()}


def _phrases(text: str) -> re.Pattern[str]:
    lines = (fold(line.strip()) for line in text.strip().splitlines())
    return re.compile("|".join(rf"\b{line}" for line in lines if line))

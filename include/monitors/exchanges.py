"""An exchange goes in, its value of one of the measures that every application logs comes out."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from include.domain.traffic import Exchange

WORD = re.compile(r"[^\W\d_]{3,}")
UNSPACED = re.compile(r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+")
"""Thai, Kana, Han and Hangul, whose words are not told apart by spaces, or hardly."""
READ_CHARS = 6_000
"""How much of a text is looked at."""


def terms(text: str) -> list[str]:
    """The words of a text in small letters, at least three letters each; of scripts without spaces pairs of letters."""
    text = text[:READ_CHARS].lower()
    found: list[str] = WORD.findall(UNSPACED.sub(" ", text))
    for run in UNSPACED.findall(text):
        found += [run[at : at + 2] for at in range(len(run) - 1)] or [run]
    return found


def overlap(exchange: Exchange) -> float | None:
    """The share of the question's different terms that its contexts hold, |Q & C| / |Q|, in [0, 1].

    None without terms or contexts. Falls where retrieval finds other things than what was asked about.
    """
    asked = set(terms(exchange.question))
    if not asked or not exchange.contexts:
        return None
    return len(asked & set(terms(exchange.contexts))) / len(asked)


NUMBERS: Mapping[str, Callable[[Exchange], float | None]] = {
    "user_input_chars": lambda one: one.user_input_chars,
    "retrieved_contexts": lambda one: one.retrieved_contexts,
    "overlap": overlap,
    "input_tokens": lambda one: one.input_tokens,
    "output_tokens": lambda one: None if one.failed else one.output_tokens,
    "response_chars": lambda one: None if one.failed else one.response_chars,
    "latency_ms": lambda one: None if one.failed else one.latency_ms,
}
"""An answer that failed has no length: that applications fail is what the error rate tells."""
LABELS = frozenset({"language", "declined"})
"""What a detector tells of each exchange."""
FITTED = frozenset({"topic", "meaning"})
"""What is told only by comparing many questions."""
LOGGED = NUMBERS.keys() | LABELS | FITTED
"""Measures that no judge gave; every other measure of a drift rule is a score."""

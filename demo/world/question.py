"""Enters: what a user asks. Leaves: the message as this user types it."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from demo.world.knowledge import Asked, Knowledge
from demo.world.model import Language
from demo.world.phrases import phrases_in


def word(knowledge: Knowledge, language: Language, asked: Sequence[Asked], rng: Random, *, first: bool) -> str:
    """The `first` question of a conversation, or a further one."""
    phrases = phrases_in(language)
    parts = [asked[0].text]
    for other in asked[1:]:
        parts += [rng.choice(phrases.second), other.text]
    if not first:
        if rng.random() < 0.45:
            parts.insert(0, rng.choice(phrases.again))
        return _type(" ".join(parts), rng)
    if rng.random() < 0.25:
        parts.insert(0, rng.choice(knowledge.topics[asked[0].fact.topic].situations[language]))
    if rng.random() < 0.28:
        parts.insert(0, rng.choice(phrases.hello))
    if rng.random() < 0.2:
        parts.append(rng.choice(phrases.thanks))
    return _type(" ".join(parts), rng)


def _type(text: str, rng: Random) -> str:
    """Most people type well, some in lower case, some with slips."""
    register = rng.random()
    if register < 0.58:
        return text
    if register < 0.8:
        return text.lower().rstrip("?.! ") if rng.random() < 0.6 else text.rstrip("?")
    for _ in range(1 + (len(text) > 80)):
        text = _slip(text, rng)
    return text


def _slip(text: str, rng: Random) -> str:
    """One slip of the fingers inside a longer word: letters swapped, dropped or doubled."""
    words = text.split(" ")
    long = [index for index, word in enumerate(words) if len(word) >= 6 and word.isalpha()]
    if not long:
        return text
    index = rng.choice(long)
    word, at = words[index], rng.randrange(1, len(words[index]) - 2)
    slips = (
        word[:at] + word[at + 1] + word[at] + word[at + 2 :],
        word[:at] + word[at + 1 :],
        word[:at] + word[at] + word[at:],
    )
    words[index] = rng.choice(slips)
    return " ".join(words)

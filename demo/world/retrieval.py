"""Enters: a project's passages and those that answer a question. Leaves: what the assistant retrieved, unranked."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from random import Random

SAME_TOPIC = 0.7
ATTEMPTS = 12


def retrieve(
    texts: Mapping[str, Sequence[str]], topic: str, gold: Sequence[str], wrong_numbers: Sequence[str], rng: Random
) -> list[str]:
    """The `gold` passages and one to three others of `texts`, by topic; seven in ten of the others are of `topic`.

    No passage beside the gold mentions one of `wrong_numbers`, lest a planted error be supported by accident.
    """
    wanted = rng.choices((1, 2, 3), (0.4, 0.4, 0.2))[0]
    topics = [name for name in texts if texts[name]]
    others: list[str] = []
    for _ in range(ATTEMPTS):
        text = rng.choice(texts[topic if rng.random() < SAME_TOPIC else rng.choice(topics)])
        if text not in gold and text not in others and not any(mentions(text, value) for value in wrong_numbers):
            others.append(text)
        if len(others) == wanted:
            break
    passages = [*gold, *others]
    rng.shuffle(passages)
    return passages


def mentions(text: str, value: str) -> bool:
    """Whether the text holds this value as a whole: 12 is in "12 euro", not in "120 euro" nor in "12:30"."""
    return re.search(rf"(?<![\w.,:]){re.escape(value)}(?!\w|[.,:]\d)", text) is not None

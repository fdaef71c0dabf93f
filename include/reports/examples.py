"""The interactions that scored worst go in, a few that differ from each other come out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from include.domain.report import Example

SHOWN = 6
SAME_WORDS = 0.6
"""Share of common words (Jaccard) in question or answer from which two interactions of a project say the same."""


def worst_distinct(candidates: Sequence[Example], shown: int = SHOWN) -> tuple[Example, ...]:
    """At most `shown` of the candidates, worst first; candidates come worst first.

    Of those that say much the same only the worst stands, with how many it stands for. Projects take turns, so
    that one bad project does not hide the others.
    """
    distinct: list[tuple[Example, frozenset[str], frozenset[str]]] = []
    similar: Counter[int] = Counter()
    for candidate in candidates:
        question, answer = _words(candidate.user_input), _words(candidate.response)
        for place, (other, its_question, its_answer) in enumerate(distinct):
            alike = _alike(question, its_question) or _alike(answer, its_answer)
            if alike and _place(other) == _place(candidate):
                similar[place] += 1
                break
        else:
            distinct.append((candidate, question, answer))
    chosen = _by_turns([replace(example, similar=similar[place]) for place, (example, *_) in enumerate(distinct)])
    return tuple(sorted(chosen[:shown], key=lambda example: (example.composite, example.logged_at)))


def _by_turns(examples: Sequence[Example]) -> list[Example]:
    """The first of every project, then the second of every project, and so on; within a turn worst first."""
    seen: Counter[tuple[str, str]] = Counter()
    turns = []
    for example in examples:
        turns.append((seen[_place(example)], example))
        seen[_place(example)] += 1
    return [example for _, example in sorted(turns, key=lambda turn: turn[0])]


def _place(example: Example) -> tuple[str, str]:
    return example.project, example.environment


def _words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", text.casefold()))


def _alike(first: frozenset[str], second: frozenset[str]) -> bool:
    return bool(first | second) and len(first & second) >= SAME_WORDS * len(first | second)

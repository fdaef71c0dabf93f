"""The interactions that scored worst go in, the few that teach most come out, without what must not be shown."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from include.domain.report import Example

SHOWN = 5
SAME_WORDS = 0.6
"""Share of common words (Jaccard) in question or answer from which two interactions of a project say the same."""
COMPARED_CHARS = 2000
QUESTION_CHARS, ANSWER_CHARS, EXPLANATION_CHARS = 700, 1200, 600
"""How much of a text is shown; an ellipsis says that there is more."""

Hide: TypeAlias = Callable[[Example], Example]


@dataclass(slots=True)
class _Failure:
    example: Example
    question: frozenset[str]
    answer: frozenset[str]
    similar: int = 0

    @property
    def place(self) -> tuple[str, str]:
        return self.example.project, self.example.environment

    @property
    def gravity(self) -> tuple[int, int, float, str]:
        composite = self.example.composite
        return int(composite * 10), -self.similar, composite, self.example.interaction_id

    def says(self, question: frozenset[str], answer: frozenset[str]) -> bool:
        return _alike(question, self.question) or _alike(answer, self.answer)


def instructive(candidates: Sequence[Example], hide: Hide, shown: int = SHOWN) -> tuple[Example, ...]:
    """At most `shown` of the candidates, the most instructive first; candidates come worst first.

    Of those of a project that say much the same only the worst stands, with how many it stands for. Projects take
    turns, and so do the dimensions at which answers failed most, so that one bad project, or one kind of failure, does
    not hide the others; what a chosen one of another project says already comes last there. Then comes whichever scored
    worse, by tenths, and stands for more. Texts are hidden whole and then cut.
    """
    left = _distinct(candidates)
    projects: Counter[tuple[str, str]] = Counter()
    dimensions: Counter[str] = Counter()
    chosen: list[_Failure] = []

    def turn(one: _Failure) -> tuple[int, bool, int, int, int, float, str]:
        is_said = any(_alike(one.answer, other.answer) for other in chosen)
        return projects[one.place], is_said, dimensions[failed_at(one.example)], *one.gravity

    while left and len(chosen) < shown:
        best = min(left, key=turn)
        left.remove(best)
        projects[best.place] += 1
        dimensions[failed_at(best.example)] += 1
        chosen.append(best)
    return tuple(_cut(hide(replace(one.example, similar=one.similar))) for one in chosen)


def failed_at(example: Example) -> str:
    """The dimension with the lowest score, "" where none is known."""
    return min(example.scores, key=lambda said: said.value).dimension if example.scores else ""


def _distinct(candidates: Sequence[Example]) -> list[_Failure]:
    kept: dict[tuple[str, str], list[_Failure]] = defaultdict(list)
    for candidate in candidates:
        question, answer = _words(candidate.user_input), _words(candidate.response)
        own = kept[candidate.project, candidate.environment]
        same = next((one for one in own if one.says(question, answer)), None)
        if same:
            same.similar += 1
        else:
            own.append(_Failure(candidate, question, answer))
    return [one for own in kept.values() for one in own]


def _words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", text[:COMPARED_CHARS].casefold()))


def _alike(first: frozenset[str], second: frozenset[str]) -> bool:
    return bool(first | second) and len(first & second) >= SAME_WORDS * len(first | second)


def _cut(example: Example) -> Example:
    return replace(
        example,
        user_input=_shortened(example.user_input, QUESTION_CHARS),
        response=_shortened(example.response, ANSWER_CHARS),
        scores=tuple(
            replace(said, explanation=_shortened(said.explanation, EXPLANATION_CHARS)) for said in example.scores
        ),
    )


def _shortened(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[:length].rstrip()} …"

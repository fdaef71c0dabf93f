"""What people say of interactions and of the judges: an expert's own score, a corrected answer, a kept case."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class FeedbackKind(StrEnum):
    """What was said: the score that an expert gives instead of the judge's, or the answer as it should have been."""

    SCORE = "score"
    CORRECTION = "correction"


@dataclass(frozen=True, slots=True)
class Feedback:
    """What a person said of an interaction.

    Of a score, `value` in [0, 1] is the expert's, `judged` the judge's of `epoch`, and `text` says why. Of a
    correction, `text` is the answer as it should have been and `judged` the composite of the logged one, if any.
    """

    interaction_id: str
    logged_at: datetime
    project: str
    environment: str
    kind: FeedbackKind
    text: str
    who: str
    at: datetime
    dimension: str = ""
    epoch: str = ""
    judged: float | None = None
    value: float | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """An interaction kept as an example of what is expected, in the dataset of that name."""

    dataset: str
    interaction_id: str
    logged_at: datetime
    expected: str
    note: str
    who: str
    at: datetime


def dataset_name(text: str) -> str:
    """Letters and digits of any script, small, with hyphens between words, 60 characters at most; "" of none."""
    return re.sub(r"[\W_]+", "-", text.lower())[:60].strip("-")


@dataclass(frozen=True, slots=True)
class Rejudgement:
    """Judging again at a person's request: values by dimension, and `composite`, before and after.

    `corrected` says that an expert's correction stood in for the reference.
    """

    interaction_id: str
    logged_at: datetime
    corrected: bool
    before: Mapping[str, float]
    after: Mapping[str, float]
    who: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Said:
    """What people said and did about one interaction, the latest first of each."""

    feedback: tuple[Feedback, ...] = ()
    cases: tuple[Case, ...] = ()
    rejudgements: tuple[Rejudgement, ...] = ()

    @property
    def correction(self) -> Feedback | None:
        """The answer as it should have been, as it was said last by anybody."""
        return next((one for one in self.feedback if one.kind is FeedbackKind.CORRECTION), None)

    def is_replaced(self, one: Feedback) -> bool:
        """Whether the same person said something else of the same later."""
        same = (one.who, one.kind, one.dimension)
        return next(other for other in self.feedback if (other.who, other.kind, other.dimension) == same) != one


SAME_GRADE = 0.125
"""An expert and a judge agree where their scores lie less far apart: half a step of a scale from 1 to 5."""


@dataclass(frozen=True, slots=True)
class ExpertsOnJudge:
    """What experts gave beside one judge of a dimension: how often the same, less and more.

    `difference` is the mean of the expert's score less the judge's, in [-1, 1].
    """

    dimension: str
    judge: str
    epoch: str
    same: int
    less: int
    more: int
    difference: float

    @property
    def given(self) -> int:
        """Scores that experts gave."""
        return self.same + self.less + self.more


@dataclass(frozen=True, slots=True)
class Judged:
    """What judging again changed in a project: mean composites before and after, in [0, 1], over `n` interactions."""

    project: str
    n: int
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class ExpertsWeek:
    """What experts did in a week, and what it changed; `cases` pairs datasets with the cases that were added."""

    judges: tuple[ExpertsOnJudge, ...] = ()
    corrected: int = 0
    rejudged: tuple[Judged, ...] = ()
    cases: tuple[tuple[str, int], ...] = ()

    @property
    def did_something(self) -> bool:
        """Whether there is anything to tell."""
        return bool(self.judges or self.corrected or self.rejudged or self.cases)

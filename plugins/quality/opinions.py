"""What a reader sends of one interaction goes in; it is said, kept or judged again in their name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from pydantic import BaseModel, ConfigDict, field_validator

from include.errors import FeedbackRefused
from include.judges.rubric import POINTS, normalised

EXPERTS = "rejudge_interaction"
"""Whoever may trigger this DAG may say what they think of an interaction, and have it judged again."""


@dataclass(frozen=True, slots=True)
class Acts:
    """As `include.experts` and `include.rejudging` do it; each raises `FeedbackRefused` or `PageMissing`.

    `rejudge(interaction_id, logged_at, who, run_id)` starts the run of that id, or finds it started.
    """

    disagree: Callable[[str, datetime, str, str, float, str, str], object]
    correct: Callable[[str, datetime, str, str], object]
    keep: Callable[[str, datetime, str, str, str, str], object]
    rejudge: Callable[[str, datetime, str, str], object]


class Opinion(BaseModel):
    """The form as it was sent; `asked` tells one form from the next, so that sending it twice starts one run."""

    model_config = ConfigDict(frozen=True)

    act: str = ""
    dimension: str = ""
    epoch: str = ""
    grade: str = ""
    why: str = ""
    answer: str = ""
    dataset: str = ""
    expected: str = ""
    note: str = ""
    asked: str = ""
    token: str = ""

    @field_validator("*")
    @classmethod
    def _without_nul(cls, text: str) -> str:
        return text.replace("\0", "")

    def do(self, acts: Acts, interaction_id: str, logged_at: datetime, who: str) -> str:
        """Act on it; returns the id of the run that was started, or ""."""
        match self.act:
            case "disagree":
                value = _value(self.grade)
                acts.disagree(interaction_id, logged_at, self.dimension, self.epoch, value, self.why, who)
            case "correct":
                acts.correct(interaction_id, logged_at, self.answer, who)
            case "keep":
                acts.keep(interaction_id, logged_at, self.dataset, self.expected, self.note, who)
            case "rejudge":
                told = "\0".join((interaction_id, logged_at.isoformat(), who, self.asked))
                run_id = f"page__{sha256(told.encode('utf-8', 'replace')).hexdigest()[:16]}"
                acts.rejudge(interaction_id, logged_at, who, run_id)
                return run_id
            case _:
                raise FeedbackRefused("Nothing of that name can be done about an interaction.")
        return ""


def _value(grade: str) -> float:
    if grade not in map(str, POINTS):
        raise FeedbackRefused(f"Choose a point of the scale from {POINTS[0]} to {POINTS[-1]}.")
    return normalised(int(grade))

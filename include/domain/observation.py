"""Interactions of a breached segment as the search for its cause reads them, and which of them it wants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from include.domain.interaction import Json


@dataclass(frozen=True, slots=True)
class Scope:
    """Which interactions: `segment` maps columns to the values that they must have; `measure` says what of them.

    `epochs` are the judges whose scores count, or the sets of them behind a composite; empty for what nobody judged.
    """

    segment: Mapping[str, str]
    measure: str
    epochs: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Observation:
    """One interaction: `value` in the measure's own unit, `weight` = 1 / its sampling rate.

    `question` is the beginning of the user's input, `question_chars` the length of all of it. `by_dimension` holds the
    scores behind a composite.
    """

    interaction_id: str
    logged_at: datetime
    value: float
    weight: float = 1.0
    project: str = ""
    conversation_id: str | None = None
    model: str | None = None
    prompt_version: str | None = None
    finish_reason: str | None = None
    question: str = ""
    question_chars: int = 0
    passages: int = 0
    attributes: Mapping[str, Json] = field(default_factory=dict)
    by_dimension: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Total:
    """What the interactions with one label add up to now and in the same hours of `days` past days, all together.

    `amount` and `before` are USD, or interactions; the squares are sums over the squares of what each adds. The total
    of all interactions has no label: `column` is "".
    """

    column: str
    value: str
    n: int
    amount: float
    square: float
    n_before: int
    before: float
    square_before: float
    days: int

"""The words of the demo world: the world itself, a row of its log, the truth about that row, an incident."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, TypedDict

Language = Literal["en", "de"]
Phase = Literal["history", "live"]
Defect = Literal[
    "wrong_number",
    "contradiction",
    "unsupported",
    "lost_context",  # the answer is right, but no retrieved passage says so
    "half_missing",
    "refusal",
    "rude",
    "over_familiar",
    "wrong_language",
    "injection_context",
    "injection_question",
    "error",  # the model gave no answer, and the log says so
    "corrupt",
]

LIVE = timedelta(hours=24)


class Message(TypedDict):
    """One earlier message of a conversation."""

    role: Literal["user", "assistant"]
    content: str


class LogRow(TypedDict):
    """One row of `llm_interactions` without `row_id`; docs/native-source.md explains each column."""

    interaction_id: str | None
    project: str
    environment: str
    conversation_id: str
    user_input: str | None
    response: str | None
    retrieved_contexts: list[str]
    reference: str | None
    history: list[Message]
    provider_name: str
    request_model: str
    response_model: str
    prompt_version: str
    input_tokens: int | None
    output_tokens: int | None
    cached_input_tokens: int | None
    latency_ms: float
    finish_reason: str
    error_type: str | None
    occurred_at: datetime
    logged_at: datetime
    attributes: dict[str, str | int]
    reasoning_tokens: int | None


@dataclass(frozen=True, slots=True)
class World:
    """Everything in it follows from these three; the last 24 hours before `end` (a UTC midnight) are "live"."""

    seed: int
    end: datetime
    days: int = 28

    def __post_init__(self) -> None:
        if self.end.utcoffset() != timedelta(0) or self.end.time() != datetime.min.time():
            raise ValueError(f"a world ends at a UTC midnight, not at {self.end.isoformat()}")
        if self.days < 28:
            raise ValueError(f"a world of {self.days} days cannot hold its incidents: 28 or more")
        object.__setattr__(self, "end", self.end.astimezone(UTC))

    @property
    def start(self) -> datetime:
        """The first moment at which a row can be logged."""
        return self.end - timedelta(days=self.days)

    @property
    def live_start(self) -> datetime:
        """Where history ends and the day that is played hour by hour begins."""
        return self.end - LIVE


@dataclass(frozen=True, slots=True)
class Truth:
    """What is known of one row because it was made so; `(interaction_id, logged_at)` names the row.

    `correct`: the answer gives the user what was asked, rightly and completely.
    `faithful`: every claim of the answer stands in the retrieved passages.
    `professional`: tone, register and language are those of a good help desk.
    `incident` is the name of the incident that shaped the row, None for the background rate of defects.
    """

    interaction_id: str | None
    logged_at: datetime
    project: str
    defect: Defect | None
    incident: str | None
    correct: bool
    faithful: bool
    professional: bool


@dataclass(frozen=True, slots=True)
class Incident:
    """A planted incident in the half-open `[starts_at, ends_at)` of `logged_at`; project None means all of them.

    `what` names the measure that suffers first: "faithfulness", "correctness", "professionalism", "spend",
    "quarantine_rate" or "volume".
    """

    name: str
    title: str
    project: str | None
    starts_at: datetime
    ends_at: datetime
    phase: Phase
    what: str
    sentence: str

    def covers(self, project: str, moment: datetime) -> bool:
        """Whether a row of `project` logged at `moment` lies within the incident."""
        return self.project in (None, project) and self.starts_at <= moment < self.ends_at

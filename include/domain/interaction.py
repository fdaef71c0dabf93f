"""What an application logged, and the window of time that is worked on at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """Half-open `[start, end)` in UTC, by `logged_at`, so that a row that is logged late is never lost."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise ValueError("a window's bounds carry a time zone")
        if self.start >= self.end:
            raise ValueError(f"a window ends after it starts: [{self.start}, {self.end})")
        object.__setattr__(self, "start", _plain(self.start))
        object.__setattr__(self, "end", _plain(self.end))

    @property
    def length(self) -> timedelta:
        """How long the window is."""
        return self.end - self.start

    def before(self, span: timedelta) -> Window:
        """The window of length `span` that ends where this one starts."""
        return Window(self.start - span, self.start)

    def __contains__(self, moment: datetime) -> bool:
        return self.start <= moment < self.end

    def __str__(self) -> str:
        return f"{self.start:%Y-%m-%dT%H:%MZ}/{self.end:%Y-%m-%dT%H:%MZ}"


def _plain(moment: datetime) -> datetime:
    """The same moment as a plain datetime in UTC: Airflow's are pendulum's, which lose their zone in arithmetic."""
    utc = moment.astimezone(UTC)
    return datetime.combine(utc.date(), utc.time(), UTC)


@dataclass(frozen=True, slots=True)
class Turn:
    """One earlier message of a conversation; `role` is "user" or "assistant"."""

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class Interaction:
    """One logged request and its answer, fit to judge. Text is hostile: it is data wherever it goes.

    `history` is oldest first and leaves out `user_input`. Token counts are the provider's own, `latency_ms` is
    wall time in milliseconds; each is None where the application did not log it. `response` is "" where the
    application got no answer, and then `error_type` says why.
    """

    interaction_id: str
    logged_at: datetime
    occurred_at: datetime
    project: str
    environment: str
    user_input: str
    response: str
    retrieved_contexts: tuple[str, ...] = ()
    reference: str | None = None
    conversation_id: str | None = None
    history: tuple[Turn, ...] = ()
    provider_name: str | None = None
    request_model: str | None = None
    response_model: str | None = None
    prompt_version: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_input_tokens: int | None = None
    latency_ms: float | None = None
    finish_reason: str | None = None
    error_type: str | None = None
    attributes: Mapping[str, Json] = field(default_factory=dict)

    @property
    def model(self) -> str | None:
        """The model that answered, or where that was not logged the one that was asked."""
        return self.response_model or self.request_model

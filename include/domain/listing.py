"""What is looked for among interactions, and the rows of a list that show what was found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from include.domain.interaction import Window


class Sort(StrEnum):
    """What comes first."""

    NEWEST = "newest"
    WORST = "worst"
    """The lowest composite; what has none is left out."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a list goes on: behind this row; `value` is its composite where the list is sorted by it."""

    logged_at: datetime
    interaction_id: str
    value: float | None = None


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for; "", False and None leave a thing open. `low` and `high` bound the composite, both closed.

    `text` is in the syntax of web searches: `lost card -visa "opening hours" or`.
    """

    window: Window
    project: str = ""
    environment: str = ""
    model: str = ""
    prompt_version: str = ""
    language: str = ""
    text: str = ""
    failed: bool = False
    low: float | None = None
    high: float | None = None
    sort: Sort = Sort.NEWEST
    after: Place | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """An interaction in few words; `value` is the lowest of its composites, None where there is none.

    `question` and `answer` are their beginnings, `failures` the dimensions that could not be scored with the reason;
    `cost` is in USD, None where the price is unknown.
    """

    interaction_id: str
    logged_at: datetime
    project: str
    environment: str
    model: str
    prompt_version: str
    question: str
    answer: str
    value: float | None
    by_dimension: Mapping[str, float]
    failures: Mapping[str, str]
    error_type: str | None
    latency_ms: float | None
    cost: Decimal | None
    sampled: bool

    @property
    def place(self) -> Place:
        """Where it stands in a list."""
        return Place(self.logged_at, self.interaction_id, self.value)


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of a list. `after` is where the next one starts, None at the end.

    `is_partial`: so many rows were looked at that the search stopped before the page was full. `gave_up`: it took too
    long, and nothing is known of what there is. `since`: what was logged before was not looked at, by any of its pages.
    """

    found: tuple[Listed, ...] = ()
    after: Place | None = None
    is_partial: bool = False
    gave_up: bool = False
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Choices:
    """What was logged in a stretch of time, each sorted: what can be chosen from."""

    projects: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    prompt_versions: tuple[str, ...] = ()

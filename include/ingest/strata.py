"""sampling.yaml as types; what is known of a row goes in, its stratum and its rate come out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from include.domain.intake import Facts

Rate: TypeAlias = Annotated[float, Field(gt=0, le=1)]
Attribute: TypeAlias = Literal["project", "environment", "model", "prompt_version", "feedback", "language", "length"]
Always: TypeAlias = Literal["flagged", "error", "new_prompt_version"]

MEDIUM_FROM, LONG_FROM = 200, 1000
"""Characters from which on an answer is of medium length, and long."""
DAY_S = 24 * 3600.0
"""How long a prompt version is new, and how long a project must be known before one of its versions can be."""


class Share(BaseModel):
    """The rate of the interactions that have all the values that are given."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    project: str | None = None
    environment: str | None = None
    model: str | None = None
    prompt_version: str | None = None
    feedback: Literal["positive", "negative", "none"] | None = None
    language: Annotated[str, Field(pattern=r"^[a-z]{2,3}$")] | None = None
    length: Literal["short", "medium", "long"] | None = None
    rate: Rate

    @property
    def wanted(self) -> dict[str, str]:
        """Attribute -> value."""
        return self.model_dump(exclude={"rate"}, exclude_none=True)

    @model_validator(mode="after")
    def _of_something(self) -> Share:
        if not self.wanted:
            raise ValueError("says of nobody what its rate is: name a project, a model, ...; the rate of all is `rate`")
        return self


class SamplingPlan(BaseModel):
    """The file; of its keys tells include/ingest/sampling.yaml."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rate: Rate = 1.0
    rates: tuple[Share, ...] = ()
    strata: tuple[Attribute, ...] = ("project", "model", "prompt_version")
    floor: Annotated[int, Field(ge=0)] = 0
    always: tuple[Always, ...] = ("flagged", "error", "new_prompt_version")

    @field_validator("strata", "always")
    @classmethod
    def _none_twice(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(names)) < len(names):
            raise ValueError("names something twice")
        return names

    def at(self, rate: float | None) -> SamplingPlan:
        """The same with another base rate; None keeps the file's."""
        return self if rate is None else self.model_copy(update={"rate": rate})

    @property
    def reads_language(self) -> bool:
        """Whether anything depends on the language of an answer."""
        return "language" in self.strata or any(share.language for share in self.rates)

    def part(self, row: Facts, detect: Callable[[str], str]) -> Part:
        """Where the row belongs; `detect` tells the language of an answer whose language was not logged."""
        known = _attributes(row, detect if self.reads_language else None)
        rate = next((share.rate for share in self.rates if share.wanted.items() <= known.items()), self.rate)
        stratum = ", ".join(f"{name}={known[name]}" for name in self.strata)
        return Part(stratum, rate, next((rule for rule in self.always if _APPLIES[rule](row)), None))


@dataclass(frozen=True, slots=True)
class Part:
    """A row's stratum, its rate before the floor, and the rule that has it judged whatever its lot, or None."""

    stratum: str
    rate: float
    always: Always | None


def _attributes(row: Facts, detect: Callable[[str], str] | None) -> dict[str, str]:
    known = {
        "project": row.project or "",
        "environment": row.environment or "",
        "model": row.response_model or row.request_model or "",
        "prompt_version": row.prompt_version or "",
        "feedback": row.feedback if row.feedback in ("positive", "negative") else "none",
        "length": _length(row.response_chars or 0),
    }
    return known | ({"language": row.language or detect(row.excerpt or "")} if detect else {})


def _length(chars: int) -> str:
    return "short" if chars < MEDIUM_FROM else "medium" if chars < LONG_FROM else "long"


def _is_new_version(row: Facts) -> bool:
    """Whether it is the first day of a prompt version, in a project that was known a day before."""
    if row.version_known_s is None or row.project_known_s is None:
        return False
    return row.version_known_s < DAY_S <= row.project_known_s - row.version_known_s


_APPLIES: dict[Always, Callable[[Facts], bool]] = {
    "flagged": lambda row: row.flagged or row.feedback == "negative",
    "error": lambda row: row.error_type is not None,
    "new_prompt_version": _is_new_version,
}

"""What every rule says of itself, whatever its test: its name, of whom it is, when it fires and who looks after it."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from include.monitors.vocabulary import DEPLOYED, Column, Count, attribute_of, is_attribute, refused


class BaseRule(BaseModel):
    """Of a rule, what does not depend on its test."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$", max_length=60)]
    description: Annotated[str, Field(min_length=1)]
    by: tuple[Column, ...] = ("project", "environment")
    """One segment for each combination of these; empty: everything is one segment."""
    where: dict[Column, str] = {}
    """Only interactions with these values."""
    for_windows: Annotated[Count, Field(alias="for")] = 1
    keep_firing_for: Count = 1
    severity: Literal["info", "warning", "critical"] = "warning"
    category: Literal["quality", "drift", "data", "cost", "judge"]
    owner: Annotated[str, Field(min_length=1)]
    runbook: Annotated[str, Field(min_length=1)]

    reads_segments: ClassVar[bool] = False
    """Whether it is told of the segments that are counted hour by hour."""

    @property
    def columns(self) -> tuple[str, ...]:
        """What the parts of a segment are."""
        return (*self.by, *(column for column in self.where if column not in self.by))

    @property
    def attribute(self) -> str | None:
        """The attribute of interactions that it looks at."""
        return attribute_of((*self.by, *self.where))

    @field_validator("by")
    @classmethod
    def _no_column_twice(cls, by: tuple[Column, ...]) -> tuple[Column, ...]:
        if len(set(by)) < len(by):
            raise ValueError("names a column twice")
        return by

    @model_validator(mode="after")
    def _of_what_is_counted(self) -> Self:
        named = {*self.by, *self.where}
        attributes = {column for column in named if is_attribute(column)}
        if (self.where or attributes) and not self.reads_segments:
            raise refused(
                "where and attributes are for tests of what is counted hour by hour",
                "leave them out, or take test level, volume or spend",
            )
        if len(attributes) > 1 or (attributes and named & DEPLOYED):
            raise refused(
                f"{', '.join(sorted(named))} are not counted together",
                "name one attribute, beside project and environment at most",
            )
        return self

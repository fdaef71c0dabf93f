"""The words that rules are made of: measures, columns, spans and days, with what may not be said and the remedy."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, TypeAlias

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from include.domain.interaction import Window
from include.domain.segment import AMOUNT_EDGES, AMOUNTS

RATES = frozenset(
    {"error", "refusal", "feedback", "negative_feedback", "quarantine", "failure", "unpriced", "bill_differs"}
)
"""Measures of 0 and 1, where 1 is the bad answer unless a rule says that less is worse."""
UNSCORED = RATES | {"volume", "spend", "user_input_chars", *AMOUNTS}
"""Measures that no judge gave and that therefore have no epoch."""

COLUMNS = ("project", "environment", "model", "prompt_version", "language")
ATTRIBUTE = "attributes."
DEPLOYED = frozenset({"model", "prompt_version"})
"""Columns of which a deploy makes a new segment."""
UNITS = {"h": "hours", "d": "days", "w": "weeks"}


def refused(problem: str, remedy: str) -> PydanticCustomError:
    """An error whose remedy the reader of the file is told."""
    return PydanticCustomError("refused", "{problem}", {"problem": problem, "remedy": remedy})


def is_attribute(column: str) -> bool:
    """Whether the column is an attribute of the interaction, of which only what rules name is counted."""
    return column == "language" or column.startswith(ATTRIBUTE)


def attribute_of(columns: Iterable[str]) -> str | None:
    """The one attribute among the columns, if there is one."""
    return next((column for column in columns if is_attribute(column)), None)


def _span(told: object) -> object:
    if isinstance(told, timedelta):
        return told
    found = re.fullmatch(r"(\d+)([hdw])", told) if isinstance(told, str) else None
    if found is None:
        raise ValueError("write a span as a whole number and h, d or w, such as 6h or 14d")
    return timedelta(**{UNITS[found[2]]: int(found[1])})


def _column(told: str) -> str:
    if told not in COLUMNS and not re.fullmatch(r"attributes\.[A-Za-z0-9_-][A-Za-z0-9_.-]{0,59}", told):
        raise refused(f"{told} is no column", f"name one of {', '.join(COLUMNS)}, or attributes.<name>")
    return told


def on_an_edge(amount: float) -> float:
    """The amount, if values are counted by whether they reach it."""
    if amount in AMOUNT_EDGES:
        return amount
    near = [f"{edge:g}" for edge in sorted(AMOUNT_EDGES, key=lambda edge: abs(edge - amount))[:2]]
    raise refused(
        f"{amount:g} is not an edge of the bins that amounts are counted in, ten to a decade from 10 to 1000000",
        f"take {' or '.join(near)}",
    )


Span: TypeAlias = Annotated[timedelta, BeforeValidator(_span), Field(gt=timedelta(0))]
Share: TypeAlias = Annotated[float, Field(gt=0, lt=1)]
Count: TypeAlias = Annotated[int, Field(ge=1)]
Column: TypeAlias = Annotated[str, AfterValidator(_column)]


class Days(BaseModel):
    """Whole days (UTC), the first and the last included."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    first: date = Field(alias="from")
    last: date = Field(alias="to")

    @model_validator(mode="after")
    def _in_order(self) -> Days:
        if self.first > self.last:
            raise refused("the days end before they begin", "exchange from and to")
        return self

    @property
    def window(self) -> Window:
        """The same as moments."""
        midnight = time(tzinfo=UTC)
        after = self.last + timedelta(days=1)
        return Window(datetime.combine(self.first, midnight), datetime.combine(after, midnight))

"""rules.yaml as types: what is watched, of whom, against what, by which test. Unknown keys are refused."""

from __future__ import annotations

import re
from collections import Counter
from datetime import timedelta
from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

RATES = frozenset({"error", "quarantine", "failure"})
"""Measures of 0 and 1, where 1 is the bad answer."""
UNSCORED = RATES | {
    "volume",
    "spend",
    "latency_ms",
    "input_tokens",
    "output_tokens",
    "response_chars",
    "user_input_chars",
}
"""Measures that no judge gave and that therefore have no epoch."""

UNITS = {"h": "hours", "d": "days", "w": "weeks"}


def _span(told: object) -> object:
    if isinstance(told, timedelta):
        return told
    found = re.fullmatch(r"(\d+)([hdw])", told) if isinstance(told, str) else None
    if found is None:
        raise ValueError("write a span as a whole number and h, d or w, such as 6h or 14d")
    return timedelta(**{UNITS[found[2]]: int(found[1])})


Span: TypeAlias = Annotated[timedelta, BeforeValidator(_span), Field(gt=timedelta(0))]
Share: TypeAlias = Annotated[float, Field(gt=0, lt=1)]
Count: TypeAlias = Annotated[int, Field(ge=1)]
Column: TypeAlias = Literal["project", "environment", "model", "prompt_version"]


class _Rule(BaseModel):
    """What every rule says of itself, whatever its test."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$", max_length=60)]
    description: Annotated[str, Field(min_length=1)]
    by: tuple[Column, ...] = ("project", "environment")
    """One segment for each combination of these; empty: everything is one segment."""
    for_windows: Annotated[Count, Field(alias="for")] = 1
    keep_firing_for: Count = 1
    severity: Literal["info", "warning", "critical"] = "warning"
    category: Literal["quality", "drift", "data", "cost", "judge"]
    owner: Annotated[str, Field(min_length=1)]
    runbook: Annotated[str, Field(min_length=1)]

    @property
    def columns(self) -> tuple[str, ...]:
        """What the parts of a segment are."""
        return self.by

    @field_validator("by")
    @classmethod
    def _no_column_twice(cls, by: tuple[Column, ...]) -> tuple[Column, ...]:
        if len(set(by)) < len(by):
            raise ValueError("names a column twice")
        return by


class LevelRule(_Rule):
    """The mean of a score, or a share, against a fixed target or the segment's own past; sequential.

    `measure` is composite, a dimension, error, quarantine or failure. With `below`, it is the share of
    interactions that score under that floor. `min_effect` is the smallest worsening worth an alert, in the
    measure's unit. `false_alarm_every` bounds the mean time between false alarms of the whole rule from below.
    """

    test: Literal["level"]
    measure: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    below: Share | None = None
    target: Annotated[float, Field(ge=0, le=1)] | None = None
    trailing: Span | None = None
    reference_min_n: Count = 100
    over: Span = timedelta(days=3)
    min_n: Count = 8
    min_effect: Share
    false_alarm_every: Span = timedelta(days=365)
    confidence: Share = 0.99

    @property
    def is_share(self) -> bool:
        """Whether the measure is a share of bad interactions: more is worse."""
        return self.measure in RATES or self.below is not None

    @property
    def alpha(self) -> float:
        """The false alarms that an hour may add."""
        return timedelta(hours=1) / self.false_alarm_every

    @field_validator("measure")
    @classmethod
    def _lies_in_the_unit_interval(cls, measure: str) -> str:
        if measure in UNSCORED - RATES:
            raise ValueError(f"{measure} is neither a score nor a share; test volume or spend, or leave it out")
        return measure

    @field_validator("below")
    @classmethod
    def _edge_of_a_bin(cls, below: float | None) -> float | None:
        if below is not None and abs(below * 20 - round(below * 20)) > 1e-9:
            raise ValueError("is a multiple of 0.05, because scores are counted in bins of that width")
        return below

    @model_validator(mode="after")
    def _one_standard(self) -> LevelRule:
        if (self.target is None) == (self.trailing is None):
            raise ValueError("give either target (a number) or trailing (a span such as 14d)")
        if self.below is not None and self.measure in RATES:
            raise ValueError(f"below is for scores; {self.measure} is a share already")
        if self.target is not None and not 0 <= self._worst_expected(self.target) <= 1:
            raise ValueError("target and min_effect together leave [0, 1]: no alert could ever be raised")
        return self

    def _worst_expected(self, target: float) -> float:
        return target + self.min_effect if self.is_share else target - self.min_effect


class VolumeRule(_Rule):
    """Interactions logged, against the same hours of past days; an hour that was run and is empty counts as 0.

    `min_effect` is the share of the expected interactions that must be missing, `min_n` how many were expected.
    """

    test: Literal["volume"]
    trailing: Span = timedelta(days=28)
    over: Span = timedelta(days=1)
    min_n: Count = 8
    min_effect: Share = 0.5
    false_alarm_every: Span = timedelta(days=365)

    @property
    def alpha(self) -> float:
        """The false alarms that an hour may add."""
        return timedelta(hours=1) / self.false_alarm_every


class SpendRule(_Rule):
    """USD of a window, against the same hours of past days: median and median absolute deviation (MAD).

    Breached where spend is `factor` times the median, `deviations` MADs (scaled to a standard deviation) above it
    and `min_effect` USD above it, all three.
    """

    test: Literal["spend"]
    trailing: Span = timedelta(days=28)
    factor: Annotated[float, Field(gt=1)] = 3.0
    deviations: Annotated[float, Field(gt=0)] = 6.0
    min_effect: Annotated[float, Field(gt=0)]


class CoverageRule(_Rule):
    """The coverage ledger of the run: any gap is a breach."""

    test: Literal["coverage"]
    by: tuple[Column, ...] = ()

    @field_validator("by")
    @classmethod
    def _of_the_whole_run(cls, by: tuple[Column, ...]) -> tuple[Column, ...]:
        if by:
            raise ValueError("the ledger is of the whole run: leave `by` out")
        return by


class BudgetRule(_Rule):
    """What judging a project costs in a day, against its budget: a step down the ladder is a breach."""

    test: Literal["budget"]
    by: tuple[Column, ...] = ("project",)

    @field_validator("by")
    @classmethod
    def _of_projects(cls, by: tuple[Column, ...]) -> tuple[Column, ...]:
        if by != ("project",):
            raise ValueError("budgets are set by project: leave `by` out")
        return by


class ProbeRule(_Rule):
    """How far disguises moved the scores of the judges in force, by probe and dimension (`include.judges.probes`).

    Breached where the interval of the mean shift over the last `over` lies beyond `min_effect`, up or down; for probes
    that make an answer worse, if anything, only up.
    """

    test: Literal["probe"]
    by: tuple[Column, ...] = ()
    over: Span = timedelta(days=7)
    min_n: Count = 20
    min_effect: Share = 0.1
    confidence: Share = 0.99

    @property
    def columns(self) -> tuple[str, ...]:
        """What the parts of a segment are."""
        return ("probe",)

    @field_validator("by")
    @classmethod
    def _of_all_projects(cls, by: tuple[Column, ...]) -> tuple[Column, ...]:
        if by:
            raise ValueError("shifts are of a judge, over all projects: leave `by` out")
        return by


class DriftRule(_Rule):
    """The distribution of scores against the segment's own past, by a p-value test of Evidently.

    Looked at once every `every`, over the scores of the last `over`. `min_effect` is how far scores must have moved
    on average, up or down. Evidently's Mann-Whitney test is not offered: it only sees scores that rise.
    """

    test: Literal["drift"]
    measures: Annotated[tuple[str, ...], Field(min_length=1)]
    method: Literal["ks", "cramer_von_mises"] = "ks"
    trailing: Span = timedelta(days=14)
    over: Span = timedelta(hours=12)
    every: Span = timedelta(hours=6)
    min_n: Count = 30
    reference_min_n: Count = 200
    min_effect: Share = 0.1
    confidence: Share = 0.9999


Rule: TypeAlias = LevelRule | VolumeRule | SpendRule | CoverageRule | BudgetRule | ProbeRule | DriftRule


class Rules(BaseModel):
    """The file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rules: tuple[Annotated[Rule, Field(discriminator="test")], ...]

    @field_validator("rules")
    @classmethod
    def _names_differ(cls, rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
        twice = [name for name, count in Counter(rule.name for rule in rules).items() if count > 1]
        if twice:
            raise ValueError(f"two rules are called {twice[0]}; a name is the identity of an alert")
        return rules

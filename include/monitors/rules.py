"""rules.yaml as types: what is watched, of whom, against what, by which test. Unknown keys are refused."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Annotated, ClassVar, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, field_validator

from include.monitors.base_rule import BaseRule
from include.monitors.level_rule import LevelRule as LevelRule
from include.monitors.vocabulary import ATTRIBUTE, Column, Count, Share, Span


class VolumeRule(BaseRule):
    """Interactions logged, against the same hours of past days; an hour that was run and is empty counts as 0.

    `min_effect` is the share of the expected interactions that must be missing, `min_n` how many were expected.
    """

    reads_segments: ClassVar[bool] = True
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


class SpendRule(BaseRule):
    """USD of a window, or of an answer in it, against the same hours of past days.

    Breached where it is `factor` times the median of those days, `deviations` of their standard deviations above it,
    and that costs `min_effect` USD, all three. Of `over` (hours of the window and before it), once every `every`; the
    cost of an answer is the lower median of the hours', and looked at for each model as well.
    """

    reads_segments: ClassVar[bool] = True
    test: Literal["spend"]
    measure: Literal["spend", "cost_per_answer"] = "spend"
    trailing: Span = timedelta(days=28)
    over: Span = timedelta(hours=1)
    every: Span | None = None
    factor: Annotated[float, Field(gt=1)] = 3.0
    deviations: Annotated[float, Field(gt=0)] = 6.0
    min_effect: Annotated[float, Field(gt=0)]


class CoverageRule(BaseRule):
    """The coverage ledger of the run: any gap is a breach."""

    test: Literal["coverage"]
    by: tuple[Column, ...] = ()

    @field_validator("by")
    @classmethod
    def _of_the_whole_run(cls, by: tuple[Column, ...]) -> tuple[Column, ...]:
        if by:
            raise ValueError("the ledger is of the whole run: leave `by` out")
        return by


class _RuleOfBudgets(BaseRule):
    """Of projects, as budgets are."""

    by: tuple[Column, ...] = ("project",)

    @field_validator("by")
    @classmethod
    def _of_projects(cls, by: tuple[Column, ...]) -> tuple[Column, ...]:
        if by != ("project",):
            raise ValueError("budgets are set by project: leave `by` out")
        return by


class BudgetRule(_RuleOfBudgets):
    """What judging a project costs in a day, against its budget: a step down the ladder is a breach."""

    test: Literal["budget"]


class MonthlyBudgetRule(_RuleOfBudgets):
    """A project's spend of the month, or what it is expected to be in the end, against its budget (budgets.yaml).

    Breached from `at` of the budget on, once a month.
    """

    test: Literal["monthly_budget"]
    of: Literal["spent", "forecast"]
    at: Annotated[float, Field(gt=0)] = 1.0


class ProbeRule(BaseRule):
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


class EpochRule(BaseRule):
    """Whether a judge that took over has a reference of its own, so that scores can be compared again.

    Breached while another judge scored in the last `trailing` days before today, and the one in force scored fewer
    than `reference_min_n` interactions of these days.
    """

    test: Literal["epoch"]
    trailing: Span = timedelta(days=28)
    reference_min_n: Count = 200

    @field_validator("by")
    @classmethod
    def _of_projects(cls, by: tuple[Column, ...]) -> tuple[Column, ...]:
        if "project" not in by:
            raise ValueError("who judges is a matter of the project: name project in `by`")
        return by


class DriftRule(BaseRule):
    """The distribution of scores, or of what is asked and answered, against the past, by p-value tests of Evidently.

    `measures` are scores (composite, a dimension) or those that every application logs
    (`include.monitors.exchanges.LOGGED`). Looked at once every `every`, over the last `over`. `min_effect` is how far
    scores must have moved on average, up or down; of other measures the share that must have moved. `method` is for
    numbers; Evidently's Mann-Whitney test is not offered: it only sees values that rise.
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


Rule: TypeAlias = (
    LevelRule
    | VolumeRule
    | SpendRule
    | CoverageRule
    | BudgetRule
    | MonthlyBudgetRule
    | ProbeRule
    | EpochRule
    | DriftRule
)


class Rules(BaseModel):
    """The file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    attributes: tuple[Annotated[str, Field(pattern=r"^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,59}$")], ...] = ()
    """Counted although no rule names them yet."""
    rules: tuple[Annotated[Rule, Field(discriminator="test")], ...]

    @property
    def counted(self) -> tuple[str, ...]:
        """The columns of attributes that are counted, hour by hour."""
        named = {rule.attribute for rule in self.rules if rule.attribute}
        listed = {name if name == "language" else f"{ATTRIBUTE}{name}" for name in self.attributes}
        return tuple(sorted(named | listed))

    @field_validator("rules")
    @classmethod
    def _names_differ(cls, rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
        twice = [name for name, count in Counter(rule.name for rule in rules).items() if count > 1]
        if twice:
            raise ValueError(f"two rules are called {twice[0]}; a name is the identity of an alert")
        return rules

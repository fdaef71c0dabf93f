"""A rule of test level: which score, share or amount, held to what, and which worsening of it matters."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from include.domain.segment import AMOUNTS
from include.monitors.base_rule import BaseRule
from include.monitors.vocabulary import DEPLOYED, RATES, UNSCORED, Count, Days, Share, Span, on_an_edge, refused


class LevelRule(BaseRule):
    """The mean of a score, or a share, against a target, the segment's own past, or what went before it; sequential.

    `measure` is a score (composite, a dimension), one of `RATES`, or one of `AMOUNTS`. Of scores `below` makes it the
    share of interactions under that floor; of amounts `below`, `above` (that much or more) or `percentile` (as much
    as that percentile of the past, or more) does. `min_effect` is the smallest worsening worth an alert, in the
    measure's unit. `false_alarm_every` bounds the mean time between false alarms of the whole rule from below.
    """

    reads_segments: ClassVar[bool] = True
    test: Literal["level"]
    measure: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    worse: Literal["higher", "lower"] | None = None
    below: Annotated[float, Field(gt=0)] | None = None
    above: Annotated[float, Field(gt=0)] | None = None
    percentile: Annotated[int, Field(ge=50, le=99)] | None = None
    target: Annotated[float, Field(ge=0, le=1)] | None = None
    trailing: Span | None = None
    baseline: Days | None = None
    against: Literal["previous"] | None = None
    same_hours: bool = False
    reference_min_n: Count = 100
    over: Span = timedelta(days=3)
    min_n: Count = 8
    min_effect: Share
    false_alarm_every: Span = timedelta(days=365)
    confidence: Share = 0.99

    @property
    def is_share(self) -> bool:
        """Whether the measure is a share of interactions, of bad ones unless less of it is worse."""
        return self.measure in RATES or self.measure in AMOUNTS or self.below is not None

    @property
    def falls(self) -> bool:
        """Whether less of the measure is worse."""
        return self.worse == "lower" or not self.is_share

    @property
    def follows(self) -> bool:
        """Whether a segment may be new, and then be compared with its predecessor."""
        return self.trailing is not None and bool(DEPLOYED & {*self.by})

    @property
    def title(self) -> str:
        """The measure in words."""
        name = self.measure.replace("_", " ")
        if self.below is not None:
            return f"share of {name} below {self.below:g}"
        if self.above is not None:
            return f"share of {name} of {self.above:g} or more"
        return f"share of {name} at percentile {self.percentile} of its past or more" if self.percentile else name

    @property
    def alpha(self) -> float:
        """The false alarms that an hour may add."""
        return timedelta(hours=1) / self.false_alarm_every

    @field_validator("measure")
    @classmethod
    def _lies_in_the_unit_interval(cls, measure: str) -> str:
        if measure in UNSCORED - RATES - {*AMOUNTS}:
            raise ValueError(f"{measure} is neither a score nor a share; test volume or spend, or leave it out")
        return measure

    @model_validator(mode="after")
    def _one_standard(self) -> LevelRule:
        if sum(one is not None for one in (self.target, self.trailing, self.baseline)) != 1:
            raise ValueError("give either target (a number), trailing (a span such as 14d) or baseline (days from, to)")
        if self.against and not self.follows:
            raise refused(
                "only a model or prompt version has a previous one, and it is looked for in the past",
                "add trailing, and model or prompt_version to by",
            )
        if self.same_hours and self.target is not None:
            raise refused("a target is the same at all hours", "leave same_hours out, or give trailing")
        if self.target is not None and not 0 <= self._worst_expected(self.target) <= 1:
            raise ValueError("target and min_effect together leave [0, 1]: no alert could ever be raised")
        return self

    @model_validator(mode="after")
    def _a_measure_that_is_counted(self) -> LevelRule:
        cuts = [cut for cut in ("below", "above", "percentile") if getattr(self, cut) is not None]
        if self.measure in AMOUNTS:
            self._an_amount_is_cut_once(cuts)
        elif self.measure in RATES and cuts:
            raise ValueError(f"{cuts[0]} is for scores and amounts; {self.measure} is a share already")
        elif {"above", "percentile"} & {*cuts}:
            raise refused(f"{cuts[0]} is for {', '.join(AMOUNTS)}", "leave it out, or give below, a floor for scores")
        elif self.below is not None and (self.below >= 1 or abs(self.below * 20 - round(self.below * 20)) > 1e-9):
            raise ValueError("below is a multiple of 0.05 under 1, because scores are counted in bins of that width")
        if self.worse and self.measure not in RATES:
            raise refused(f"worse is for {', '.join(sorted(RATES))}", "leave it out; below and above say what is bad")
        if self.measure == "quarantine" and {*self.by, *self.where} - {"project", "environment"}:
            raise refused("rows in quarantine are counted by project and environment", "leave the other columns out")
        return self

    def _an_amount_is_cut_once(self, cuts: list[str]) -> None:
        if len(cuts) != 1:
            raise refused(f"{self.measure} has no share of bad ones by itself", "give one of above, below, percentile")
        if self.percentile is not None:
            if self.target is not None:
                raise refused(
                    "a percentile is of the past", "give trailing or baseline, or above instead of percentile"
                )
        else:
            on_an_edge(self.above or self.below or 0)

    def _worst_expected(self, target: float) -> float:
        return target - self.min_effect if self.falls else target + self.min_effect

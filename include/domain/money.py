"""What is told of spend: a day and its month, budgets with their forecasts, what judging would have cost otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from statistics import NormalDist

from include.domain.cost import Spend


@dataclass(frozen=True, slots=True)
class Forecast:
    """USD that a month (UTC) will have cost at its end, with its 80 % interval, as known at the end of `made_on`."""

    made_on: date
    expected: Decimal
    low: Decimal
    high: Decimal

    @property
    def month(self) -> date:
        """The first day of the month that it is about."""
        return self.made_on.replace(day=1)

    def over(self, limit: Decimal) -> float:
        """The probability that the month costs more than `limit`, by half a normal curve to either side."""
        width = self.high - self.expected if limit > self.expected else self.expected - self.low
        if not width:
            return float(self.expected > limit)
        return NormalDist().cdf(float((self.expected - limit) / width) * NormalDist().inv_cdf(0.9))

    def at_least(self, spent: Decimal) -> Forecast:
        """The same where so much is spent already."""
        return Forecast(self.made_on, *(max(spent, usd) for usd in (self.expected, self.low, self.high)))

    def __add__(self, other: Forecast) -> Forecast:
        """Of two projects together, as wide as if both went up or down at once: a forecast of their sum is narrower."""
        return Forecast(self.made_on, self.expected + other.expected, self.low + other.low, self.high + other.high)


@dataclass(frozen=True, slots=True)
class Unforeseen:
    """That nobody can tell what the month will cost, and why."""

    why: str


@dataclass(frozen=True, slots=True)
class BudgetMonth:
    """A project's budget for the month that begins on `month`, in USD, and what is known of its spend.

    `project` is "" for the budget of all projects together. `spent` is that of applications from the month's first
    day on; `forecast` is None where there is none yet.
    """

    project: str
    owner: str
    month: date
    limit: Decimal
    spent: Spend
    forecast: Forecast | None


@dataclass(frozen=True, slots=True)
class MonthSoFar:
    """What a month has cost by the end of a day and will have cost at its end; `limit` is its budget in USD, if any.

    `project` is "" of several together.
    """

    project: str
    spent: Spend
    outlook: Forecast | Unforeseen
    limit: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Mover:
    """A project whose spend of a day lies farthest from its mean over the `days` before, and in words what moved it."""

    project: str
    spent: Decimal
    usual: Decimal
    days: int = 1
    by: str = ""

    @property
    def change(self) -> Decimal:
        """USD more (or, negative, less) than usual."""
        return self.spent - self.usual


@dataclass(frozen=True, slots=True)
class DayOfSpend:
    """A day's spend as it is told: projects with the largest first, judges apart, and the month so far.

    `mover` is None where too few days precede. `unpriced_models` pairs each model without a known price with its
    calls of the day. `course` is what each day of the month until this one cost, None where that is not known whole;
    `parts` are the projects of `month`. `saved` is of the day, None where nobody knows.
    """

    day: date
    projects: tuple[tuple[str, Spend], ...]
    application: Spend
    judge: Spend
    month: MonthSoFar
    month_judge: Spend
    course: tuple[tuple[date, Decimal | None], ...]
    parts: tuple[MonthSoFar, ...]
    mover: Mover | None
    unpriced_models: tuple[tuple[str, int], ...]
    saved: JudgingSaved | None = None

    @property
    def month_application(self) -> Spend:
        """What applications spent in the month so far."""
        return self.month.spent


@dataclass(frozen=True, slots=True)
class Raised:
    """What a rule of budgets said of a project last: when (a date of the window), and whether it was breached then.

    `this_month` says that it was breached in a window of the same month before, of which people were told.
    """

    on: date
    breached: bool
    this_month: bool


@dataclass(frozen=True, slots=True)
class Allowances:
    """The budgets of a month as they stood at the end of a window, and what was said of them before.

    `raised` is by rule and project.
    """

    months: tuple[BudgetMonth, ...] = ()
    raised: Mapping[tuple[str, str], Raised] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class JudgingSaved:
    """What judging cost, and what it would have cost to judge everything live with the strong judge, in USD.

    `in_full` less the four savings is `spent`, exactly; each may be negative. `judged` counts interactions. In no
    figure are `unpriced` calls, and the USD `untold`: spent where the strong judge's price is not known.
    """

    project: str
    judged: int
    spent: Decimal
    in_full: Decimal
    by_sampling: Decimal
    by_cascade: Decimal
    by_cache: Decimal
    by_batches: Decimal
    unpriced: int = 0
    untold: Decimal = Decimal(0)

    @property
    def saved(self) -> Decimal:
        """All four savings, in USD."""
        return self.in_full - self.spent

    def __add__(self, other: JudgingSaved) -> JudgingSaved:
        """Of two projects together, under the name of the first."""
        return JudgingSaved(
            self.project,
            self.judged + other.judged,
            self.spent + other.spent,
            self.in_full + other.in_full,
            self.by_sampling + other.by_sampling,
            self.by_cascade + other.by_cascade,
            self.by_cache + other.by_cache,
            self.by_batches + other.by_batches,
            self.unpriced + other.unpriced,
            self.untold + other.untold,
        )

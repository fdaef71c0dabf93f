"""The week as the report tells it: every figure with what it stands on, ready to be rendered."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from include.domain.alert import Precision
from include.domain.cost import Spend
from include.domain.feedback import ExpertsWeek
from include.domain.interaction import Window
from include.domain.judging_cost import JudgingWeek
from include.domain.message import Severity
from include.domain.money import BudgetMonth
from include.domain.run import CoverageLedger
from include.domain.score import ScoreSource
from include.domain.segment import Tally
from include.domain.value import ValueWeek
from include.errors import PageMissing


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean in [0, 1] over `n` interactions, with its 95 % interval; without bounds where n is below two."""

    mean: float
    low: float | None
    high: float | None
    n: int


class Trend(StrEnum):
    """How a mean stands to that of the week before."""

    BETTER = "better"
    WORSE = "worse"
    STEADY = "steady"
    """The difference is within noise, or too small to matter."""
    OTHER_JUDGE = "other_judge"
    """Last week was scored, but by another judge: the two are not compared."""
    NO_DATA = "no_data"


@dataclass(frozen=True, slots=True)
class MeasureWeek:
    """One score of one project over the week, by the judge that gave most of its values.

    `difference` is this week's mean less that of the seven days before by the same judge, None where either is
    missing. `days` holds every 24 hours of the chart by their start, oldest first, None where that judge scored
    nothing. `other_judges` counts the week's values by other judges, which are left out of `now`.
    """

    measure: str
    epoch: str
    now: Estimate | None
    before: Estimate | None
    difference: float | None
    trend: Trend
    days: tuple[tuple[datetime, Estimate | None], ...]
    other_judges: int = 0


class Reached(StrEnum):
    """How a mean stands to its target: on one side with its whole interval, or too close to tell."""

    YES = "yes"
    NO = "no"
    UNSURE = "unsure"


@dataclass(frozen=True, slots=True)
class ProjectWeek:
    """The scores of one project in one environment; `composite` is None where no interaction was scored whole.

    `target` is what rules hold the composite to, in [0, 1].
    """

    project: str
    environment: str
    composite: MeasureWeek | None
    dimensions: tuple[MeasureWeek, ...]
    target: float | None = None

    @property
    def reached(self) -> Reached | None:
        """How the week's composite stands to the target, None without either."""
        now = self.composite.now if self.composite else None
        if now is None or self.target is None:
            return None
        if now.low is None or now.high is None or now.low < self.target <= now.high:
            return Reached.UNSURE
        return Reached.YES if now.low >= self.target else Reached.NO


@dataclass(frozen=True, slots=True)
class SegmentTally:
    """Composites of one segment over a stretch of time, by one set of judges.

    `parts` pair columns with their values: model and prompt version, or one attribute.
    """

    project: str
    environment: str
    parts: tuple[tuple[str, str], ...]
    epoch: str
    tally: Tally


@dataclass(frozen=True, slots=True)
class SegmentChange:
    """A segment whose mean composite changed by more than noise, and what that brought to its project's mean.

    `brought` is in the unit of the score; shares are of the weight of the project's scores, in [0, 1]. `before` is None
    of a segment that is new, which is then held to `usual`, the project's own mean of the week before.
    """

    project: str
    environment: str
    parts: tuple[tuple[str, str], ...]
    brought: float
    share: float
    share_before: float
    now: Estimate
    before: Estimate | None
    usual: float

    @property
    def difference(self) -> float:
        """Of the means now and before."""
        return self.now.mean - (self.before.mean if self.before else self.usual)


@dataclass(frozen=True, slots=True)
class IncidentWeek:
    """Alerts of one cause, told as one thing; `ends_at` is None while it is open, `until` what is known so far.

    `sentence` says what was found at its worst, `cause` where that came from, "" where nobody knows. `live` is False
    for what was found in the past, looked at later, and told to nobody.
    """

    title: str
    projects: tuple[str, ...]
    environment: str
    severity: Severity
    starts_at: datetime
    ends_at: datetime | None
    until: datetime
    sentence: str
    alerts: tuple[str, ...]
    live: bool
    cause: str = ""

    @property
    def duration(self) -> timedelta:
        """From its start to its end, or as far as is known."""
        return (self.ends_at or self.until) - self.starts_at


@dataclass(frozen=True, slots=True)
class JudgedDimension:
    """What a judge said of one dimension of an example; `value` in [0, 1]."""

    dimension: str
    value: float
    explanation: str
    source: ScoreSource


@dataclass(frozen=True, slots=True)
class Example:
    """An interaction that scored badly; its text is hostile and already cut to a bounded length."""

    interaction_id: str
    logged_at: datetime
    project: str
    environment: str
    model: str
    user_input: str
    response: str
    composite: float
    scores: tuple[JudgedDimension, ...]
    similar: int = 0
    """How many of the week's other worst interactions say much the same and are not shown."""


@dataclass(frozen=True, slots=True)
class ProjectSpend:
    """What a project spent in the week and in the seven days before, and what judging it cost in the week."""

    project: str
    application: Spend
    application_before: Spend
    judge: Spend


@dataclass(frozen=True, slots=True)
class WeekMoney:
    """What is told of a week's money beyond its sums; budgets are of the month that holds the week's last day."""

    budgets: tuple[BudgetMonth, ...] = ()
    judging: JudgingWeek = field(default_factory=JudgingWeek)
    value: ValueWeek | None = None


@dataclass(frozen=True, slots=True)
class CostWeek:
    """Spend over whole UTC days `first` to `last`, both included; largest project first.

    `comparable` says that every day of the week before has a rollup. `days_before` are those of the week before.
    `unpriced_models` pairs each model without a known price with its calls.
    """

    first: date
    last: date
    projects: tuple[ProjectSpend, ...]
    days: tuple[tuple[date, Decimal], ...]
    unpriced_models: tuple[tuple[str, int], ...]
    comparable: bool
    days_before: tuple[tuple[date, Decimal], ...] = ()
    money: WeekMoney = field(default_factory=WeekMoney)

    @property
    def application(self) -> Spend:
        """What the applications spent."""
        return sum((project.application for project in self.projects), Spend())

    @property
    def judge(self) -> Spend:
        """What judging them cost."""
        return sum((project.judge for project in self.projects), Spend())

    @property
    def application_before(self) -> Spend:
        """What the applications spent in the week before."""
        return sum((project.application_before for project in self.projects), Spend())


@dataclass(frozen=True, slots=True)
class Coverage:
    """The coverage ledger of the week and of each of its days, and the times that no finished run covers.

    `failures` pairs (dimension, error type) with interactions.
    """

    ledger: CoverageLedger
    days: tuple[tuple[date, CoverageLedger], ...]
    uncovered: tuple[Window, ...]
    unfinished: int
    """Runs that began and were not settled."""
    failures: tuple[tuple[str, str, int], ...]


@dataclass(frozen=True, slots=True)
class Refusal:
    """An expectation of the suite with the rows that it refused, and how many of them were released since."""

    expectation: str
    rows: int
    released: int


@dataclass(frozen=True, slots=True)
class DataQuality:
    """What was wrong with the log: rows refused, and what the suite warned of with the number of runs that it did."""

    refusals: tuple[Refusal, ...]
    warnings: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class JudgeWeek:
    """A judge that scored this week: its epoch, what it is, how many values it gave.

    `cached` is the share of the tokens it was asked with that came from its provider's cache; None where none counted.
    `failed` are the interactions that it could not score, unless they gave it nothing to judge.
    """

    epoch: str
    dimension: str
    judge: str
    source: ScoreSource
    model: str | None
    first_seen_at: datetime
    values: int
    cached: float | None = None
    failed: int = 0


@dataclass(frozen=True, slots=True)
class Leaning:
    """How far a disguise of the answers moved a judge's scores on average, in [-1, 1]; `low` and `high` hold 95 %.

    `is_fault` says that it is more than noise, and no answer that was made worse got less.
    """

    probe: str
    dimension: str
    epoch: str
    n: int
    mean: float
    low: float | None
    high: float | None
    is_fault: bool


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file beside the report: what it is called to readers, and its name in the same folder."""

    label: str
    name: str


@dataclass(frozen=True, slots=True)
class WeeklyReport:
    """Everything that the file says; nothing in it depends on when it was written.

    `incidents` are those of the charted time; `incidents_of_week` leaves out what was over before. `as_of` is the end
    of the last settled window in the week, None where there is none.
    """

    window: Window
    as_of: datetime | None
    projects: tuple[ProjectWeek, ...]
    incidents: tuple[IncidentWeek, ...]
    examples: tuple[Example, ...]
    costs: CostWeek
    coverage: Coverage
    data_quality: DataQuality
    judges: tuple[JudgeWeek, ...]
    attachments: tuple[Attachment, ...] = ()
    precision: tuple[Precision, ...] = ()
    """What on-call thinks of the incidents that began in the charted time."""
    changes: tuple[SegmentChange, ...] = ()
    """Which segments got better or worse, the one that weighs most in its project's change first."""
    leanings: tuple[Leaning, ...] = ()
    experts: ExpertsWeek = field(default_factory=ExpertsWeek)
    paragraph: str | None = None
    """What a model wrote of these figures, where somebody asked for it; it is shown as such."""

    @property
    def report_id(self) -> str:
        """See `report_id`."""
        return report_id(self.window)

    @property
    def incidents_of_week(self) -> tuple[IncidentWeek, ...]:
        """Those that overlap the week, open ones first, then by start."""
        of_week = [one for one in self.incidents if (one.ends_at or one.until) > self.window.start]
        return tuple(sorted(of_week, key=lambda one: (one.ends_at is not None, one.severity.rank, one.starts_at)))

    @property
    def environments(self) -> frozenset[str]:
        """Where the projects run."""
        return frozenset(project.environment for project in self.projects)


def report_id(window: Window) -> str:
    """The name of the report of that window and, with its ending, of its file: the same for the same window."""
    start, end = window.start, window.end
    form = "%Y-%m-%d" if start.time() == end.time() == datetime.min.time() else "%Y-%m-%dT%H%MZ"
    return f"{WEEKLY}{start:{form}}_{end:{form}}"


WEEKLY = "weekly_"
"""Begins the ids of weekly reports in the index, which holds pages of drift as well."""


@dataclass(frozen=True, slots=True)
class PublishedReport:
    """A row of the index: what was written, of which window, where; `path` is relative to Assay's home."""

    report_id: str
    window: Window
    title: str
    headline: str
    path: str
    attachments: tuple[Attachment, ...]
    sha256: str
    created_at: datetime

    @property
    def is_weekly(self) -> bool:
        """Whether it is the report of a week, and no page of drift."""
        return self.report_id.startswith(WEEKLY)


class DeliveryState(StrEnum):
    """What became of a report's summary at one receiver."""

    SENT = "sent"
    WITHHELD = "withheld"
    """Nobody is to be told, or not yet."""
    FAILED = "failed"
    UNDER_WAY = "intended"


@dataclass(frozen=True, slots=True)
class Delivery:
    """Where a report's summary went, and when; `channel` is "" for the receiver's default, `note` says why it did not.

    `receiver` is "slack", "outbox" or "email".
    """

    receiver: str
    channel: str
    state: DeliveryState
    note: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ReportFile:
    """A published report, or a file beside it, as it stands on the disk; only an attachment may hold scripts."""

    report: PublishedReport
    content: bytes
    is_attachment: bool
    media_type: str = "text/html"


class ReportMissing(PageMissing):
    """No such report is registered, or its file is gone; the message says which."""

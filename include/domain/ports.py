"""What the stages need of the outside world, as Protocols; adapters implement them, the pipeline plugs them in."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import date, datetime, timedelta
from typing import Any, Protocol

from include.domain.alert import Alert, Incident, Precision, Told
from include.domain.cause import Arrival
from include.domain.cost import DailyCost, Spend
from include.domain.feedback import ExpertsWeek
from include.domain.intake import Admitted, Decision, Facts, StagedRow
from include.domain.interaction import Interaction, Json, Window
from include.domain.llm import JudgeCall, LLMReply, LLMRequest, SparedCall
from include.domain.message import Address, Message
from include.domain.observation import Observation, Scope, Total
from include.domain.price import BillableCall, Price
from include.domain.probe import ShiftTally
from include.domain.report import Example, JudgeWeek, PublishedReport, Refusal, SegmentTally
from include.domain.rule import Evidence
from include.domain.run import CoverageLedger
from include.domain.score import Epoch, Outcome
from include.domain.segment import SegmentRow
from include.domain.traffic import Exchange


class LogSource(Protocol):
    """An application's log, read and never written."""

    def count(self, window: Window) -> int:
        """How many rows were logged in the window."""
        ...

    def read(self, window: Window) -> Iterator[Mapping[str, Any]]:
        """Each row as `row_key`, `logged_at` and the words of the domain, in bounded memory."""
        ...


class Intake(Protocol):
    """Where a window's rows wait until they are judged fit, and where they then go."""

    def stage(self, run_id: str, rows: Iterable[StagedRow]) -> int:
        """Replace what is staged of the run; returns how many rows there are."""
        ...

    def facts(self, run_id: str, source: str, *, excerpts: bool = False) -> Iterator[list[Facts]]:
        """What the suite looks at, some thousand rows at a time; `excerpts` asks for the beginnings of answers."""
        ...

    def decide(self, decisions: Iterable[Decision]) -> None:
        """Note what becomes of staged rows, for `admit` in the same transaction."""
        ...

    def admit(self, run_id: str, source: str, now: datetime, floor: int = 0) -> Admitted:
        """Move the rows that were decided on: fit ones to the interactions, the others to the quarantine.

        Of a stratum of N fit rows each is judged with a probability of at least `floor` / N.
        """
        ...

    def usual_volume(self, run_id: str) -> list[int]:
        """How many rows the log held in the same hours of each of the past weeks that were run."""
        ...

    def quarantined(self, source: str, row_keys: Sequence[str]) -> list[StagedRow]:
        """The rows of those keys that wait in quarantine, as they were logged."""
        ...

    def note_repair(self, source: str, row_keys: Sequence[str], repair: Mapping[str, Json], who: str = "") -> None:
        """Keep what a person replaced in the rows that were released, and who it was, where that is known."""
        ...


class PriceBook(Protocol):
    """What calls cost."""

    def price(self, call: BillableCall) -> Price | None:
        """What the call cost at the price in force when it was made; None where the price is unknown, never 0 then."""
        ...


class Judge(Protocol):
    """Scores one dimension of one interaction."""

    @property
    def epoch(self) -> Epoch:
        """The judge's identity."""
        ...

    async def score(self, interaction: Interaction) -> Outcome:
        """A `Score` or a `ScoreFailure`; raises `JudgeMisconfigured` where no interaction can be scored."""
        ...


class LLMClient(Protocol):
    """One model at one endpoint."""

    @property
    def endpoint(self) -> str:
        """Where it is reached."""
        ...

    @property
    def provider(self) -> str:
        """Who bills for it, as the price book names them."""
        ...

    @property
    def model(self) -> str:
        """What the endpoint calls it."""
        ...

    async def complete(self, request: LLMRequest) -> LLMReply:
        """The model's reply, after as many retries as it takes and the deadline allows.

        Raises `JudgeError`, and `JudgeMisconfigured` where no request can succeed.
        """
        ...


class Crew(Protocol):
    """The workers that call the same model at the same time, and so share its limits."""

    def size(self) -> int:
        """How many there are now, the asking one included; may take a moment. Raises `AssayError`."""
        ...


class CallLedger(Protocol):
    """Every call that was paid for. A call is made by whoever holds its claim, so that nobody pays for it twice."""

    def claim(self, keys: Sequence[str]) -> dict[str, JudgeCall | None]:
        """What is on record of each key, or None where the caller may make the call and now holds the claim.

        Keys that another worker has claimed are left out: ask again. A claim ends with its worker, however that ends.
        """
        ...

    def record(self, calls: Sequence[JudgeCall]) -> None:
        """Keep calls for good and end their claims; durable when it returns."""
        ...

    def release(self, keys: Sequence[str]) -> None:
        """End claims without a call."""
        ...

    def spared(self, calls: Mapping[SparedCall, Spend]) -> None:
        """Add to what is known of calls that were not made, with what they had cost when they were."""
        ...


class AlertBook(Protocol):
    """Every episode of every alert, with the incident that it belongs to."""

    def lock(self) -> None:
        """Keep every other writer of alerts out until the transaction ends."""
        ...

    def latest(self, fingerprints: Collection[str]) -> dict[str, Alert]:
        """The newest episode, open or over, of each alert that ever had one."""
        ...

    def seen(self, fingerprints: Collection[str]) -> dict[str, datetime]:
        """End of the newest window that was taken into account for each alert, whether or not it was ever breached."""
        ...

    def see(self, windows: Mapping[str, datetime], blind: Mapping[str, int] | None = None) -> None:
        """Note the end of the window that was taken into account, by fingerprint; a later one that is noted stays.

        `blind` is what `blind()` tells from now on.
        """
        ...

    def blind(self, fingerprints: Collection[str]) -> dict[str, int]:
        """For how many windows in a row an alert's rule could not tell, of those of which it ever could."""
        ...

    def starts(self, fingerprints: Collection[str], since: datetime) -> dict[str, list[datetime]]:
        """When the alerts' episodes that fired began, of those that began after `since`."""
        ...

    def firing(self) -> list[Alert]:
        """Every alert that is firing."""
        ...

    def save(self, alerts: Sequence[Alert]) -> None:
        """Write episodes, new or changed."""
        ...

    def forget(self, alert: Alert) -> None:
        """Drop an episode that never fired."""
        ...

    def unsettled(self, receiver: str) -> list[str]:
        """Ids of live incidents, oldest first, whose end the receiver was not told yet."""
        ...

    def incident(self, incident_id: str) -> Incident:
        """The live alerts of an incident; raises `KeyError` where there are none."""
        ...


class NotificationLog(Protocol):
    """What was told to whom. A row is durable when `put` returns, so that no crash forgets an intent."""

    def hold(self, key: str) -> AbstractContextManager[None]:
        """Wait until nobody else tells the message of that key, and keep others out."""
        ...

    def get(self, key: str, receiver: str) -> Told | None:
        """What the receiver was told under that key."""
        ...

    def put(self, told: Told, message: Message) -> None:
        """Replace what is known of that key and receiver."""
        ...


class Transport(Protocol):
    """Carries messages to one receiver. Each method raises `ChannelMisconfigured` or `NotifyError`."""

    @property
    def receiver(self) -> str:
        """The receiver's name in the notification log."""
        ...

    def post(self, channel: str, message: Message) -> Address:
        """Send a new message."""
        ...

    def update(self, address: Address, message: Message) -> bool:
        """Edit a message in place; False where it is gone or can no longer be edited."""
        ...

    def find(self, channel: str, key: str, since: datetime) -> Address | None:
        """The message of that key that was sent after `since`, if there is one."""
        ...


class ThreadedTransport(Transport, Protocol):
    """Keeps a thread with each message."""

    def reply(self, address: Address, event: str, text: str) -> bool:
        """Add to a message's thread; False where the message is gone. `event` finds the reply again."""
        ...

    def has_reply(self, address: Address, event: str) -> bool:
        """Whether the thread holds the reply of that event."""
        ...


class ThreadLog(Protocol):
    """What the threads of messages hold. A row is durable when a method returns."""

    def due(self, receiver: str) -> list[str]:
        """Keys of messages that stand with the receiver and changed since their threads were brought up to date."""
        ...

    def told(self, key: str, receiver: str) -> dict[str, bool]:
        """Each event that was meant for the message's thread, and whether it is known to stand there."""
        ...

    def intend(self, key: str, receiver: str, event: str, text: str, now: datetime) -> None:
        """Note that a reply is about to be sent."""
        ...

    def confirm(self, key: str, receiver: str, event: str) -> None:
        """Note that it stands there."""
        ...

    def caught_up(self, key: str, receiver: str, digest: str) -> None:
        """Note that the thread tells all that led to the message of that digest."""
        ...


class SegmentReader(Protocol):
    """What an hour or a day of a segment amounts to, by any of project, environment, model and prompt_version.

    Or by project, environment and one attribute of the interaction that is counted: `language`, `attributes.<name>`.
    """

    def read(self, measure: str, window: Window, by: Sequence[str], step: timedelta) -> Sequence[SegmentRow]:
        """The tallies of the hours of the window, added up by `by`, epoch and `step`: an hour, 6 h or a day (UTC)."""
        ...

    def read_each(self, measure: str, windows: Sequence[Window], by: Sequence[str]) -> Sequence[SegmentRow]:
        """The tallies of whole windows, without bins, by `by` and epoch; a row starts when its window does."""
        ...

    def settled_hours(self, window: Window) -> set[datetime]:
        """The hours of the window that lie in a settled run, so that an empty one means that nothing was logged."""
        ...


class CauseReader(Protocol):
    """What the cause of a breach is looked for in; each method may raise whatever its store does."""

    def previous(self, rule: str, fingerprint: str, before: datetime) -> Evidence | None:
        """The evidence of the alert's last breached window that was over by then."""
        ...

    def observations(self, scope: Scope, window: Window, limit: int) -> Sequence[Observation]:
        """Interactions of the scope with a value, by time; of more than `limit` the same ones each time."""
        ...

    def totals(self, scope: Scope, now: Window, past: Sequence[Window]) -> Sequence[Total]:
        """Spend or volume by label, of all interactions first; the past windows are added up."""
        ...

    def arrivals(self, scope: Scope, since: datetime, back: timedelta) -> Sequence[Arrival]:
        """What came in within a day before `since` or just after, and was not seen `back` before; the closest first."""
        ...


class TrafficReader(Protocol):
    """Some of what was logged, row by row, at a cost that is bounded."""

    def read(self, hours: Sequence[datetime], segment: Mapping[str, str], limit: int) -> list[Exchange]:
        """At most `limit` of the interactions of those hours, judged or not, in random order, the same each time.

        `segment` says of which project, environment, model or prompt_version.
        """
        ...


class WeekRecord(Protocol):
    """What a weekly report is collected from: rollups, and rows only of the interactions that scored worst."""

    def daily_scores(self, window: Window) -> list[SegmentRow]:
        """Tallies of every score by judge epoch, one for each 24 hours counted from the window's start.

        Segments are (project, environment, measure).
        """
        ...

    def segments(self, window: Window) -> list[SegmentTally]:
        """Composites of the whole window by model and prompt version, and by each attribute that is counted."""
        ...

    def shifts(self, window: Window) -> list[ShiftTally]:
        """How far disguises moved scores of the window's interactions, by probe, dimension and judge."""
        ...

    def runs(self, window: Window) -> list[tuple[Window, CoverageLedger | None]]:
        """The runs whose windows start in the window, by time, without a ledger where unsettled.

        A run whose window lies within another settled run's is left out: its interactions are in that ledger.
        """
        ...

    def failures(self, window: Window) -> list[tuple[str, str, int]]:
        """(dimension, error type, interactions) of what could not be scored, most first."""
        ...

    def refusals(self, window: Window) -> list[Refusal]:
        """What the suite refused, by expectation, most first."""
        ...

    def warnings(self, window: Window) -> list[tuple[str, int]]:
        """What the suite warned of, with the number of runs that it did, most first."""
        ...

    def incidents(self, window: Window) -> list[tuple[Incident, Mapping[str, str]]]:
        """Incidents that overlap the window, by start, with what was found of each episode at its worst."""
        ...

    def precision(self, window: Window) -> list[Precision]:
        """What on-call thinks of the incidents that began in the window, by rule, most often not useful first."""
        ...

    def experts(self, window: Window) -> ExpertsWeek:
        """What experts said, corrected and kept in the window, and what judging again changed."""
        ...

    def worst(self, window: Window, epochs: Collection[str], limit: int) -> list[Example]:
        """Interactions with the lowest composites, worst first: up to `limit` of each project, bounded in all.

        `epochs` name the judges that count, and the sets of them behind composites. Texts may hold what must be hidden.
        """
        ...

    def judges(self, window: Window) -> list[JudgeWeek]:
        """Every judge that gave a score in the window, by dimension, most values first."""
        ...

    def costs(self, first: date, last: date) -> list[DailyCost]:
        """The cost rollup of the days `first` to `last`, both included."""
        ...


class ReportIndex(Protocol):
    """What was published."""

    def register(self, report: PublishedReport) -> None:
        """Add a report, or replace the one of the same id; `created_at` changes only with its content."""
        ...

    def all(self) -> list[PublishedReport]:
        """Every report, newest week first."""
        ...

    def get(self, report_id: str) -> PublishedReport:
        """The report of that id; raises `KeyError` where there is none."""
        ...

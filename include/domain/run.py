"""One pass over one window, and the ledger that accounts for every interaction logged in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from include.domain.budget import JudgeBudget
from include.domain.interaction import Json, Window


class RunStatus(StrEnum):
    """How far a run has come."""

    EXTRACTED = "extracted"
    VALIDATED = "validated"
    SETTLED = "settled"


@dataclass(frozen=True, slots=True)
class CoverageLedger:
    """`logged = quarantined + excluded + scored + failed`, each term counted from the database.

    `excluded` are the interactions that sampling left out; `failed` are those that lack at least one dimension.
    """

    logged: int
    quarantined: int
    excluded: int
    scored: int
    failed: int

    @property
    def gap(self) -> int:
        """Interactions that nobody accounts for; 0 when the ledger closes."""
        return self.logged - self.quarantined - self.excluded - self.scored - self.failed

    @property
    def closes(self) -> bool:
        """Whether every logged interaction is accounted for exactly once."""
        return self.gap == 0


@dataclass(frozen=True, slots=True)
class Run:
    """One pass over one window of one source; running the same window again is the same run."""

    source: str
    window: Window
    live: bool

    @property
    def run_id(self) -> str:
        """The same for the same source and window, whoever starts it and however often."""
        return f"{self.source}/{self.window}"


COMPOSITE = "composite"
"""The measure that stands beside the dimensions."""


@dataclass(frozen=True, slots=True)
class Epochs:
    """Who judges each project: measure -> epoch of a dimension's judge, and `COMPOSITE` -> identity of the set of them.

    `by_project` names the projects that have judges of their own; "" stands for all others.
    """

    by_project: Mapping[str, Mapping[str, str]]

    def of(self, project: str) -> Mapping[str, str]:
        """Measure -> epoch of one project."""
        return self.by_project.get(project, self.by_project.get("", {}))

    def judges(self, project: str) -> dict[str, str]:
        """Dimension -> epoch of one project."""
        return {measure: epoch for measure, epoch in self.of(project).items() if measure != COMPOSITE}

    def every(self, measure: str) -> frozenset[str]:
        """The epochs of a measure over all projects."""
        return frozenset(epochs[measure] for epochs in self.by_project.values() if measure in epochs)

    @property
    def ids(self) -> frozenset[str]:
        """Every epoch, those of composites included."""
        return frozenset(epoch for epochs in self.by_project.values() for epoch in epochs.values())

    def to_json(self) -> dict[str, Json]:
        """What is stored: project -> measure -> epoch."""
        return {project: dict(epochs) for project, epochs in self.by_project.items()}


@dataclass(frozen=True, slots=True)
class SettledRun:
    """A run that is over: its ledger, who judged, how dimensions were weighted, and what judging may cost."""

    run: Run
    ledger: CoverageLedger
    epochs: Epochs
    weights_version: str
    budgets: Mapping[str, JudgeBudget] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run as it stands: `ledger` and `settled_at` are None until it is settled, `warnings` are the suite's."""

    run: Run
    status: RunStatus
    attempts: int
    ledger: CoverageLedger | None
    warnings: tuple[str, ...]
    started_at: datetime
    settled_at: datetime | None

    @property
    def duration(self) -> timedelta | None:
        """From the last start to the end; None of a run that is under way, or was settled before it began again."""
        if self.status is not RunStatus.SETTLED or self.settled_at is None or self.settled_at < self.started_at:
            return None
        return self.settled_at - self.started_at


@dataclass(frozen=True, slots=True)
class Shard:
    """A part of a run that one task scores: keyset range `[first, last]` of (logged_at ISO 8601, interaction_id).

    `overdue` marks the shard of earlier windows' interactions whose failure a retry can mend or that were
    released from quarantine.
    """

    run_id: str
    index: int
    size: int
    first: tuple[str, str]
    last: tuple[str, str]
    overdue: bool = False

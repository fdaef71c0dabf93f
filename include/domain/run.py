"""One pass over one window, and the ledger that accounts for every interaction logged in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from include.domain.interaction import Window


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


@dataclass(frozen=True, slots=True)
class SettledRun:
    """A run that is over: its ledger, who judged (dimension -> epoch), and how dimensions were weighted."""

    run: Run
    ledger: CoverageLedger
    epochs: Mapping[str, str]
    weights_version: str


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

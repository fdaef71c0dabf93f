"""Runs and a quarantine as they would be read of a store, with a text planted in everything that was logged."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from include.domain.intake import HeldRow
from include.domain.interaction import Window
from include.domain.report import Refusal
from include.domain.run import CoverageLedger, Run, RunRecord, RunStatus
from include.pages.runs import RunsPage

TEN = datetime(2026, 11, 20, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)


def record(
    ledger: CoverageLedger | None = None, text: str = "", status: RunStatus = RunStatus.SETTLED, *, live: bool = True
) -> RunRecord:
    """A run of an hour that took 95 seconds."""
    warnings = (f"120 rows, usually 800{text}",)
    settled_at = TEN + timedelta(seconds=95) if ledger else None
    run = Run(f"native{text}", Window(TEN - HOUR, TEN), live)
    return RunRecord(run, status, 2, ledger, warnings, TEN, settled_at)


def runs_page(text: str = "", **changes: object) -> RunsPage:
    """A run whose ledger does not close, and one that is under way; `changes` replace fields."""
    given: dict[str, object] = {
        "window": Window(TEN - 24 * HOUR, TEN),
        "runs": (
            record(CoverageLedger(1000, 20, 700, 250, 25), text),
            record(None, text, RunStatus.VALIDATED, live=False),
        ),
        "has_older": False,
        "refusals": (Refusal(f"id_is_unique{text}", 30, 10),),
        "held": (
            HeldRow(
                f"native{text}",
                f"row-7{text}",
                f"bank{text}",
                TEN - HOUR,
                (f"id_is_unique{text}",),
                f'{{"a": "{text}"}}',
            ),
        ),
    }
    return RunsPage(**given | changes)  # type: ignore[arg-type]

"""The runs of a week go in, its coverage ledger by day comes out, with the times that nobody covered."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import astuple
from datetime import date

from include.domain.interaction import Window
from include.domain.report import Coverage
from include.domain.run import CoverageLedger

NOTHING = CoverageLedger(0, 0, 0, 0, 0)


def coverage_of(
    runs: Sequence[tuple[Window, CoverageLedger | None]], failures: Sequence[tuple[str, str, int]], week: Window
) -> Coverage:
    """The ledger of `week`; a run without a ledger was not settled and covers nothing."""
    settled = [(window, ledger) for window, ledger in runs if ledger is not None]
    days: dict[date, list[CoverageLedger]] = defaultdict(list)
    for window, ledger in settled:
        days[window.start.date()].append(ledger)
    return Coverage(
        ledger=_sum(ledger for _, ledger in settled),
        days=tuple((day, _sum(ledgers)) for day, ledgers in sorted(days.items())),
        uncovered=_uncovered([window for window, _ in settled], week),
        unfinished=len(runs) - len(settled),
        failures=tuple(failures),
    )


def _sum(ledgers: Iterable[CoverageLedger]) -> CoverageLedger:
    return CoverageLedger(*map(sum, zip(*map(astuple, [NOTHING, *ledgers]), strict=True)))


def _uncovered(covered: Iterable[Window], week: Window) -> tuple[Window, ...]:
    gaps, reached = [], week.start
    for window in sorted(covered):
        if window.start > reached:
            gaps.append(Window(reached, window.start))
        reached = max(reached, window.end)
    if reached < week.end:
        gaps.append(Window(reached, week.end))
    return tuple(gaps)

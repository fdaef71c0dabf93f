"""A stretch of time goes in; what became of all that was logged in it comes out, run by run, and what is held back."""

from __future__ import annotations

from dataclasses import dataclass

from include import settings as configuration
from include.adapters.postgres.run_list import RunList
from include.adapters.postgres.week import WeekOfStore
from include.domain.intake import HeldRow
from include.domain.interaction import Window
from include.domain.report import Refusal
from include.domain.run import RunRecord
from include.pages.reading import reading

MOST_RUNS, MOST_ROWS = 200, 50


@dataclass(frozen=True, slots=True)
class RunsPage:
    """At most the newest `MOST_RUNS` runs and `MOST_ROWS` rows in quarantine, newest first.

    `refusals` count all rows that were refused, by expectation, most first; a row may be refused by several.
    """

    window: Window
    runs: tuple[RunRecord, ...]
    has_older: bool
    refusals: tuple[Refusal, ...]
    held: tuple[HeldRow, ...]


def runs(window: Window) -> RunsPage:
    """What the window's runs came to."""
    with reading(configuration.for_the_store()) as store:
        found = RunList(store)
        listed = found.runs(window, MOST_RUNS + 1)
        return RunsPage(
            window,
            tuple(listed[:MOST_RUNS]),
            len(listed) > MOST_RUNS,
            tuple(WeekOfStore(store).refusals(window)),
            tuple(found.held(window, MOST_ROWS)),
        )

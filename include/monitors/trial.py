"""Rules and settled runs of the past go in; what the rules would have found in every hour since then comes out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import groupby

from include.domain.interaction import Window
from include.domain.ports import SegmentReader
from include.domain.rule import RuleResult
from include.domain.run import CoverageLedger, SettledRun
from include.monitors.evaluate import Settled, each_of_day
from include.monitors.hours import HOUR
from include.monitors.result import result
from include.monitors.rules import Rules

UNKNOWN = CoverageLedger(0, 0, 0, 0, 0)


def hourly(runs: Sequence[SettledRun], span: Window) -> list[Settled]:
    """The windows of the runs within the span, those of more than an hour as if every hour had been run by itself.

    The ledger and the budgets of such a run belong to its last hour, since nothing tells how they were before. Where
    runs overlap, an hour is that of the run that ends first: what was known of it soonest.
    """
    found: dict[datetime, Settled] = {}
    for one in sorted(runs, key=lambda one: (one.run.window.end, one.run.window.length)):
        window = one.run.window
        for start in _starts(window):
            part = Window(start, min(window.end, start + HOUR))
            whole = Settled(part, one.ledger, one.epochs, one.budgets)
            last = part.end == window.end
            if start >= span.start and part.end <= span.end:
                found.setdefault(start, whole if last else replace(whole, ledger=UNKNOWN, budgets={}))
    return [found[start] for start in sorted(found)]


def _starts(window: Window) -> list[datetime]:
    return [window.start + number * HOUR for number in range(-(-window.length // HOUR))]


def replay(rules: Rules, runs: Sequence[Settled], segments: SegmentReader) -> Iterator[list[RuleResult]]:
    """What `evaluate` finds in each run, in order; days of the same judges at once, which is what makes it quick."""
    for _, alike in groupby(runs, lambda run: (run.window.start.date(), run.epochs)):
        day = list(alike)
        found = [(rule, each_of_day(rule, day, segments)) for rule in rules.rules]
        for number, run in enumerate(day):
            yield [result(rule, run.window, one) for rule, each in found for one in each[number]]

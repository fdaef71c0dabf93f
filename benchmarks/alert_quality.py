"""A seed goes in; how quiet and how quick the shipped alerts are comes out, beside other tests on the same scores.

    python benchmarks/alert_quality.py --seed 1 [--json] [--repetitions 200] [--goal-only] [--data ../shared/data]

Twenty segments over thirty days, after a reference of 1,000 scores each and the days of ordinary traffic that the
rules count as evidence; in one segment the mean drops from day 11 (`alert_worlds`). A page is an alarm that begins: one
that lasts is one page, of every method. A page in the segment that dropped finds the drop, any other is false; `found`
counts drops found by day 30, the delay runs to the end of the hour (of the other methods: of the day) that pages. Where
a model is swapped for a better one, or for itself, every page is false.

The floor is Lorden's: no test finds a normal mean's drop sooner on average at one false alarm in 1,200 segment-days.
Scores that are not normal may tell more than that.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks import alert_methods as methods  # noqa: E402
from benchmarks.alert_worlds import BEFORE, ONSET, SEGMENTS, TRACE, Scores, Swap, World, simulate, swaps  # noqa: E402
from include.monitors.sequential import Bools  # noqa: E402

Row: TypeAlias = dict[str, Any]
EVIDENTLY = "Evidently's drift preset"
FIGURES = {
    "false_per_30d": "false",
    "found": "found",
    "mean_delay_days": "mean",
    "median_delay_days": "median",
    "floor_days": "floor",
    "mean_over_floor": "mean/floor",
    "repetitions": "runs",
}
FEWER = 8
"""What is not of the six plain cells is repeated so many times more rarely; every row says how often."""
CHUNK = 20
"""Repetitions that are simulated at a time."""


# -- pages, counted ---------------------------------------------------------------------------------------------------


def pages(alarms: Bools, looked: Bools) -> Bools:
    """Where an alarm begins; a look without scores says nothing and ends none."""
    state = np.zeros(alarms.shape[1:], bool)
    begun = np.zeros(alarms.shape, bool)
    for at in range(len(alarms)):
        begun[at] = alarms[at] & ~state & looked[at]
        state = np.where(looked[at], alarms[at], state)
    return begun


@dataclass(frozen=True)
class Count:
    """Pages of a method over repetitions: how many were false, and after how many days drops were found."""

    repetitions: int = 0
    false: int = 0
    delays: tuple[float, ...] = ()

    @classmethod
    def of(cls, begun: Bools, a_day: int, *, drops: bool = True) -> Count:
        """`begun` (looks, repetitions, segments), `a_day` looks a day; the first segment of each drops, if any."""
        if not drops:
            return cls(begun.shape[1], int(begun.sum()))
        onset = ONSET * a_day
        after = begun[onset:, :, 0] > 0
        false = int(begun[:, :, 1:].sum() + begun[:onset, :, 0].sum())
        return cls(begun.shape[1], false, tuple((int(one.argmax()) + 1) / a_day for one in after.T if one.any()))

    def __add__(self, other: Count) -> Count:
        return Count(self.repetitions + other.repetitions, self.false + other.false, self.delays + other.delays)

    def cell(self, rule: str, world: World) -> Row:
        """A row of the table."""
        mean, floor = float(np.mean(self.delays)) if self.delays else None, world.floor_days
        row = {
            "rule": rule,
            "world": world.name,
            "n": world.n,
            "drop": world.drop,
            "false_per_30d": self.false / self.repetitions,
            "found": len(self.delays) / self.repetitions if floor else None,
            "mean_delay_days": mean,
            "median_delay_days": float(np.median(self.delays)) if self.delays else None,
            "floor_days": floor,
            "mean_over_floor": mean / floor if mean and floor else None,
            "repetitions": self.repetitions,
        }
        return {key: round(value, 4) if isinstance(value, float) else value for key, value in row.items()}


# -- worlds, measured -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Part:
    """Some repetitions of a world, which one process simulates and measures."""

    of: World | Swap
    seed: int
    number: int
    repetitions: int

    @property
    def world(self) -> World:
        """The world, of a swap as well."""
        return self.of.world if isinstance(self.of, Swap) else self.of

    def scores(self) -> Scores:
        """Drawn from a generator of this part alone."""
        world, segments = self.world, self.repetitions * SEGMENTS
        key = [self.seed, self.number, *world.name.encode(), world.n, round(world.drop * 100) % 1_000]
        rng = np.random.default_rng(key)
        if isinstance(self.of, Swap):
            return self.of.replay(rng, segments)
        return simulate(world, rng, segments, np.arange(segments) % SEGMENTS == 0)


def measure(part: Part) -> dict[str, Count]:
    """Pages of each method: the shipped rules together, each rule's own counted; the other tests."""
    scores, world = part.scores(), part.world
    found = methods.seen(scores, part.repetitions)
    count = partial(Count.of, drops=world.drop > 0)
    looked = found.levels[BEFORE * 24 :].sum(axis=-1) > 0
    begun = sum(pages(methods.breached(rule, found, world.deploys), looked).astype(int) for rule in methods.RULES)
    counts = {"assay": count(np.asarray(begun), 24)}
    if world.deploys:
        return counts
    known = methods.daily(scores)
    alarms = methods.others(known, found.shape)
    if world.name == "plain" and not part.number:  # a thousand times slower than the others
        alarms[EVIDENTLY] = known.each(methods.evidently_score).reshape(-1, *found.shape) > 0
    return counts | {name: count(pages(one, np.ones(one.shape, bool)), 1) for name, one in alarms.items()}


def parts(one: World | Swap, seed: int, repetitions: int) -> list[Part]:
    """All repetitions of a world."""
    starts = range(0, repetitions, CHUNK)
    return [Part(one, seed, number, min(CHUNK, repetitions - start)) for number, start in enumerate(starts)]


def rows(world: World, measured: Iterable[dict[str, Count]]) -> list[Row]:
    """The table's rows of a world, of what its parts measured."""
    counts: dict[str, Count] = {}
    for part in measured:
        for name, count in part.items():
            counts[name] = counts.get(name, Count()) + count
    return [count.cell(name, world) for name, count in counts.items()]


# -- the table --------------------------------------------------------------------------------------------------------

GOAL = ((20, 0.25), (50, 0.25), (200, 0.15))
PLAIN = [World(n, drop) for n in (20, 50, 200) for drop in (0.25, 0.15)]
FURTHER = [
    replace(World(n, drop), **given)
    for given in (
        {"name": "worse answers", "how": "worse"},
        {"name": "weekly rhythm", "weekly": True},
        {"name": "autocorrelation .3", "alike": 0.3},
        {"name": "1 % judge failures", "failures": 0.01},
        {"name": "10 % judge failures", "failures": 0.1},
        {"name": "10 % fail, low ones more", "failures": 0.1, "missing": "low scores"},
        {"name": "drop over 10 days", "ramp": 10},
        {"name": "same, restarted every 5 d", "ramp": 10, "deploys": 5},
    )
    for n, drop in GOAL
]


def planned(given: argparse.Namespace, chosen: Sequence[World]) -> tuple[dict[str, list[World | Swap]], str | None]:
    """What is measured, by its place in the JSON; why real answers are not, if they are not."""
    if chosen:
        return {"cells": list(chosen)}, "only some worlds were asked for"
    if given.goal_only:
        return {"cells": [World(n, drop) for n, drop in GOAL]}, "only the goal was asked for"
    simulated: dict[str, list[World | Swap]] = {"cells": list(PLAIN), "further": list(FURTHER)}
    if not (given.data / TRACE).exists():
        return simulated, f"{given.data} is not there"
    return simulated | {"real": list(swaps(given.data))}, None


def measured(
    plan: dict[str, list[World | Swap]], given: argparse.Namespace
) -> Iterator[tuple[str, World, list[dict[str, Count]]]]:
    """Every world of the plan in order, as processes finish its parts."""
    fewer = max(1, given.repetitions // FEWER)
    jobs = [
        (place, parts(one, given.seed, given.repetitions if place == "cells" else fewer))
        for place, several in plan.items()
        for one in several
    ]
    started = time.monotonic()
    with ProcessPoolExecutor(given.workers) as pool:
        waiting = [(place, job, [pool.submit(measure, part) for part in job]) for place, job in jobs]
        for number, (place, job, futures) in enumerate(waiting, 1):
            found = [future.result() for future in futures]
            told = f"{(time.monotonic() - started) / 60:.1f} min: {number} of {len(waiting)}, {job[0].world.name}"
            print(told, file=sys.stderr, flush=True)
            yield place, job[0].world, found


def shown(row: Row) -> str:
    """A line of the table."""
    figures = (f"{row[key]:>11.4g}" if row[key] is not None else f"{'-':>11}" for key in FIGURES)
    return f"{row['world']:26}{row['rule']:27}{row['n']:>4}{row['drop']:>7.2f}" + "".join(figures)


def main(arguments: Sequence[str] | None = None, chosen: Sequence[World] = ()) -> int:
    """Print the table, of `chosen` worlds instead of all; with --json, one JSON object alone."""
    parser = argparse.ArgumentParser(description="How quiet and how quick the alerts are.")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--repetitions", type=int, default=200)
    parser.add_argument("--goal-only", action="store_true", help="the three cells of the goal, nothing else")
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes beside each other")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args(arguments)
    plan, skipped = planned(given, chosen)
    told: dict[str, list[Row]] = {place: [] for place in plan}

    def tell(line: str) -> None:
        print(line, file=sys.stderr if given.json else sys.stdout, flush=True)

    tell(f"{'world':26}{'rule':27}{'n':>4}{'drop':>7}" + "".join(f"{name:>11}" for name in FIGURES.values()))
    for place, world, found in measured(plan, given):
        for row in rows(world, found):
            told[place].append(row)
            tell(shown(row))
    if skipped:
        tell(f"real answers: skipped, {skipped}")
    if given.json:
        print(json.dumps({"seed": given.seed, **told, "skipped": skipped}))
    return 0


if __name__ == "__main__":
    sys.exit(main())

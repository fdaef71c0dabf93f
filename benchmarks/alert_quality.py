"""A seed goes in; how quiet and how quick the shipped alerts are comes out, beside other tests on the same scores.

    python benchmarks/alert_quality.py --seed 1 [--json] [--repetitions 200] [--goal-only] [--data ../shared/data]

Twenty segments over thirty days, after a reference of 1,000 scores each and the days of ordinary traffic that the
rules count as evidence; in one segment the mean drops from day 11. Scores are 0.6 c + 0.2 f + 0.2 p on the 1-5 scale
(see `draw`). The rules are those of rules.yaml that tell on-call about the composite, evaluated for every hour by the
code of production (`level.charted`); that this equals `evaluate` is a test. A page is an alarm that begins: one that
lasts is one page, of every method. A page in the segment that dropped finds the drop, any other is false; `found`
counts drops found by day 30, the delay runs to the end of the hour (of the other methods: of the day) that pages.

The floor is Lorden's (1971): at one false alarm in A = 1,200 segment-days no test finds a normal mean's drop sooner
on average than ln(A) / KL, where KL = n d^2 / (2 sd^2) a day. Scores that are not normal may tell more than that.

Real data: answers that people labelled, as traffic of one model that is swapped for another at a known hour, at
the times of a real trace. Skipped with the reason where the files are absent.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from include.adapters.yaml_file import load  # noqa: E402
from include.domain.segment import SCORE_BINS, Tally  # noqa: E402
from include.monitors import level, reference  # noqa: E402
from include.monitors.reference import Standard  # noqa: E402
from include.monitors.rules import LevelRule, Rules  # noqa: E402
from include.monitors.scale import Scale  # noqa: E402
from include.monitors.sequential import Bools, Floats, benjamini_hochberg  # noqa: E402

Row = dict[str, Any]
DAY = timedelta(days=1)
SEGMENTS, DAYS, ONSET = 20, 30, 10
"""The drop is there from the beginning of day 11: after ten days."""
REFERENCE = 1_000
BEFORE = 49
"""Days of history: the longest that the rules look back. The reference is spread over the first 28."""
FIRST = datetime(2026, 1, 5, tzinfo=UTC)
"""Monday: the first day of history."""
SD, FALSE_EVERY = 0.67, 1_200
EVIDENTLY = "Evidently's drift preset"
FIGURES = {
    "false_per_30d": "false",
    "found": "found",
    "mean_delay_days": "mean",
    "median_delay_days": "median",
    "floor_days": "floor",
}
FEWER = 5
"""What is not of the six plain cells is repeated so many times more rarely; every row says how often."""
CHUNK = 10
"""Repetitions that are simulated at a time."""
RULES = [
    rule
    for rule in load(ROOT / "include/monitors/rules.yaml", Rules).rules
    if isinstance(rule, LevelRule) and rule.measure == "composite" and rule.severity != "info"
]


@dataclass(frozen=True)
class World:
    """Traffic of every segment: scores a day and what is not ideal about them."""

    n: int
    drop: float
    name: str = "plain"
    how: str = "shift"
    """shift: every score is lower by the drop; worse: more answers lose a point of correctness, the others none."""
    weekly: bool = False
    """0.4 of the traffic at weekends, most of it by day, and scores lower by 0.05 at weekends."""
    alike: float = 0.0
    """The chance that a score is that of the answer before it: the autocorrelation at lag 1."""
    failures: float = 0.0
    """The share of interactions that the judge fails at."""
    sd: float = SD

    @property
    def floor_days(self) -> float:
        """Lorden's bound on the mean delay at one false alarm in 1,200 segment-days."""
        return math.log(FALSE_EVERY) / (self.n * self.drop**2 / (2 * self.sd**2))


@dataclass(frozen=True)
class Scores:
    """Scores on the 1-5 scale, in order of time; their segment (of all repetitions) and hour since the first."""

    value: Floats
    segment: np.ndarray
    hour: np.ndarray
    segments: int


def draw(rng: np.random.Generator, n: int) -> tuple[np.ndarray, Floats]:
    """Correctness in 1..5, and the rest of the score: 0.2 f + 0.2 p with f = 1 + 4 Beta(8, 2) and p in 3, 4, 5."""
    c = rng.choice(5, n, p=[0.04, 0.06, 0.12, 0.33, 0.45]) + 1
    return c, 0.2 * (1 + 4 * rng.beta(8, 2, n)) + 0.2 * (rng.choice(3, n, p=[0.1, 0.4, 0.5]) + 3)


def simulate(world: World, rng: np.random.Generator, segments: int, dropping: Bools) -> Scores:
    """History and thirty days of `segments`, of which those that are `dropping` drop."""
    hours = np.arange((BEFORE + DAYS) * 24)
    a_day = np.where(hours < 28 * 24, REFERENCE / 28, world.n)
    weekend = hours // 24 % 7 >= 5
    if world.weekly:
        a_day = a_day * np.where(weekend, 0.4, 1.24) * (1 + 0.8 * np.sin(2 * np.pi * hours / 24 - np.pi / 2))
    number = rng.poisson(a_day[:, None] / 24 * (1 - world.failures), (len(hours), segments))
    cell = np.repeat(np.arange(number.size), number.ravel())
    hour, segment = cell // segments, cell % segments
    c, rest = draw(rng, len(cell))
    if world.alike:
        source = _source(rng, segment, world.alike)
        c, rest = c[source], rest[source]
    fell = (hour >= (BEFORE + ONSET) * 24) & dropping[segment]
    if world.how == "worse":
        c = c - (fell & (c > 1) & (rng.random(len(c)) < world.drop / (0.6 * 0.96)))
    value = 0.6 * c + rest - (world.drop * fell if world.how == "shift" else 0) - 0.05 * weekend[hour] * world.weekly
    return Scores(value, segment, hour, segments)


def _source(rng: np.random.Generator, segment: np.ndarray, alike: float) -> np.ndarray:
    """Whose score each has: its own, or with that chance that of the one before it in its segment."""
    order = np.argsort(segment, kind="stable")
    own = rng.random(len(order)) >= alike
    found = np.empty(len(order), int)
    found[order] = order[np.maximum.accumulate(np.where(own, np.arange(len(order)), 0))]
    return found


# -- the shipped rules ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Seen:
    """What production would read of the scores: hours by repetition, segment and level, and the tallies of days."""

    levels: Floats
    days: list[list[Tally]]
    repetitions: int

    @property
    def shape(self) -> tuple[int, int]:
        """Repetitions and segments of each."""
        return self.repetitions, len(self.days) // self.repetitions


def seen(scores: Scores, repetitions: int) -> Seen:
    """The scores as [0, 1] in the bins of `segments_hourly`."""
    hours, each = (BEFORE + DAYS) * 24, scores.segments
    x = (scores.value - 1) / 4
    bin_ = np.minimum(SCORE_BINS - 1, (x * SCORE_BINS + 1e-9).astype(int))
    cells = np.bincount((scores.hour * each + scores.segment) * SCORE_BINS + bin_, minlength=hours * each * SCORE_BINS)
    levels = cells.reshape(hours, repetitions, -1, SCORE_BINS).astype(float)
    bins = levels.reshape(-1, 24, each, SCORE_BINS).sum(axis=1)
    place = scores.hour // 24 * each + scores.segment
    total, total_sq = (
        np.bincount(place, v, (BEFORE + DAYS) * each).astype(float).reshape(-1, each) for v in (x, x * x)
    )
    return Seen(levels, [_tallies(bins[:, one], total[:, one], total_sq[:, one]) for one in range(each)], repetitions)


def _tallies(bins: Floats, total: Floats, total_sq: Floats) -> list[Tally]:
    return [
        Tally(n=int(n), weight=n, weight_sq=n, total=x, total_sq=xx, bins=tuple(b), total_w2=x, total_sq_w2=xx)
        for n, x, xx, b in zip(bins.sum(axis=1).tolist(), total.tolist(), total_sq.tolist(), bins.tolist(), strict=True)
    ]


def breached(rule: LevelRule, found: Seen) -> Bools:
    """Whether the rule is in breach in each hour of the thirty days (hours, repetitions, segments).

    All windows of a day are held to the same past from the same midnight, so that one walk through the day tells what
    each of its twenty-four evaluations does.
    """
    scale = Scale(rule)
    return np.concatenate([_day(scale, found, BEFORE + day) for day in range(DAYS)])


def _day(scale: Scale, found: Seen, day: int) -> Bools:
    start = day - scale.rule.over // DAY
    hours = found.levels[start * 24 : (day + 1) * 24]
    n = hours.sum(axis=-1)
    standards = _standards(scale, found, start)
    chart = level.charted(scale, _levels(scale.rule, hours), np.ones(n.shape), n, standards)
    told: Bools = chart.breached[-24:] & (n[-24:] > 0)
    return told


def _levels(rule: LevelRule, hours: Floats) -> Floats:
    """`Scale.weights` of whole arrays."""
    if rule.below is None:
        return hours
    edge = round(rule.below * SCORE_BINS)
    return np.stack([hours[..., edge:].sum(axis=-1), hours[..., :edge].sum(axis=-1)], axis=-1)


def _standards(scale: Scale, found: Seen, start: int) -> list[Standard]:
    trailing = (scale.rule.trailing or timedelta(0)) // DAY
    known = [level.standard_of(scale, days[start - trailing : start]) for days in found.days]
    each = found.shape[1]
    standards = [one for one in known if isinstance(one, Standard)]
    assert len(standards) == len(known), "every segment has a reference"
    return [one for first in range(0, len(known), each) for one in reference.together(standards[first : first + each])]


def pages(alarms: Bools, looked: Bools) -> Bools:
    """Where an alarm begins; a look without scores says nothing and ends none."""
    state = np.zeros(alarms.shape[1:], bool)
    begun = np.zeros(alarms.shape, bool)
    for at in range(len(alarms)):
        begun[at] = alarms[at] & ~state & looked[at]
        state = np.where(looked[at], alarms[at], state)
    return begun


# -- the other tests, once a day --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Daily:
    """Each segment's reference and its thirty days of scores."""

    reference: list[Floats]
    days: list[list[Floats]]

    def each(self, statistic: Callable[[Floats, Floats], float]) -> Floats:
        """Of (reference, day); days by segments."""
        return np.array(
            [[statistic(past, day) for day in days] for past, days in zip(self.reference, self.days, strict=True)]
        ).T


def daily(scores: Scores) -> Daily:
    """The same scores, by day."""
    order = np.argsort(scores.segment * (BEFORE + DAYS) + scores.hour // 24, kind="stable")
    value = scores.value[order]
    ends = np.cumsum(
        np.bincount(scores.segment * (BEFORE + DAYS) + scores.hour // 24, minlength=scores.segments * (BEFORE + DAYS))
    )
    parts = np.split(value, ends[:-1])
    rows = [parts[one * (BEFORE + DAYS) : (one + 1) * (BEFORE + DAYS)] for one in range(scores.segments)]
    return Daily([np.sort(np.concatenate(row[:28])) for row in rows], [row[BEFORE:] for row in rows])


def mann_whitney(past: Floats, day: Floats) -> float:
    """One-sided p that the day is lower, by the normal approximation; ties are so few that they do not matter."""
    from scipy.special import ndtr

    if not len(day):
        return 1.0
    rank = (np.searchsorted(past, day, "left") + np.searchsorted(past, day, "right")) / 2 / len(past)
    return float(ndtr((rank.mean() - 0.5) / math.sqrt((1 / len(day) + 1 / len(past)) / 12)))


def psi(past: Floats, day: Floats) -> float:
    """Population stability index over the deciles of the reference; empty bins count as 1 in 10,000."""
    if not len(day):
        return 0.0
    edges = np.quantile(past, np.arange(0.1, 0.95, 0.1))
    share = np.maximum(np.bincount(np.searchsorted(edges, day), minlength=10) / len(day), 1e-4)
    return float((share - 0.1) @ np.log(share / 0.1))


def standardised(past: Floats, day: Floats) -> float:
    """The day's mean in standard errors from the reference's."""
    return float((day.mean() - past.mean()) / past.std() * math.sqrt(len(day))) if len(day) else 0.0


def evidently_score(past: Floats, day: Floats) -> float:
    """1 where the test that Evidently's drift preset takes for a numerical column by default says drift, else 0."""
    import pandas as pd
    from evidently.legacy.calculations.stattests import get_stattest
    from evidently.legacy.core import ColumnType

    now, before = pd.Series(day), pd.Series(past)
    test = get_stattest(before, now, ColumnType.Numerical, None)
    return float(test(before, now, ColumnType.Numerical, None).drifted)


def _ewma(z: Floats, weight: float = 0.2, limit: float = 2.7) -> Bools:
    """EWMA chart of standardised daily means (Roberts 1959), lower side, begun anew after an alarm."""
    state, found = np.zeros(z.shape[1:]), np.zeros(z.shape, bool)
    for day in range(len(z)):
        state = weight * z[day] + (1 - weight) * state
        found[day] = state < -limit * math.sqrt(weight / (2 - weight))
        state = np.where(found[day], 0, state)
    return found


def others(known: Daily, shape: tuple[int, int]) -> dict[str, Bools]:
    """Alarms of the other methods (days, repetitions, segments)."""

    def of(statistic: Callable[[Floats, Floats], float]) -> Floats:
        return known.each(statistic).reshape(DAYS, *shape)

    p = of(mann_whitney)
    return {
        "mean below reference - 0.2": of(lambda past, day: float(len(day) and day.mean() - past.mean())) < -0.2,
        "Mann-Whitney p < .05": p < 0.05,
        "Mann-Whitney + BH": benjamini_hochberg(p) < 0.05,
        "EWMA": _ewma(of(standardised)),
        "PSI > .2": of(psi) > 0.2,
    }


# -- pages, counted ----------------------------------------------------------------------------------------------------


@dataclass
class Count:
    """Pages of a method over repetitions: how many were false, and after how many days drops were found."""

    repetitions: int = 0
    false: int = 0
    delays: tuple[float, ...] = ()

    def add(self, begun: Bools, a_day: int) -> None:
        """`begun` (looks, repetitions, segments), `a_day` looks a day; the first segment of each drops."""
        onset = ONSET * a_day
        after = begun[onset:, :, 0] > 0
        self.repetitions += begun.shape[1]
        self.false += int(begun[:, :, 1:].sum() + begun[:onset, :, 0].sum())
        self.delays += tuple((int(one.argmax()) + 1) / a_day for one in after.T if one.any())

    def cell(self, rule: str, world: World) -> Row:
        """A row of the table."""
        return {
            "rule": rule,
            "world": world.name,
            "n": world.n,
            "drop": world.drop,
            "false_per_30d": round(self.false / self.repetitions, 3),
            "found": round(len(self.delays) / self.repetitions, 4),
            "mean_delay_days": round(float(np.mean(self.delays)), 3) if self.delays else None,
            "median_delay_days": round(float(np.median(self.delays)), 3) if self.delays else None,
            "floor_days": round(world.floor_days, 3),
            "repetitions": self.repetitions,
        }


def alarms_of_rules(counts: dict[str, Count], found: Seen) -> None:
    """Count the pages of the shipped rules: each rule's own."""
    looked = found.levels[BEFORE * 24 :].sum(axis=-1) > 0
    begun = sum(pages(breached(rule, found), looked).astype(int) for rule in RULES)
    counts.setdefault("assay", Count()).add(np.asarray(begun), 24)


def measure(world: World, seed: int, repetitions: int) -> Iterator[Row]:
    """Rows of the table: the shipped rules and, in the plain world, the others."""
    counts: dict[str, Count] = {}
    for number, first in enumerate(range(0, repetitions, CHUNK)):
        some = min(CHUNK, repetitions - first)
        rng = np.random.default_rng([seed, number, *world.name.encode(), world.n, round(world.drop * 100)])
        scores = simulate(world, rng, some * SEGMENTS, np.arange(some * SEGMENTS) % SEGMENTS == 0)
        found = seen(scores, some)
        alarms_of_rules(counts, found)
        if world.name != "plain":
            continue
        known = daily(scores)
        alarms = others(known, found.shape)
        if not number:  # a thousand times slower than the others
            alarms[EVIDENTLY] = known.each(evidently_score).reshape(DAYS, *found.shape) > 0
        for name, one in alarms.items():
            counts.setdefault(name, Count()).add(pages(one, np.ones(one.shape, bool)), 1)
    for name, count in counts.items():
        yield count.cell(name, world)


# -- real answers -----------------------------------------------------------------------------------------------------

SWAPS = (
    ("evouna_dev.jsonl", "newbing", "gpt35"),
    ("evouna_dev.jsonl", "gpt4", "gpt35"),
    ("evouna_dev.jsonl", "newbing", "chatgpt"),
    ("mtrag_dev.jsonl", "reference", "gpt-4o"),
)


def labelled(file: Path) -> dict[str, Floats]:
    """What people gave each model's answers, on the 1-5 scale: right or wrong, or 0.6 completeness + 0.2 + 0.2."""
    found: dict[str, list[float]] = {}
    for line in file.read_text().splitlines():
        row = json.loads(line)
        labels = row["labels"]
        if "correct" in labels:
            value = 1 + 4 * labels["correct"]
        else:
            marks = [labels[f"{name}_mean"] for name in ("completeness", "faithfulness", "naturalness")]
            value = 1 + 4 / 3 * (float(np.dot((0.6, 0.2, 0.2), marks)) - 1)
        found.setdefault(row["meta"]["model"], []).append(value)
    return {model: np.array(values) for model, values in found.items()}


def gaps(file: Path) -> Floats:
    """The times between requests of a trace, in mean gaps."""
    lines = file.read_text().splitlines()
    at = np.sort([datetime.fromisoformat(json.loads(line)["timestamp"][:26]).timestamp() for line in lines])
    found: Floats = np.diff(at) / np.diff(at).mean()
    return found


def replayed(rng: np.random.Generator, gap: Floats, n: int, old: Floats, new: Floats) -> Scores:
    """Twenty segments whose answers are those of `old`, in the first of `new` from day 11; stretches of the trace."""
    starts = rng.integers(0, len(gap), SEGMENTS)
    need = int(2 * n * (BEFORE + DAYS))
    times = np.stack([np.take(gap, np.arange(start, start + need), mode="wrap").cumsum() for start in starts]) / n
    segment, number = np.nonzero(times < BEFORE + DAYS)
    day = times[segment, number]
    fell = (segment == 0) & (day >= BEFORE + ONSET)
    return Scores(
        np.where(fell, rng.choice(new, len(day)), rng.choice(old, len(day))), segment, (day * 24).astype(int), SEGMENTS
    )


def replay(data: Path, seed: int, repetitions: int, n: int = 50) -> Iterator[Row]:
    """A row for each swap of models."""
    gap = gaps(data / "azure_trace.jsonl")
    for file, before, after in SWAPS:
        models = labelled(data / file)
        old, new = models[before], models[after]
        world = World(n, float(old.mean() - new.mean()), f"{before} -> {after}", sd=float(old.std()))
        counts: dict[str, Count] = {}
        for number in range(repetitions):
            rng = np.random.default_rng([seed, number, *world.name.encode()])
            alarms_of_rules(counts, seen(replayed(rng, gap, n, old, new), 1))
        yield counts["assay"].cell("assay", world)


# -- the table --------------------------------------------------------------------------------------------------------

CELLS = [(n, drop) for n in (20, 50, 200) for drop in (0.25, 0.15)]
GOAL = ((20, 0.25), (50, 0.25), (200, 0.15))
FURTHER: dict[str, dict[str, Any]] = {
    "worse answers": {"how": "worse"},
    "weekly rhythm": {"weekly": True},
    "autocorrelation .3": {"alike": 0.3},
    "1 % judge failures": {"failures": 0.01},
    "10 % judge failures": {"failures": 0.1},
}


def worlds(*, goal_only: bool) -> list[World]:
    """All six cells plain, the three of the goal in every further world; or those three plain alone."""
    if goal_only:
        return [World(n, drop) for n, drop in GOAL]
    further = [World(n, drop, name, **given) for name, given in FURTHER.items() for n, drop in GOAL]
    return [World(n, drop) for n, drop in CELLS] + further


def shown(row: Row) -> str:
    """A line of the table."""
    figures = (f"{row[key]:>9.2f}" if row[key] is not None else f"{'-':>9}" for key in FIGURES)
    return f"{row['world']:24}{row['rule']:26}{row['n']:>5}{row['drop']:>7.2f}" + "".join(figures)


def main(arguments: Sequence[str] | None = None, chosen: Sequence[World] = ()) -> int:
    """Print the table, of `chosen` worlds instead of all; with --json, one JSON object alone."""
    parser = argparse.ArgumentParser(description="How quiet and how quick the alerts are.")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--repetitions", type=int, default=200)
    parser.add_argument("--goal-only", action="store_true", help="the three cells of the goal, nothing else")
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args(arguments)
    cells: list[Row] = []

    def tell(line: str) -> None:
        print(line, file=sys.stderr if given.json else sys.stdout, flush=True)

    tell(f"{'world':24}{'rule':26}{'n':>5}{'drop':>7}" + "".join(f"{name:>9}" for name in FIGURES.values()))
    for world in chosen or worlds(goal_only=given.goal_only):
        repetitions = given.repetitions if world.name == "plain" else max(1, given.repetitions // FEWER)
        for row in measure(world, given.seed, repetitions):
            cells.append(row)
            tell(shown(row))
    if given.goal_only:
        skipped: str | None = "only the goal was asked for"
    elif not (given.data / "azure_trace.jsonl").exists():
        skipped = f"{given.data} is not there"
    else:
        skipped = None
        for row in replay(given.data, given.seed, max(1, given.repetitions // FEWER)):
            cells.append(row)
            tell(shown(row))
    if skipped:
        tell(f"real answers: skipped, {skipped}")
    if given.json:
        print(json.dumps({"seed": given.seed, "cells": cells, "skipped": skipped}))
    return 0


if __name__ == "__main__":
    sys.exit(main())

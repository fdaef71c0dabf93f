"""A world and a random generator go in; the scores of twenty segments over history and thirty days come out.

Simulated worlds score as the issue of this benchmark has it (`draw`). Real ones replay answers that people labelled, as
the traffic of one model that is swapped for another at a known hour, at the times of a real trace of requests.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import numpy as np

from include.monitors.sequential import Bools, Floats

SEGMENTS, DAYS, ONSET = 20, 30, 10
"""The drop is there from the beginning of day 11: after ten days."""
REFERENCE = 1_000
BEFORE = 49
"""Days of history: the longest that the rules look back. The reference is spread over the first 28."""
FIRST = datetime(2026, 1, 5, tzinfo=UTC)
"""Monday: the first day of history."""
SD, FALSE_EVERY = 0.67, 1_200
MEAN = 4.174
"""Of the scores of `draw`."""
HOURS = (BEFORE + DAYS) * 24
FELL = (BEFORE + ONSET) * 24


@dataclass(frozen=True)
class World:
    """Traffic of every segment: scores a day, by how much those of one segment fall, and what is not ideal."""

    n: int
    drop: float
    name: str = "plain"
    how: Literal["shift", "worse"] = "shift"
    """shift: every score is lower by the drop; worse: more answers lose a point of correctness, the others none."""
    weekly: bool = False
    """0.4 of the traffic at weekends, most of it by day, and scores lower by 0.05 at weekends."""
    alike: float = 0.0
    """The chance that a score is that of the answer before it: the autocorrelation at lag 1."""
    failures: float = 0.0
    """The share of interactions that the judge fails at, while nothing has dropped."""
    missing: Literal["at random", "low scores"] = "at random"
    """Where low scores go missing, the chance grows with what is missing to 5: at 3 it is six times that at 4.7."""
    ramp: float = 0.0
    """Days over which the drop comes, in equal steps; 0: at once."""
    deploys: int = 0
    """Evidence is thrown away every so many days, as a chart does that restarts at a deploy; 0: never."""
    sd: float = SD

    @property
    def floor_days(self) -> float | None:
        """Lorden's (1971) bound on the mean delay at one false alarm in 1,200 segment-days; None where nothing drops.

        ln(1200) / KL, with KL = n d^2 / (2 sd^2) a day of normal scores. Of a drop that comes over days it is the time
        in which as much information comes.
        """
        if self.drop <= 0:
            return None
        days = math.log(FALSE_EVERY) / (self.n * self.drop**2 / (2 * self.sd**2))
        if days <= self.ramp / 3:
            return math.cbrt(3 * self.ramp**2 * days)
        return days + 2 / 3 * self.ramp


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
    hours = np.arange(HOURS)
    a_day = np.where(hours < 28 * 24, REFERENCE / 28, world.n)
    weekend = hours // 24 % 7 >= 5
    if world.weekly:
        a_day = a_day * np.where(weekend, 0.4, 1.24) * (1 + 0.8 * np.sin(2 * np.pi * hours / 24 - np.pi / 2))
    number = rng.poisson(a_day[:, None] / 24, (len(hours), segments))
    cell = np.repeat(np.arange(number.size), number.ravel())
    hour, segment = cell // segments, cell % segments
    c, rest = draw(rng, len(cell))
    if world.alike:
        source = _source(rng, segment, world.alike)
        c, rest = c[source], rest[source]
    fell = ((hour >= FELL) & dropping[segment]) * _come(world, hour)
    if world.how == "worse":
        c = c - ((c > 1) & (rng.random(len(c)) < fell * world.drop / (0.6 * 0.96)))
    value = 0.6 * c + rest - (world.drop * fell if world.how == "shift" else 0) - 0.05 * weekend[hour] * world.weekly
    return _judged(world, rng, Scores(value, segment, hour, segments))


def _come(world: World, hour: np.ndarray) -> Floats:
    """The share of the drop that has come by each hour."""
    days = (hour - FELL + 1) / 24
    return np.clip(days / world.ramp, 0, 1) if world.ramp else np.ones(len(hour))


def _source(rng: np.random.Generator, segment: np.ndarray, alike: float) -> np.ndarray:
    """Whose score each has: its own, or with that chance that of the one before it in its segment."""
    order = np.argsort(segment, kind="stable")
    own = rng.random(len(order)) >= alike
    found = np.empty(len(order), int)
    found[order] = order[np.maximum.accumulate(np.where(own, np.arange(len(order)), 0))]
    return found


def _judged(world: World, rng: np.random.Generator, scores: Scores) -> Scores:
    """The scores that the judge did not fail at."""
    if not world.failures:
        return scores
    harder = (5 - scores.value) / (5 - MEAN) if world.missing == "low scores" else 1.0
    kept = rng.random(len(scores.value)) >= world.failures * harder
    return Scores(scores.value[kept], scores.segment[kept], scores.hour[kept], scores.segments)


# -- real answers -----------------------------------------------------------------------------------------------------

PAIRS = (
    ("evouna_dev.jsonl", "newbing", "gpt35"),
    ("evouna_dev.jsonl", "gpt4", "gpt35"),
    ("evouna_dev.jsonl", "newbing", "fid"),
    ("evouna_dev.jsonl", "newbing", "chatgpt"),
    ("mtrag_dev.jsonl", "reference", "gpt-4o"),
)
SAME = ("evouna_dev.jsonl", "gpt4", "gpt4")
SWAPS = (*PAIRS, *((file, worse, better) for file, better, worse in PAIRS), SAME)
"""File, model before, model after: to a worse one, to a better one, to itself."""
TRACE = "azure_trace.jsonl"


def labelled(file: Path) -> dict[str, Floats]:
    """What people gave each model's answers, on the 1-5 scale: right or wrong, or 0.6 completeness + 0.2 + 0.2."""
    found: dict[str, list[float]] = {}
    for line in file.read_text().splitlines():
        row = json.loads(line)
        found.setdefault(row["meta"]["model"], []).append(_given(row["labels"]))
    return {model: np.array(values) for model, values in found.items()}


def _given(labels: dict[str, float]) -> float:
    if "correct" in labels:
        return 1 + 4 * labels["correct"]
    marks = [labels[f"{name}_mean"] for name in ("completeness", "faithfulness", "naturalness")]
    return 1 + 4 / 3 * (float(np.dot((0.6, 0.2, 0.2), marks)) - 1)


def gaps(file: Path) -> Floats:
    """The times between requests of a trace, in mean gaps."""
    lines = file.read_text().splitlines()
    at = np.sort([datetime.fromisoformat(json.loads(line)["timestamp"][:26]).timestamp() for line in lines])
    found: Floats = np.diff(at) / np.diff(at).mean()
    return found


@dataclass(frozen=True)
class Swap:
    """One model's scores, and those of the model that takes its place in the first of every twenty segments."""

    world: World
    gap: Floats
    old: Floats
    new: Floats

    def replay(self, rng: np.random.Generator, segments: int) -> Scores:
        """Each segment at the times of its own stretch of the trace, slowed down to `n` a day."""
        need = int(2 * self.world.n * (BEFORE + DAYS))
        starts = rng.integers(0, len(self.gap), segments)
        places = (starts[:, None] + np.arange(need)) % len(self.gap)
        times = self.gap[places].cumsum(axis=1) / self.world.n
        segment, number = np.nonzero(times < BEFORE + DAYS)
        hour = (times[segment, number] * 24).astype(int)
        fell = (segment % SEGMENTS == 0) & (hour >= FELL)
        value = np.where(fell, rng.choice(self.new, len(hour)), rng.choice(self.old, len(hour)))
        return Scores(value, segment, hour, segments)


def swaps(data: Path, n: int = 50) -> list[Swap]:
    """Every swap of `SWAPS`, at `n` answers a day."""
    gap = gaps(data / TRACE)
    found = []
    for file, before, after in SWAPS:
        models = labelled(data / file)
        old, new = models[before], models[after]
        world = World(n, round(float(old.mean() - new.mean()), 3), f"{before} -> {after}", sd=float(old.std()))
        found.append(Swap(world, gap, old, new))
    return found

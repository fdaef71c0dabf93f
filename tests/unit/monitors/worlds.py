"""Weeks of steady traffic, to be disturbed by a test."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from random import Random

from tests.unit.monitors.memory import HOUR, MONDAY, Memory, hours

GOOD, POOR = (0.95, 0.85, 1.0, 0.95), (0.4, 0.5, 0.2, 0.6)
NOW = MONDAY + timedelta(days=17, hours=12)
"""A Thursday's noon, after seventeen days."""


def steady(
    measure: str,
    values: Callable[[datetime], Sequence[float]],
    *,
    epoch: str = "",
    project: str = "p",
    memory: Memory | None = None,
) -> Memory:
    """A memory of the hours from `MONDAY` to `NOW`, each holding `values`."""
    past = hours(MONDAY, (NOW - MONDAY) // HOUR)
    memory = memory or Memory(past)
    for hour in past:
        memory.add(measure, hour, values(hour), epoch=epoch, project=project)
    return memory


def between(
    start: int, end: int, usual: Sequence[float], then: Sequence[float]
) -> Callable[[datetime], Sequence[float]]:
    """`usual`, but `then` in the hours `[start, end)` counted from `NOW`."""
    return lambda hour: then if start <= (hour - NOW) // HOUR < end else usual


def noisy(seed: int, mean: float, n: int) -> Callable[[datetime], list[float]]:
    """About `n` scores an hour around `mean`."""
    rng = Random(seed)
    return lambda _: [min(1.0, max(0.0, rng.gauss(mean, 0.1))) for _ in range(rng.randint(n - 2, n + 2))]

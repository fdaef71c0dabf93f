"""Figures of past days go in; what is usual of a day like this comes out, how far days swing, and which are typical."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median

from include.domain.interaction import Window
from include.monitors.hours import hours_of

DAY = timedelta(days=1)
ENOUGH_DAYS, ENOUGH_IN_ALL = 3, 7
"""How many past days of the same kind must be known, and of all kinds."""
MOST_TYPICAL = 7
ALIKE_DIGITS = 9
"""Days whose distances from the usual, as shares of it, agree in so many digits after the point are equally near."""
TO_SD = 1.4826 / math.sqrt(2)
"""A median absolute difference of two normal values times this estimates their standard deviation."""


def same_hours(span: Window, trailing: timedelta, settled: Collection[datetime]) -> list[Window]:
    """The same hours of each past day that was run, newest first."""
    first = math.ceil(span.length / DAY)
    days = [Window(span.start - days * DAY, span.end - days * DAY) for days in range(first, trailing // DAY + 1)]
    return [day for day in days if all(hour in settled for hour in hours_of(day))]


def is_weekend(start: datetime) -> bool:
    """Days that are alike: working days, or weekend days (UTC)."""
    return start.weekday() >= 5


@dataclass(frozen=True, slots=True)
class Usual:
    """What is usual of a day: the median of `days`, their standard deviation, and the half of them nearest to it."""

    value: float
    deviation: float
    days: int
    typical: tuple[Window, ...]


def usual(span: Window, past: Sequence[tuple[Window, float]], *, by_kind: bool) -> Usual | str:
    """What is usual at `span`, by the figures of past days, newest first; or why nobody can tell.

    `by_kind` holds working days to working days. Days swing by the differences between neighbours of a kind, as shares
    of the kind's median: medians of these, so that neither an incident nor slow growth counts as swing.
    """
    kinds: dict[bool, list[tuple[Window, float]]] = defaultdict(list)
    for day, value in past:
        kinds[by_kind and is_weekend(day.start)].append((day, value))
    alike = kinds[by_kind and is_weekend(span.start)]
    if len(alike) < ENOUGH_DAYS or len(past) < ENOUGH_IN_ALL:
        known = f"{len(past)} past days know these hours, {len(alike)} of them of the same kind"
        return f"{known}; {ENOUGH_IN_ALL} and {ENOUGH_DAYS} are needed"
    middle = {kind: median(value for _, value in days) for kind, days in kinds.items() if days}
    swings = [
        abs(one - other) / middle[kind]
        for kind, days in kinds.items()
        for (_, one), (_, other) in pairwise(days)
        if middle[kind] > 0
    ]
    value = middle[by_kind and is_weekend(span.start)]
    # The same rows added in another order differ in the sum's last digits; of days equally near the newest count.
    nearest = sorted(alike, key=lambda one: round(abs(one[1] - value) / (value or 1.0), ALIKE_DIGITS))
    nearest = nearest[: min(MOST_TYPICAL, (len(alike) + 1) // 2)]
    deviation = TO_SD * median(swings) * value if swings else 0.0
    return Usual(value, deviation, len(alike), tuple(day for day, _ in nearest))

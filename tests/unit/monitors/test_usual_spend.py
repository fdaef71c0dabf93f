"""Which past days count as usual does not hang on the order in which their calls were added up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from include.domain.interaction import Window
from include.monitors.usual_spend import Usual, usual

NOW, DAY = datetime(2026, 11, 19, 12, tzinfo=UTC), timedelta(days=1)
SPAN = Window(NOW, NOW + timedelta(hours=6))
COSTS = (0.1, 0.2, 0.3, 0.7, 1e-7, 0.013)
"""USD of a day's calls; their sum differs in its last digits by the order."""


def told(order: Random) -> Usual:
    """What is usual after 14 days that spent the same; each is added up in an order of its own."""
    past = [
        (Window(SPAN.start - back * DAY, SPAN.end - back * DAY), sum(order.sample(COSTS, len(COSTS))) / len(COSTS))
        for back in range(1, 15)
    ]
    found = usual(SPAN, past, by_kind=False)
    assert isinstance(found, Usual)
    return found


def test_of_days_that_cost_the_same_the_newest_are_typical_however_they_were_added_up() -> None:
    seen = {told(Random(seed)).typical for seed in range(50)}
    assert seen == {tuple(Window(SPAN.start - back * DAY, SPAN.end - back * DAY) for back in range(1, 8))}


@pytest.mark.parametrize("value", [0.0, 1e-9, 1e6])
def test_days_that_differ_are_told_apart_however_little_they_spend(value: float) -> None:
    past = [
        (Window(SPAN.start - back * DAY, SPAN.end - back * DAY), value * (1 + (back % 7) / 1000))
        for back in range(1, 15)
    ]
    found = usual(SPAN, past, by_kind=False)
    assert isinstance(found, Usual)
    days = [(SPAN.start - day.start) // DAY for day in found.typical]
    assert days == ([3, 10, 2, 4, 9, 11, 1] if value else [1, 2, 3, 4, 5, 6, 7])

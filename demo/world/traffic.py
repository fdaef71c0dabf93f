"""Enters: a world and a project's profile. Leaves: the moments at which its conversations begin."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random

from demo.world.fleet import Profile
from demo.world.model import World

INTERACTIONS_PER_DAY = 20_000 / 28
TURNS = ((1, 0.76), (2, 0.13), (3, 0.07), (4, 0.04))
MEAN_TURNS = sum(turns * share for turns, share in TURNS)


def conversation_starts(world: World, profile: Profile, rng: Random) -> Iterator[datetime]:
    """Poisson arrivals under a daily and a weekly rhythm, in order."""
    for hour in range(world.days * 24):
        begins = world.start + timedelta(hours=hour)
        count = _poisson(expected_interactions(profile, begins) / MEAN_TURNS, rng)
        for second in sorted(rng.uniform(0, 3600) for _ in range(count)):
            yield begins + timedelta(seconds=second)


def expected_interactions(profile: Profile, hour: datetime) -> float:
    """Mean interactions of the project in the hour that begins at `hour`."""
    weekday = INTERACTIONS_PER_DAY * profile.share * 7 / (5 + 2 * profile.weekend)
    day = weekday * (profile.weekend if hour.weekday() >= 5 else 1)
    return day * profile.hours[hour.hour] / sum(profile.hours)


def turn_count(rng: Random) -> int:
    """How many questions a conversation has."""
    return rng.choices([turns for turns, _ in TURNS], [share for _, share in TURNS])[0]


def pause(rng: Random) -> timedelta:
    """How long a user reads and types before the next question."""
    return timedelta(seconds=12 + rng.lognormvariate(3.6, 0.6))


def _poisson(mean: float, rng: Random) -> int:
    """Knuth's algorithm; exact, and quick for the tens that an hour holds."""
    limit, product, count = math.exp(-mean), rng.random(), 0
    while product > limit:
        product *= rng.random()
        count += 1
    return count

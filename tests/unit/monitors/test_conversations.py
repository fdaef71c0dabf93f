"""Interactions of a conversation that are alike count for fewer."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

import pytest

from include.domain.observation import Observation
from include.monitors.cause_search import Breach, search
from include.monitors.conversations import design_effect
from tests.unit.monitors.incidents import DAY, HOUR, SINCE, traffic


def talks(rng: Random, count: int, turns: int, mood: float, *, fall: float = 0.0) -> list[Observation]:
    """So many conversations, whose scores differ by a common mood with that deviation and by 0.1 for themselves."""
    found = []
    for number in range(count):
        offset = 0.7 - fall + rng.gauss(0, mood)
        found += [
            Observation(
                f"{number}-{turn}",
                SINCE - DAY + timedelta(minutes=number),
                offset + rng.gauss(0, 0.1),
                conversation_id=f"c{number}",
            )
            for turn in range(turns)
        ]
    return found


@pytest.mark.parametrize(("mood", "likeness"), [(0.0, 0.0), (0.1, 0.5), (0.3, 0.9)])
def test_the_effect_grows_with_likeness_and_with_the_length_of_conversations(mood: float, likeness: float) -> None:
    rng = Random(1)
    past = talks(rng, 300, 4, mood)
    assert design_effect(past, talks(rng, 20, 4, mood)) == pytest.approx(1 + 3 * likeness, abs=0.25)
    assert design_effect(past, talks(rng, 20, 8, mood)) == pytest.approx(1 + 7 * likeness, abs=0.5)
    assert design_effect(past, talks(rng, 20, 1, mood)) == 1


def test_without_conversations_or_without_a_past_nothing_is_alike() -> None:
    assert design_effect([], []) == 1
    alone = traffic(Random(2), 50, SINCE, SINCE + HOUR)
    assert design_effect(alone, alone) == 1
    one = talks(Random(3), 1, 6, 0.1)
    assert design_effect(one, one) == 1
    equal = [Observation(str(number), SINCE, 1.0, conversation_id=str(number // 3)) for number in range(30)]
    assert design_effect(equal, equal) == 1


def moody(rng: Random, count: int, start: datetime, end: datetime, fall: float) -> list[Observation]:
    """Conversations of four turns, that have model and tenant in common and a mood of their own."""
    found = []
    for one in traffic(rng, count, start, end):
        mood = 0.75 - fall + rng.gauss(0, 0.15)
        found += [
            Observation(
                f"{one.interaction_id}-{turn}",
                one.logged_at,
                min(1.0, max(0.0, mood + rng.gauss(0, 0.1))),
                model=one.model,
                prompt_version=one.prompt_version,
                attributes=one.attributes,
                conversation_id=one.interaction_id,
            )
            for turn in range(4)
        ]
    return found


def test_a_few_bad_conversations_are_no_cause() -> None:
    named = 0
    for seed in range(40):
        rng = Random(seed)
        now = moody(rng, 25, SINCE, SINCE + 5 * HOUR, 0.25)
        cause = search(Breach(SINCE, -1, None, 0.02), now, moody(rng, 150, SINCE - 9 * DAY, SINCE, 0.0))
        named += bool(cause and cause.parts)
    assert named <= 3

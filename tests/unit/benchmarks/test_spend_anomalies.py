"""What is planted in a simulated project is what the benchmark counts."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.spend_anomalies import HISTORY, ROOT, Message, World, plans, shipped, thumb, twice_yesterday
from include.adapters.yaml_file import load
from include.monitors.rules import Rules, SpendRule

RULES = [one for one in load(ROOT / "include/monitors/rules.yaml", Rules).rules if isinstance(one, SpendRule)]
NOON = HISTORY + 12


def test_a_loop_is_told_once_in_its_first_hour_by_its_factor() -> None:
    loop = plans(np.random.default_rng(1))["retry loop"]
    world = World(600, np.random.default_rng(2), loop, NOON)
    assert shipped(world, range(HISTORY, HISTORY + 48), RULES) == [Message(NOON, "traffic")]


def test_nothing_planted_is_nothing_told() -> None:
    world = World(600, np.random.default_rng(2))
    assert shipped(world, range(HISTORY, HISTORY + 48), RULES) == []


def test_a_rule_of_thumb_tells_when_it_begins_to_alarm() -> None:
    world = World(600, np.random.default_rng(2))
    world.spent[:] = 1.0
    world.spent[NOON : NOON + 3] = 5.0
    assert thumb(twice_yesterday)(world, range(HISTORY, HISTORY + 24)) == [Message(NOON)]


@pytest.mark.parametrize("kind", plans(np.random.default_rng(0)))
def test_every_kind_costs_more_once_it_began(kind: str) -> None:
    planted = plans(np.random.default_rng(3))[kind]
    usual, then = (World(6000, np.random.default_rng(4), one, NOON).spent for one in (None, planted))
    week = slice(NOON + 7 * 24, NOON + 14 * 24) if planted.growth else slice(NOON, NOON + 2)
    assert then[week].sum() > 1.25 * usual[week].sum()
    assert then[:NOON].sum() == pytest.approx(usual[:NOON].sum(), rel=0.05)

"""Leaves: two generated worlds, one whose live day is a Thursday, one whose live day is a Sunday."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from demo.world import LogRow, Truth, World, generate


@dataclass(frozen=True)
class Generated:
    world: World
    logged: Sequence[tuple[LogRow, Truth]]

    def with_defect(self, *defects: str) -> Sequence[tuple[LogRow, Truth]]:
        return [(row, truth) for row, truth in self.logged if truth.defect in defects]


def generated(seed: int, end: datetime) -> Generated:
    world = World(seed, end)
    return Generated(world, list(generate(world)))


@pytest.fixture(scope="session")
def thursday() -> Generated:
    return generated(7, datetime(2026, 11, 20, tzinfo=UTC))


@pytest.fixture(scope="session")
def sunday() -> Generated:
    return generated(11, datetime(2026, 11, 23, tzinfo=UTC))

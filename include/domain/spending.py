"""Spend by what calls have in common, as pages tell it."""

from __future__ import annotations

from dataclasses import dataclass

from include.domain.cost import Spend


@dataclass(frozen=True, slots=True)
class SpendGroup:
    """Calls of one project that have a word in common, such as their model ("" where none was logged).

    `before` is what the like cost in the days that `spend` is compared with; tokens are those of `spend`.
    """

    project: str
    name: str
    spend: Spend
    before: Spend
    input_tokens: int
    output_tokens: int


@dataclass(frozen=True, slots=True)
class Breakdown:
    """The groups by one word (a column of the rollup) that cost most, and how many more there are."""

    by: str
    groups: tuple[SpendGroup, ...]
    more: int

    @property
    def tells(self) -> bool:
        """Whether any group has a name."""
        return any(group.name for group in self.groups)


@dataclass(frozen=True, slots=True)
class Unpriced:
    """Calls of an application whose price nobody knows."""

    project: str
    provider: str
    model: str
    calls: int

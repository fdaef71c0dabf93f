"""Answers go in, crowded or not; how many calls may be under way at once comes out.

Additive increase, multiplicative decrease, as TCP does it (Chiu and Jain 1989; RFC 5681): one more for each window of
answers, half after a 429 that names a wait. A 429 that names none is another matter: gateways spread them at random,
and by TCP's law a loss rate of p leaves a window of 1.22 / sqrt(p) (Mathis et al. 1997), 3 of 64 calls at 15 %.
So these count only when they are `CROWD` of a round's answers, and then take `EASE` (the factor of RFC 9438).
"""

from __future__ import annotations

from enum import StrEnum

CROWD = 0.5
"""Share of a round's answers above which a 429 that names no wait means congestion."""

ROUND = 20
"""Answers at least, before a share is believed: of 20, at 25 % each, more than half are crowded 1 time in 250."""

HALF, EASE = 0.5, 0.7


class Change(StrEnum):
    """What an answer did to the window."""

    NONE = "none"
    GREW = "grew"
    TOLD = "told to wait"
    CROWDED = "crowded"


class Window:
    """How many calls may be under way: from 1 to `ceiling`, where it starts."""

    def __init__(self, ceiling: int) -> None:
        self.ceiling = ceiling
        self.cuts = 0
        """How often it was made smaller. What was sent before the last cut says nothing about the size since."""
        self._size = float(ceiling)
        self._answers = self._crowded = 0

    @property
    def limit(self) -> int:
        """Calls under way at most."""
        return int(self._size)

    def resize(self, ceiling: int) -> None:
        """Another ceiling; a window that was as wide as it might be follows it up."""
        full = self._size >= self.ceiling
        self.ceiling = ceiling
        self._size = float(ceiling) if full else min(self._size, float(ceiling))

    def answered(self, cuts: int) -> Change:
        """Note an answer that is none of crowding, to a call sent when there were `cuts`."""
        if self._crowded and self._round_ends(False):  # a round begins with its first crowded answer
            return self._cut(EASE, Change.CROWDED)
        if cuts < self.cuts or self._size >= self.ceiling:
            return Change.NONE
        self._size = min(float(self.ceiling), self._size + 1 / self._size)
        return Change.GREW

    def crowded(self, cuts: int, *, told: bool) -> Change:
        """Note an answer that says "too much", to a call sent when there were `cuts`; `told` if it names a wait."""
        if cuts < self.cuts:  # at most once a round trip
            return Change.NONE
        if told:
            return self._cut(HALF, Change.TOLD)
        return self._cut(EASE, Change.CROWDED) if self._round_ends(True) else Change.NONE

    def _round_ends(self, crowded: bool) -> bool:
        """Whether this answer ends a round that was crowded."""
        self._answers += 1
        self._crowded += crowded
        if self._answers < max(ROUND, self.limit):
            return False
        share = self._crowded / self._answers
        self._answers = self._crowded = 0
        return share > CROWD

    def _cut(self, factor: float, why: Change) -> Change:
        self._size = max(1.0, self._size * factor)
        self._answers = self._crowded = 0
        self.cuts += 1
        return why

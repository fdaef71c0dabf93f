"""A limit per minute goes in; how long to wait before the next call comes out."""

from __future__ import annotations

import math
from collections.abc import Callable

BURST_S = 1.0
"""How much unused time is kept: limits per minute are enforced over shorter spans too, 60 as 1 a second (OpenAI)."""

_NOTHING = 1e-9


class Bucket:
    """A token bucket that may run into debt: who finds it not empty takes all he needs, those after him wait.

    So a call larger than the bucket passes, and in any t seconds no more is taken than
    rate * (t + `BURST_S`) and what the last call took beyond it. `clock` gives monotonic seconds.
    """

    def __init__(self, per_minute: float | None, clock: Callable[[], float]) -> None:
        self._configured = math.inf if per_minute is None else per_minute / 60
        self._told, self._told_until = math.inf, -math.inf
        self._members = 1
        self._level, self._at = 0.0, clock()
        self._clock = clock

    def share(self, members: int) -> None:
        """By how many the limit is shared."""
        self._refill()
        self._members = members

    def slow(self, per_s: float, for_s: float) -> None:
        """The endpoint takes no more than that for a while."""
        self._refill()
        self._told, self._told_until = per_s, self._clock() + for_s

    def wait_s(self) -> float:
        """Seconds until something may be taken; 0 for now."""
        rate = self._refill()
        return 0.0 if self._level > -_NOTHING or rate == math.inf else -self._level / rate

    def take(self, cost: float) -> None:
        """Take that much; less than nothing gives back."""
        self._level -= cost

    def _refill(self) -> float:
        now = self._clock()
        told = self._told if now < self._told_until else math.inf
        rate = min(self._configured, told) / self._members
        self._level = 0.0 if rate == math.inf else min(rate * BURST_S, self._level + (now - self._at) * rate)
        self._at = now
        return rate

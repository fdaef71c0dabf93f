"""How long answers took goes in; how long the next one is waited for comes out.

A request that hangs holds its place until its time is up, and 60 s of a place that serves five a second cost 300 calls.
So the first try of a call waits only `TIMES` as long as all but the slowest twentieth took, as TCP times its first
transmission by what it measured (RFC 6298). The try after a hasty one has all the time that the settings give, so that
a slow answer is paid for once too often at most. A hasty try that ran out counts as one that took for ever: where more
than a twentieth do, the rule switches itself off, and that bounds what it can cost.

If answers take lognormal times (sigma 0.5), 1 in 15,000 is later than that.
"""

from __future__ import annotations

import math
from collections import deque

ENOUGH, KEPT = 50, 200
QUANTILE, TIMES = 0.95, 3.0
LEAST_S = 0.5

_EVERY = 25


class Patience:
    """Of one kind of call; `full_s` is what the settings give."""

    def __init__(self, full_s: float) -> None:
        self._full_s = full_s
        self._took: deque[float] = deque(maxlen=KEPT)
        self._noted = 0
        self.first_s = full_s
        """How long the first try may take."""

    def answered(self, seconds: float) -> None:
        """Note how long an answer took."""
        self._took.append(seconds)
        self._noted += 1
        if self._noted % _EVERY == 0:
            self._decide()

    def ran_out(self) -> None:
        """Note that a hasty try brought no answer."""
        self._took.append(math.inf)
        self._decide()

    def _decide(self) -> None:
        if len(self._took) >= ENOUGH:
            usual = sorted(self._took)[int(QUANTILE * len(self._took))]
            self.first_s = min(self._full_s, max(LEAST_S, TIMES * usual))

"""Successes and failures of an endpoint go in; whether it is worth asking comes out."""

from __future__ import annotations

from collections.abc import Callable


class Breaker:
    """Opens when nothing but failures came for a while, and then lets one request through now and then.

    `clock` gives monotonic seconds. Open means at least `failures` in a row over at least `patience_s`: both, since
    a hundred requests that fail at the same moment are one event, and one slow failure is none. While it is open,
    one request every `cooldown_s` may try; its success closes it.
    """

    def __init__(
        self, clock: Callable[[], float], *, failures: int = 8, patience_s: float = 10.0, cooldown_s: float = 30.0
    ) -> None:
        self._clock = clock
        self._limit = failures
        self._patience_s = patience_s
        self._cooldown_s = cooldown_s
        self._failures = 0
        self._since = 0.0
        self._probed_at: float | None = None
        self.last_failure = ""

    def succeeded(self) -> None:
        """Note an answer, whatever it said."""
        self._failures = 0
        self._probed_at = None

    def failed(self, why: str) -> None:
        """Note that nothing useful came back."""
        if self._failures == 0:
            self._since = self._clock()
        self._failures += 1
        self.last_failure = why

    def allows(self) -> bool:
        """Whether a request may be sent now; a yes while open is used up by asking."""
        now = self._clock()
        if self._probed_at is None:
            if self._failures < self._limit or now - self._since < self._patience_s:
                return True
            self._probed_at = now
            return False
        if now - self._probed_at < self._cooldown_s:
            return False
        self._probed_at = now
        return True

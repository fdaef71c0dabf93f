"""Enters: what is going on. Leaves: lines that a person who waits can follow, one that changes where it can."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TextIO

EVERY_S = 5.0


class Progress:
    """Tells steps with the time that has passed since the start."""

    def __init__(self, out: TextIO = sys.stdout, clock: Callable[[], float] = time.monotonic) -> None:
        self._out, self._clock = out, clock
        self._began, self._told = clock(), float("-inf")
        self._open = False

    @property
    def seconds(self) -> float:
        """Since the start."""
        return self._clock() - self._began

    def step(self, name: str, text: str) -> None:
        """A finished step, or one that begins."""
        self._line(name, text, end="\n")

    def now(self, name: str, text: str) -> None:
        """How far a long step has come: on a terminal in place, else a line now and then."""
        if self._out.isatty():
            self._line(name, text, end="")
        elif self._clock() - self._told >= EVERY_S:
            self._told = self._clock()
            self._line(name, text, end="\n")

    def _line(self, name: str, text: str, *, end: str) -> None:
        start = "\r\x1b[2K" if self._open else ""
        minutes, seconds = divmod(int(self.seconds), 60)
        self._out.write(f"{start}[{minutes}:{seconds:02}] {name:<9} {text}{end}")
        self._out.flush()
        self._open = not end


def bar(done: int, total: int, width: int = 24) -> str:
    """`done` of `total` as blocks."""
    full = round(width * done / total) if total else width
    return "█" * full + "░" * (width - full)

"""Outcomes go in one by one as they come, batches leave in a thread of their own, each within half a second."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from types import TracebackType

from include.domain.score import Outcome, Score

GATHER_S = 0.25
"""How long outcomes are gathered into one batch."""
UNSAVED = 2_000
"""How many outcomes may wait for a slow store before whoever brings more has to wait."""

Save = Callable[[Sequence[Outcome]], None]


class Saving:
    """Calls `save` with batches, one at a time; leaving the block saves the rest and raises what `save` raised."""

    def __init__(self, save: Save) -> None:
        self.scored = self.failed = 0
        self._save = save
        self._queue: SimpleQueue[Outcome | None] = SimpleQueue()
        self._closing = threading.Event()
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="saving", daemon=True)

    def __enter__(self) -> Saving:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._closing.set()
        self._queue.put(None)
        self._thread.join()
        if self._error and self._error is not error:
            raise self._error

    async def put(self, outcome: Outcome) -> None:
        """Hand over one outcome; raises what `save` raised, if it did."""
        self._queue.put(outcome)
        while self._queue.qsize() > UNSAVED and not self._error:
            await asyncio.sleep(GATHER_S / 10)
        if self._error:
            raise self._error

    def _run(self) -> None:
        try:
            while batch := self._gather():
                self._save(batch)
                scored = sum(isinstance(outcome, Score) for outcome in batch)
                self.scored, self.failed = self.scored + scored, self.failed + len(batch) - scored
        except Exception as error:  # it is raised where the outcomes come from
            self._error = error

    def _gather(self) -> list[Outcome]:
        """What came within `GATHER_S` of the next outcome; empty when there will be none."""
        batch = []
        outcome = self._queue.get()
        self._closing.wait(GATHER_S)
        while outcome is not None:
            batch.append(outcome)
            try:
                outcome = self._queue.get_nowait()
            except Empty:
                return batch
        self._queue.put(None)  # the end, to be found once more after this batch
        return batch

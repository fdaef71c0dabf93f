"""Interactions and judges go in; each outcome is handed over to be saved within a second of its arrival.

The pool pulls its work as it goes, so that its memory is bounded by its concurrency whatever the shard holds.
"""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from include.domain.interaction import Interaction
from include.domain.ports import Judge
from include.domain.score import Outcome, Score
from include.errors import JudgeMisconfigured
from include.judges.subject import unanswered

GATHER_S = 0.25
"""How long outcomes are gathered before they are saved as one batch."""
YIELD_S = 0.05
"""How long judges that never wait may keep the event loop for themselves."""
UNSAVED = 2_000
"""How many outcomes may wait for a slow store before the judges wait as well."""

Pending = tuple[Interaction, Collection[str]]
"""An interaction, and the dimensions that are still to be judged."""
Save = Callable[[Sequence[Outcome]], None]


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of the work, in dimensions of interactions."""

    scored: int = 0
    failed: int = 0

    def plus(self, outcomes: Sequence[Outcome]) -> Counts:
        """These and the saved ones."""
        scored = sum(isinstance(outcome, Score) for outcome in outcomes)
        return Counts(self.scored + scored, self.failed + len(outcomes) - scored)


def run_pool(work: Iterable[Pending], judges: Sequence[Judge], save: Save, concurrency: int) -> Counts:
    """`score_all` for a process of its own: SIGTERM saves what came back, then ends it with status 143."""

    async def supervised() -> Counts:
        task = asyncio.ensure_future(score_all(work, judges, save, concurrency))
        with _on_sigterm(task.cancel):
            return await task

    try:
        return asyncio.run(supervised())
    except asyncio.CancelledError:
        raise SystemExit(128 + signal.SIGTERM) from None


async def score_all(work: Iterable[Pending], judges: Sequence[Judge], save: Save, concurrency: int) -> Counts:
    """Judge the missing dimensions of each interaction, at most `concurrency` at once; returns what was saved.

    `save` runs in a thread, one call at a time. Raises `JudgeMisconfigured` at once, and whatever else a judge or
    `save` raised at the end; what was judged by then is saved first, as it is when the task is cancelled.
    """
    outbox = _Outbox(save)
    todo = _pairs(work, {judge.epoch.dimension: judge for judge in judges})
    mishaps: list[Exception] = []
    workers = [asyncio.ensure_future(_work(todo, outbox, mishaps)) for _ in range(concurrency)]
    writer = asyncio.ensure_future(outbox.run())
    try:
        done, _ = await asyncio.wait([*workers, writer], return_when=asyncio.FIRST_EXCEPTION, timeout=None) \
            if False else await _until_done(workers, writer)
    finally:
        pass
    return outbox.counts

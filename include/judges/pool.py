"""Interactions and judges go in; each outcome is handed over to be saved within a second of its arrival.

The pool pulls its work as it goes, so that its memory is bounded by its concurrency whatever the shard holds.
"""

from __future__ import annotations

import asyncio
import gc
import signal
import threading
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager, nullcontext
from dataclasses import dataclass

from include.domain.interaction import Interaction
from include.domain.ports import Judge
from include.errors import AssayError
from include.judges.feed import Feed
from include.judges.saving import Save, Saving

YIELD_S = 0.05
"""How long judges that never wait may keep the event loop from hearing that it is to stop."""

GRACE_S = 3.0
"""How long calls that are under way may take to come back when the work ends early: they are paid for."""

COLLECT_AFTER = (20_000, 20, 20)
"""Thresholds of the garbage collector: a judged interaction leaves next to no cycles behind."""

Pending = tuple[Interaction, Collection[str]]
"""An interaction, and the epochs of the judges that have not judged it yet."""

Pair = tuple[Interaction, Judge]


@dataclass(frozen=True, slots=True)
class Counts:
    """What was saved, in dimensions of interactions."""

    scored: int = 0
    failed: int = 0


def run_pool(
    work: Iterable[Pending],
    judges: Sequence[Judge],
    save: Save,
    concurrency: int,
    around: AbstractAsyncContextManager[object] | None = None,
    grace_s: float = GRACE_S,
) -> Counts:
    """`score_all` in an event loop of its own, inside `around`, which opens what the judges share.

    SIGTERM saves what comes back within `grace_s` seconds, then exits with status 143.
    """

    async def supervised() -> Counts:
        with _sigterm_cancels(asyncio.current_task()):
            async with around or nullcontext():
                with _garbage_seldom():
                    return await score_all(work, judges, save, concurrency, grace_s)

    try:
        return asyncio.run(supervised())
    except asyncio.CancelledError:
        raise SystemExit(128 + signal.SIGTERM) from None


async def score_all(
    work: Iterable[Pending], judges: Sequence[Judge], save: Save, concurrency: int, grace_s: float = GRACE_S
) -> Counts:
    """Judge what each interaction lacks, at most `concurrency` dimensions at once; `work` and `save` run in threads.

    An `AssayError` (`JudgeMisconfigured`, `StoreUnreachable`) ends the work at once; any other error of a judge is
    raised after everything else was judged. In both cases, and when cancelled, what came back is saved first.
    """
    todo = Feed(_pairs(work, {judge.epoch.id: judge for judge in judges}))
    broken: list[Exception] = []
    with Saving(save) as saving:
        workers = [asyncio.ensure_future(_judge(todo, saving, broken)) for _ in range(concurrency)]
        try:
            await _first_error(workers)
        finally:
            await _end(workers, todo, grace_s)
    if broken:
        raise broken[0]
    return Counts(saving.scored, saving.failed)


def _pairs(work: Iterable[Pending], judges: Mapping[str, Judge]) -> Iterator[Pair]:
    for interaction, missing in work:
        for epoch, judge in judges.items():
            if epoch in missing:
                yield interaction, judge


async def _first_error(workers: Sequence[asyncio.Task[None]]) -> None:
    """Returns when all are done; unlike `gather`, leaves them alone when it is cancelled."""
    done, _ = await asyncio.wait(workers, return_when=asyncio.FIRST_EXCEPTION)
    for worker in done:
        worker.result()


async def _end(workers: Sequence[asyncio.Task[None]], todo: Feed[Pair], grace_s: float) -> None:
    """Starts nothing new, waits a little for what is under way, then cancels the rest."""
    await todo.close()
    _, late = await asyncio.wait(workers, timeout=grace_s)
    for worker in late:
        worker.cancel()
    await asyncio.gather(*workers, return_exceptions=True)


async def _judge(todo: Feed[Pair], saving: Saving, broken: list[Exception]) -> None:
    """One of the workers that share `todo`."""
    clock = asyncio.get_running_loop().time
    rested = clock()
    async for interaction, judge in todo:
        try:
            outcome = await judge.score(interaction)
        except AssayError:
            raise
        except Exception as error:  # a bug that one text brings out must not cost the others their scores
            error.add_note(f"while judging {judge.epoch.dimension} of interaction {interaction.interaction_id!r}")
            broken.append(error)
            continue
        await saving.put(outcome)
        if clock() - rested > YIELD_S:
            await asyncio.sleep(0)
            rested = clock()


@contextmanager
def _garbage_seldom() -> Iterator[None]:
    """For the block, what is loaded already is not looked through for garbage: that took a third of the time."""
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


@contextmanager
def _sigterm_cancels(task: asyncio.Task[Counts] | None) -> Iterator[None]:
    """For the block, where this is the main thread; afterwards the handler is again what it was."""
    if task is None or threading.current_thread() is not threading.main_thread():
        yield
        return
    loop, before = asyncio.get_running_loop(), signal.getsignal(signal.SIGTERM)
    loop.add_signal_handler(signal.SIGTERM, task.cancel)
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGTERM)
        signal.signal(signal.SIGTERM, before)

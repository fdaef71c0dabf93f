"""The worker pool: what it saves and when, whatever its judges do."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from include.domain.interaction import Interaction
from include.domain.score import Epoch, Outcome, Score, ScoreSource
from include.errors import JudgeMisconfigured, StoreUnreachable
from include.judges.feed import AHEAD
from include.judges.pool import Counts, Pending, run_pool, score_all
from include.judges.saving import UNSAVED

AT = datetime(2026, 11, 20, tzinfo=UTC)
ROOT = Path(__file__).parents[3]


class Waiting:
    """A judge that waits like one behind a network; ids in `broken` or `barred` end as the names say."""

    def __init__(self, dimension: str = "tone", wait_s: float = 0.0, broken: str = "", barred: str = "") -> None:
        self.epoch = Epoch(dimension, ScoreSource.CODE, "waiting", {})
        self.wait_s, self.broken, self.barred = wait_s, broken, barred
        self.under_way = self.most = 0
        self.asked: list[str] = []

    async def score(self, interaction: Interaction) -> Outcome:
        self.asked.append(interaction.interaction_id)
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        if self.wait_s:
            await asyncio.sleep(self.wait_s)
        self.under_way -= 1
        if interaction.interaction_id == self.broken:
            raise ZeroDivisionError
        if interaction.interaction_id == self.barred:
            raise JudgeMisconfigured("wrong key", error_type="judge_misconfigured", retryable=False)
        return Score(interaction.interaction_id, AT, self.epoch.dimension, 0.5, "", ScoreSource.CODE, self.epoch.id)


def interaction(name: str) -> Interaction:
    return Interaction(name, AT, AT, "p", "prod", "why?", "because")


def epoch(dimension: str) -> str:
    return Epoch(dimension, ScoreSource.CODE, "waiting", {}).id


def work(count: int, dimensions: Sequence[str] = ("tone",)) -> Iterator[Pending]:
    for number in range(count):
        yield interaction(f"i{number}"), frozenset(map(epoch, dimensions))


async def test_every_missing_dimension_is_judged_once_and_saved() -> None:
    saved: list[Outcome] = []
    judges = [Waiting("tone"), Waiting("facts")]
    todo = [(interaction("a"), {epoch("tone"), epoch("facts")}), (interaction("b"), {epoch("facts")})]
    counts = await score_all(todo, judges, saved.extend, 4)
    assert counts == Counts(scored=3)
    assert {(one.interaction_id, one.dimension) for one in saved} == {("a", "tone"), ("a", "facts"), ("b", "facts")}


async def test_no_more_than_the_given_number_are_under_way_at_once() -> None:
    judge = Waiting(wait_s=0.002)
    await score_all(work(100), [judge], lambda _: None, 7)
    assert judge.most == 7


async def test_work_is_pulled_only_a_little_ahead_of_its_judging() -> None:
    pulled = 0

    def pull() -> Iterator[Pending]:
        nonlocal pulled
        for one in work(1000):
            pulled += 1
            yield one

    task = asyncio.ensure_future(score_all(pull(), [Waiting(wait_s=60)], lambda _: None, 5))
    await asyncio.sleep(0.05)
    assert 5 <= pulled <= 5 + 3 * AHEAD
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_each_result_is_saved_within_a_second_of_its_arrival() -> None:
    saved_at: list[float] = []

    class Slow(Waiting):
        async def score(self, interaction: Interaction) -> Outcome:
            self.wait_s = 2.0 if interaction.interaction_id == "i1" else 0.0
            return await super().score(interaction)

    started = time.monotonic()
    await score_all(work(2), [Slow()], lambda batch: saved_at.extend([time.monotonic() - started] * len(batch)), 2)
    assert saved_at[0] < 1.0 < saved_at[1]


async def test_judges_that_never_wait_do_not_hold_up_saving() -> None:
    sizes: list[int] = []

    class Busy(Waiting):
        async def score(self, interaction: Interaction) -> Outcome:
            time.sleep(0.005)
            return await super().score(interaction)

    await score_all(work(200), [Busy()], lambda batch: sizes.append(len(batch)), 1)
    assert sum(sizes) == 200
    assert len(sizes) >= 3


async def test_a_bug_that_one_text_brings_out_costs_nobody_else_a_score() -> None:
    saved: list[Outcome] = []
    with pytest.raises(ZeroDivisionError) as raised:
        await score_all(work(20), [Waiting(broken="i3")], saved.extend, 3)
    assert raised.value.__notes__ == ["while judging tone of interaction 'i3'"]
    assert len(saved) == 19


async def test_a_misconfigured_judge_stops_the_work_at_once_and_what_came_back_is_saved() -> None:
    saved: list[Outcome] = []
    judge = Waiting(wait_s=0.001, barred="i10")
    with pytest.raises(JudgeMisconfigured, match="wrong key"):
        await score_all(work(1000), [judge], saved.extend, 2)
    assert 10 <= len(saved) <= 12
    assert len(judge.asked) <= 13


async def test_a_store_that_is_gone_ends_the_work() -> None:
    def save(_: Sequence[Outcome]) -> None:
        raise StoreUnreachable("store down")

    judge = Waiting(wait_s=0.01)
    with pytest.raises(StoreUnreachable):
        await score_all(work(10_000), [judge], save, 2)
    assert len(judge.asked) < 200


async def test_a_slow_store_slows_the_judges_instead_of_filling_the_memory() -> None:
    judge, saved, ahead = Waiting(), 0, 0

    def save(batch: Sequence[Outcome]) -> None:
        nonlocal saved, ahead
        ahead = max(ahead, len(judge.asked) - saved)
        time.sleep(0.05)
        saved += len(batch)

    await score_all(work(3 * UNSAVED), [judge], save, 4)
    assert saved == 3 * UNSAVED
    assert ahead <= 2 * UNSAVED + 8


async def test_cancelling_saves_what_came_back() -> None:
    saved: list[Outcome] = []

    class Stuck(Waiting):
        async def score(self, interaction: Interaction) -> Outcome:
            self.wait_s = 0.0 if interaction.interaction_id == "i0" else 60.0
            return await super().score(interaction)

    task = asyncio.ensure_future(score_all(work(3), [Stuck()], saved.extend, 3))
    await asyncio.sleep(0.02)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [one.interaction_id for one in saved] == ["i0"]


@pytest.mark.parametrize(("grace_s", "saved_in_time"), [(0.05, 0), (5.0, 3)])
async def test_calls_under_way_at_the_end_have_their_grace(grace_s: float, saved_in_time: int) -> None:
    saved: list[Outcome] = []
    task = asyncio.ensure_future(score_all(work(100), [Waiting(wait_s=0.4)], saved.extend, 3, grace_s))
    await asyncio.sleep(0.1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(saved) == saved_in_time


def test_the_garbage_collector_is_afterwards_as_it_was() -> None:
    during: list[int] = []
    before = gc.get_threshold()
    run_pool(work(1), [Waiting()], lambda _: during.append(gc.get_freeze_count()), 1)
    assert during[0] > 0
    assert (gc.get_threshold(), gc.get_freeze_count()) == (before, 0)


TERMINATED = """
import sys
from tests.unit.judges.test_pool import Waiting, work
from include.judges.pool import run_pool
def save(batch):
    print(len(batch), flush=True)
run_pool(work(100_000), [Waiting(wait_s=0.01)], save, 4)
"""


def test_sigterm_saves_what_came_back_and_ends_the_process() -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, "-c", TERMINATED], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        first = int(process.stdout.readline())
        process.send_signal(signal.SIGTERM)
        rest = [int(line) for line in process.stdout]
    assert process.returncode == 143
    assert first > 0
    assert len(rest) >= 1


def test_the_handler_of_sigterm_is_afterwards_what_it_was() -> None:
    before = signal.getsignal(signal.SIGTERM)
    assert run_pool(work(3), [Waiting()], lambda _: None, 2) == Counts(scored=3)
    assert signal.getsignal(signal.SIGTERM) is before


def test_the_pool_itself_costs_less_than_a_fifth_of_a_millisecond_an_interaction() -> None:
    started = time.process_time()
    run_pool(work(5000), [Waiting()], lambda _: None, 4)
    assert time.process_time() - started < 1.0

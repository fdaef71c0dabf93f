"""Who may pass, in which order, and that nobody waits for ever."""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.adapters.llm.gate import Gate, Held
from tests.fakes.endpoint import Clock

Calls = list[tuple[int, str]]


def gate(concurrency: int, clock: Clock, *, requests: float | None = None, tokens: float | None = None) -> Gate:
    return Gate(concurrency, requests, tokens, clock, clock.sleep)


async def test_those_who_wait_pass_in_the_order_of_their_arrival() -> None:
    door, passed = gate(2, Clock()), []

    async def call(number: int) -> None:
        await door.enter(0, 10)
        passed.append(number)
        await asyncio.sleep(0)
        door.leave()

    await asyncio.gather(*(call(number) for number in range(50)))
    assert passed == list(range(50))
    assert door.under_way == 0


async def test_one_that_is_called_off_leaves_its_place_to_the_next() -> None:
    door = gate(1, Clock())
    await door.enter(0, 10)
    waiting = [asyncio.create_task(door.enter(0, 10)) for _ in range(3)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    door.leave()  # lets the second in
    waiting[1].cancel()  # at the same moment
    await asyncio.wait(waiting[:2])
    await asyncio.wait_for(waiting[2], 1)
    door.leave()
    assert door.under_way == 0


async def test_a_hold_that_is_too_long_turns_callers_away_and_a_short_one_is_waited_for() -> None:
    clock = Clock()
    door = gate(1, clock)
    door.hold(30)
    with pytest.raises(Held) as raised:
        await door.enter(0, 20)
    assert raised.value.seconds == 30
    await door.enter(0, 40)
    assert clock.now == 30
    door.leave()
    assert door.under_way == 0


async def test_tokens_are_paced_by_estimate_and_corrected_by_use() -> None:
    clock = Clock()
    door = gate(10, clock, tokens=6000)  # 100 a second
    assert door.counts_tokens
    await door.enter(200, 60)
    door.correct(100)
    await door.enter(200, 60)
    assert clock.now == pytest.approx(3)


async def test_a_smaller_share_is_kept_as_soon_as_it_is_known_and_a_larger_one_lets_in_who_waits() -> None:
    door = gate(8, Clock())
    door.share(4)
    calls = [asyncio.create_task(door.enter(0, 10)) for _ in range(8)]
    await asyncio.sleep(0)
    assert door.under_way == 2
    door.share(1)
    await asyncio.wait(calls)
    assert door.under_way == 8


async def test_more_workers_than_places_leave_one_to_each() -> None:
    door = gate(2, Clock())
    door.share(5)
    assert door.window.limit == 1


@settings(max_examples=60)
@given(
    st.integers(1, 8),
    st.lists(st.sampled_from(["ok", "ok", "ok", "crowded", "told", "cancel", "more", "fewer"]), max_size=80),
    st.integers(0, 1000),
)
def test_under_way_never_exceeds_the_limit_and_every_call_gets_through(
    concurrency: int, fates: list[str], seed: int
) -> None:
    asyncio.run(asyncio.wait_for(_storm(concurrency, fates, random.Random(seed)), 10))


async def _storm(concurrency: int, fates: list[str], lot: random.Random) -> None:
    clock = Clock()
    door, done = gate(concurrency, clock, requests=6000), 0

    async def call(fate: str) -> None:
        nonlocal done
        await door.enter(0, 1e9)
        assert door.under_way <= concurrency
        cuts = door.window.cuts
        try:
            for _ in range(lot.randint(0, 3)):
                await asyncio.sleep(0)
            match fate:
                case "crowded" | "told":
                    door.window.crowded(cuts, told=fate == "told")
                    door.hold(lot.random() if fate == "told" else 0)
                case "more" | "fewer":
                    door.share(3 if fate == "more" else 1)
                case _:
                    door.window.answered(cuts)
        finally:
            before = door.under_way
            door.leave()
            assert door.under_way <= max(before - 1, door.window.limit)  # nobody new beyond the limit
        done += 1

    tasks = [asyncio.create_task(call(fate)) for fate in fates]
    for task, fate in zip(tasks, fates, strict=True):
        if fate == "cancel":
            await asyncio.sleep(0)
            task.cancel()
    for task in tasks:
        with suppress(asyncio.CancelledError):
            await task
    assert door.under_way == 0
    assert done >= sum(fate != "cancel" for fate in fates)

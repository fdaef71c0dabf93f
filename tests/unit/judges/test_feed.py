"""Items of a slow iterator for many coroutines: each once, read only a little ahead, errors and ends for all."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator

import pytest

from include.judges.feed import AHEAD, Feed

MANY = 10 * AHEAD


async def take(feed: Feed[int]) -> list[int]:
    taken = []
    async for item in feed:
        taken.append(item)
        await asyncio.sleep(0)
    return taken


async def test_each_item_comes_out_once_whoever_asks() -> None:
    feed = Feed(iter(range(MANY)))
    taken = await asyncio.gather(*(take(feed) for _ in range(3 * AHEAD)))
    assert sorted(item for one in taken for item in one) == list(range(MANY))


async def test_the_event_loop_does_not_wait_for_the_iterator() -> None:
    def slow() -> Iterator[int]:
        assert threading.current_thread() is not threading.main_thread()
        time.sleep(0.2)
        yield 1

    task = asyncio.ensure_future(take(Feed(slow())))
    started = time.monotonic()
    await asyncio.sleep(0.01)
    assert time.monotonic() - started < 0.15
    assert await task == [1]


async def test_it_reads_only_a_little_ahead() -> None:
    items = iter(range(MANY))
    feed = Feed(items)
    assert await anext(feed) == 0
    await asyncio.sleep(0.05)
    assert next(items) <= 4 * AHEAD
    await feed.close()


async def test_an_error_of_the_iterator_reaches_everybody() -> None:
    def broken() -> Iterator[int]:
        yield 1
        raise ZeroDivisionError

    feed = Feed(broken())
    raised = await asyncio.gather(*(take(feed) for _ in range(5)), return_exceptions=True)
    assert [type(one) for one in raised] == [ZeroDivisionError] * 5


@pytest.mark.parametrize("taken", [0, 1, 2 * AHEAD])
async def test_once_closed_the_iterator_is_at_rest_and_whoever_asks_hears_the_end(taken: int) -> None:
    under_way = threading.Lock()

    def slow() -> Iterator[int]:
        for number in range(MANY):
            with under_way:
                time.sleep(0.001)
            yield number

    feed = Feed(slow())
    for _ in range(taken):
        await anext(feed)
    waiting = asyncio.ensure_future(take(feed)) if taken else None
    await feed.close()
    assert not under_way.locked()
    assert await take(feed) == []
    if waiting:
        await waiting

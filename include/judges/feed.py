"""An iterator that reads from a store goes in; its items come out to coroutines, read ahead in a thread."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from itertools import islice
from typing import Generic, TypeVar

T = TypeVar("T")

AHEAD = 100
"""How many items are read at a time; a few hundred at most wait, which bounds the memory."""


class Feed(Generic[T]):
    """Shares one iterator among coroutines. The event loop never waits for the store behind it."""

    def __init__(self, items: Iterator[T]) -> None:
        self._items = items
        self._ready: asyncio.Queue[T | None] = asyncio.Queue(2 * AHEAD)  # None ends it, and goes on to the next
        self._reading: asyncio.Task[None] | None = None
        self._closed = False

    def __aiter__(self) -> Feed[T]:
        return self

    async def __anext__(self) -> T:
        """The next item; raises what the iterator raised."""
        if self._reading is None:
            self._reading = asyncio.create_task(self._read())
        item = await self._ready.get()
        if item is None:
            self._ready.put_nowait(None)
            await self._reading
            raise StopAsyncIteration
        return item

    async def close(self) -> None:
        """No more items; returns once the iterator is at rest."""
        self._closed = True
        while self._reading and not self._reading.done():
            self._clear()  # so that it is not held up
            await asyncio.wait([self._reading], timeout=0.01)
        self._clear()
        self._ready.put_nowait(None)

    async def _read(self) -> None:
        try:
            while not self._closed and (read := await asyncio.to_thread(lambda: list(islice(self._items, AHEAD)))):
                for item in read:
                    await self._ready.put(item)
        finally:
            if not self._closed:
                await self._ready.put(None)

    def _clear(self) -> None:
        while not self._ready.empty():
            self._ready.get_nowait()

"""One wide read in the place of many narrow ones."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from include.domain.interaction import Window
from include.domain.ports import SegmentReader
from include.domain.segment import SegmentRow
from include.monitors.read_once import ReadOnce
from tests.unit.monitors.memory import DAY, HOUR, MONDAY, Memory
from tests.unit.monitors.worlds import NOW, noisy, steady

BY = ("project", "environment")


class Counted(Memory):
    """It counts how often it is read."""

    def __init__(self) -> None:
        super().__init__({MONDAY + number * HOUR for number in range((NOW - MONDAY) // HOUR)})
        self.reads: Counter[str] = Counter()

    def read(self, measure: str, window: Window, by: Sequence[str], step: timedelta) -> list[SegmentRow]:
        self.reads[measure] += 1
        return super().read(measure, window, by, step)

    def settled_hours(self, window: Window) -> set[datetime]:
        self.reads["settled"] += 1
        return super().settled_hours(window)


@pytest.fixture
def memory() -> Counted:
    counted = Counted()
    steady("composite", noisy(1, 0.8, 4), epoch="S", memory=counted)
    steady("volume", lambda _: [1.0] * 5, memory=counted)
    return counted


WINDOWS = [Window(NOW - number * HOUR - DAY, NOW - number * HOUR) for number in range(9)]


def look(segments: SegmentReader) -> list[object]:
    return [
        *(segments.read("composite", window, BY, HOUR) for window in WINDOWS),
        *(segments.settled_hours(window) for window in WINDOWS),
        *(segments.read("composite", Window(MONDAY, MONDAY + days * DAY), BY, DAY) for days in (3, 5)),
        segments.read("volume", WINDOWS[0], BY, HOUR),
    ]


def test_the_answers_are_the_same_and_read_once_for_each_kind(memory: Counted) -> None:
    expected = look(memory)
    memory.reads.clear()
    reader = ReadOnce(memory, look)
    assert look(reader) == expected
    assert memory.reads == {"composite": 2, "settled": 1, "volume": 1}
    assert look(reader) == expected  # asked again, it has forgotten what nobody said would be needed


@pytest.mark.parametrize(
    ("measure", "window", "by", "step"),
    [
        ("composite", Window(MONDAY, NOW), BY, HOUR),
        ("composite", WINDOWS[0], ("project",), HOUR),
        ("volume", Window(MONDAY, NOW), BY, DAY),
        ("composite", Window(MONDAY + 5 * HOUR, MONDAY + 2 * DAY), BY, DAY),
    ],
)
def test_what_nobody_said_would_be_asked_for_is_read_as_it_is(
    memory: Counted, measure: str, window: Window, by: Sequence[str], step: timedelta
) -> None:
    assert ReadOnce(memory, look).read(measure, window, by, step) == memory.read(measure, window, by, step)


def test_hours_that_nobody_said_would_be_asked_for_are_read_as_they_are(memory: Counted) -> None:
    wide = Window(MONDAY, NOW)
    assert ReadOnce(memory, look).settled_hours(wide) == memory.settled_hours(wide)


class Beside(Counted):
    """The reader of the thread: it notes what it was asked for, and from where."""

    def __init__(self, breaks: bool = False) -> None:
        super().__init__()
        steady("composite", noisy(1, 0.8, 4), epoch="S", memory=self)
        steady("volume", lambda _: [1.0] * 5, memory=self)
        self.asked: list[tuple[str, timedelta]] = []
        self.threads: set[str] = set()
        self.breaks = breaks

    def read(self, measure: str, window: Window, by: Sequence[str], step: timedelta) -> list[SegmentRow]:
        self.asked.append((measure, step))
        self.threads.add(threading.current_thread().name)
        if self.breaks:
            raise ConnectionError("gone")
        return super().read(measure, window, by, step)


def test_what_comes_next_is_read_by_the_second_reader_meanwhile(memory: Counted) -> None:
    expected, beside = look(memory), Beside()
    memory.reads.clear()
    with ReadOnce(memory, look, beside) as reader:
        assert look(reader) == expected
    assert memory.reads == {"composite": 1, "settled": 1}
    assert beside.asked == [("composite", DAY), ("volume", HOUR)]
    assert threading.current_thread().name not in beside.threads
    assert beside.threads.isdisjoint(thread.name for thread in threading.enumerate())  # it ended with the block


def test_no_more_than_the_next_is_read_ahead(memory: Counted) -> None:
    beside = Beside()
    with ReadOnce(memory, look, beside) as reader:
        reader.read("composite", WINDOWS[0], BY, HOUR)
        reader.read("composite", WINDOWS[1], BY, HOUR)
    assert len(beside.asked) <= 1


def test_what_was_read_ahead_for_nothing_holds_up_nothing(memory: Counted) -> None:
    beside, expected = Beside(), memory.read("volume", WINDOWS[0], BY, HOUR)
    with ReadOnce(memory, look, beside) as reader:
        reader.read("composite", WINDOWS[0], BY, HOUR)
        assert reader.read("volume", WINDOWS[0], BY, HOUR) == expected


def test_what_breaks_ahead_is_raised_where_it_is_asked_for(memory: Counted) -> None:
    with ReadOnce(memory, look, Beside(breaks=True)) as reader:
        reader.read("composite", WINDOWS[0], BY, HOUR)
        with pytest.raises(ConnectionError, match="gone"):
            reader.read("composite", Window(MONDAY, MONDAY + 3 * DAY), BY, DAY)

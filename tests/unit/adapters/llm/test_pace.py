"""Limits per minute, with a clock that the tests turn."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.adapters.llm.pace import BURST_S, Bucket


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_without_a_limit_nobody_waits() -> None:
    bucket = Bucket(None, Clock())
    bucket.take(1e9)
    assert bucket.wait_s() == 0


def test_what_was_taken_has_to_flow_back_before_the_next() -> None:
    clock = Clock()
    bucket = Bucket(60, clock)
    assert bucket.wait_s() == 0
    bucket.take(5)
    assert bucket.wait_s() == pytest.approx(5)
    clock.now = 4
    assert bucket.wait_s() == pytest.approx(1)


def test_idle_time_is_kept_for_a_second_only() -> None:
    clock = Clock()
    bucket = Bucket(600, clock)
    clock.now = 3600
    assert bucket.wait_s() == 0
    bucket.take(11)
    assert bucket.wait_s() == pytest.approx(0.1)


def test_a_limit_is_shared_by_those_who_work_at_once() -> None:
    bucket = Bucket(60, Clock())
    bucket.share(4)
    bucket.take(1)
    assert bucket.wait_s() == pytest.approx(4)


def test_what_the_endpoint_says_holds_for_a_while_and_never_speeds_up() -> None:
    clock = Clock()
    bucket = Bucket(60, clock)
    bucket.slow(per_s=100, for_s=10)
    bucket.take(1)
    assert bucket.wait_s() == pytest.approx(1)
    bucket.slow(per_s=0.5, for_s=10)
    assert bucket.wait_s() == pytest.approx(2)
    clock.now = 10
    assert bucket.wait_s() == 0


def test_headers_alone_make_a_limit_that_ends() -> None:
    clock = Clock()
    bucket = Bucket(None, clock)
    bucket.slow(per_s=1, for_s=5)
    bucket.take(3)
    assert bucket.wait_s() == pytest.approx(3)
    clock.now = 5
    assert bucket.wait_s() == 0


@given(
    st.floats(1, 6000),
    st.lists(st.tuples(st.floats(0, 5), st.floats(0.1, 50)), min_size=1, max_size=60),
)
def test_no_span_of_time_holds_more_than_its_share_a_burst_and_one_call(
    per_minute: float, asked: list[tuple[float, float]]
) -> None:
    clock, rate = Clock(), per_minute / 60
    bucket, taken = Bucket(per_minute, clock), []
    for pause, cost in asked:
        clock.now += pause + 1e-6
        while wait := bucket.wait_s():
            clock.now += wait + 1e-6
        bucket.take(cost)
        taken.append((clock.now, cost))
    for first, (start, _) in enumerate(taken):
        for end, last in taken[first:]:
            total = sum(cost for at, cost in taken[first:] if at <= end)
            assert total <= rate * (end - start + BURST_S) + last + 1e-3 * (1 + rate)

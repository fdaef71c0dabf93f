"""When an endpoint is worth asking."""

from __future__ import annotations

from include.adapters.llm.breaker import Breaker


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def opened(clock: Clock) -> Breaker:
    breaker = Breaker(clock, failures=3, patience_s=10, cooldown_s=30)
    for _ in range(3):
        breaker.failed("reset")
        clock.now += 6
    return breaker


def test_failures_at_one_moment_are_one_event() -> None:
    breaker = Breaker(Clock(), failures=3, patience_s=10, cooldown_s=30)
    for _ in range(100):
        breaker.failed("reset")
    assert breaker.allows()


def test_failures_in_a_row_over_a_while_open_it() -> None:
    breaker = opened(Clock())
    assert not breaker.allows()
    assert breaker.last_failure == "reset"


def test_one_success_among_them_keeps_it_closed() -> None:
    clock = Clock()
    breaker = Breaker(clock, failures=3, patience_s=10, cooldown_s=30)
    for number in range(20):
        breaker.failed("reset")
        clock.now += 6
        if number % 2:
            breaker.succeeded()
        assert breaker.allows()


def test_while_open_one_request_now_and_then_may_try_and_its_success_closes_it() -> None:
    clock = Clock()
    breaker = opened(clock)
    assert not breaker.allows()
    clock.now += 30
    assert [breaker.allows() for _ in range(3)] == [True, False, False]
    breaker.failed("reset")
    assert not breaker.allows()
    clock.now += 30
    assert breaker.allows()
    breaker.succeeded()
    assert all(breaker.allows() for _ in range(3))

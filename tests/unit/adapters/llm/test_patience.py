"""How long the first try of a call is waited for."""

from __future__ import annotations

import random

import pytest

from include.adapters.llm.patience import ENOUGH, Patience


def after(*took: float, times: int = 1, full_s: float = 60.0) -> Patience:
    patience = Patience(full_s)
    for seconds in took * times:
        patience.answered(seconds)
    return patience


def test_too_few_answers_say_nothing() -> None:
    assert after(0.2, times=ENOUGH - 1).first_s == 60


@pytest.mark.parametrize(
    ("seconds", "full_s", "first_s"),
    [(0.05, 60, 0.5), (0.2, 60, 0.6), (3.0, 60, 9.0), (40.0, 60, 60.0), (0.2, 0.3, 0.3)],
)
def test_it_is_a_multiple_of_what_most_took_within_bounds(seconds: float, full_s: float, first_s: float) -> None:
    assert after(seconds, times=ENOUGH, full_s=full_s).first_s == pytest.approx(first_s)


def test_one_hang_in_a_hundred_leaves_it_as_it_is() -> None:
    patience = after(0.2, times=198)
    patience.ran_out()
    patience.ran_out()
    assert patience.first_s == pytest.approx(0.6)


def test_where_many_ran_out_it_switches_itself_off_and_on_again() -> None:
    patience = after(0.2, times=100)
    for _ in range(6):
        patience.ran_out()
    assert patience.first_s == 60
    for _ in range(300):
        patience.answered(2.0)
    assert patience.first_s == pytest.approx(6.0)


def test_an_endpoint_that_turns_slow_costs_few_answers_twice() -> None:
    """From 0.2 s to 5 s at once: 64 calls at a time, each given up first if it takes longer than is waited."""
    patience, twice = after(0.2, times=200), 0
    for _ in range(20):
        limits = [patience.first_s] * 64
        for limit in limits:
            if limit < 5.0:
                patience.ran_out()
                twice += 1
            patience.answered(5.0)
    assert twice <= 64


def test_answers_of_a_real_spread_are_almost_never_given_up() -> None:
    lot, patience, given_up = random.Random(0), Patience(60.0), 0
    for _ in range(20_000):
        seconds = lot.lognormvariate(0.5, 0.5)
        given_up += seconds > patience.first_s
        patience.answered(seconds)
    assert given_up <= 20

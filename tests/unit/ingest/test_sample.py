"""The lot that decides who is judged."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from include.ingest.sample import is_sampled

RATES = st.floats(min_value=0.001, max_value=1)


@given(st.text(), RATES, RATES)
def test_a_larger_rate_keeps_whom_a_smaller_one_chose(interaction_id: str, one: float, other: float) -> None:
    if is_sampled(interaction_id, min(one, other)):
        assert is_sampled(interaction_id, max(one, other))


@given(st.text())
def test_a_rate_of_one_takes_everybody(interaction_id: str) -> None:
    assert is_sampled(interaction_id, 1.0)


def test_the_share_that_is_judged_is_the_rate() -> None:
    n, rate = 20_000, 0.1
    share = sum(is_sampled(f"interaction-{i}", rate) for i in range(n)) / n
    assert abs(share - rate) < 4 * (rate * (1 - rate) / n) ** 0.5


def test_another_salt_draws_another_sample() -> None:
    ids = [str(i) for i in range(200)]
    assert [is_sampled(i, 0.5) for i in ids] != [is_sampled(i, 0.5, salt="other") for i in ids]

"""The lot that decides who is judged."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from include.ingest.sample import lot


@given(st.text())
def test_a_lot_lies_below_the_rate_of_one_and_is_the_same_each_time(interaction_id: str) -> None:
    assert 0 <= lot(interaction_id) < 1
    assert lot(interaction_id) == lot(interaction_id)


def test_the_share_that_is_judged_is_the_rate() -> None:
    n, rate = 20_000, 0.1
    share = sum(lot(f"interaction-{i}") < rate for i in range(n)) / n
    assert abs(share - rate) < 4 * (rate * (1 - rate) / n) ** 0.5


def test_the_lot_of_an_id_never_changes_between_releases() -> None:
    assert lot("interaction-1") == 0.4172604857364478

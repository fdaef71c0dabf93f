"""What hours and days amount to together."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.domain.segment import Tally, merged
from tests.unit.monitors.memory import tally

tallies = st.builds(
    lambda values, rate: tally(values, rate=rate), st.lists(st.floats(0, 1), max_size=4), st.floats(0.1, 1)
)


@given(st.lists(tallies, max_size=6))
def test_tallies_in_one_pass_are_their_sum(several: list[Tally]) -> None:
    expected = sum((one for one in several if one.n), Tally())
    found = merged(several)
    assert (found.n, found.low, found.high, found.heaviest) == (
        expected.n,
        expected.low,
        expected.high,
        expected.heaviest,
    )
    for name in ("weight", "weight_sq", "total", "total_sq", "total_w2", "total_sq_w2", "bins"):
        assert getattr(found, name) == pytest.approx(getattr(expected, name))

"""Intervals hold what they are of, and shrink with n."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.domain.segment import Tally
from include.monitors import intervals
from tests.unit.monitors.memory import tally

unit = st.floats(0, 1)


@given(unit, st.integers(1, 10_000), st.floats(0.5, 0.999))
def test_a_share_lies_in_its_interval_and_the_interval_in_0_to_1(share: float, n: int, confidence: float) -> None:
    low, high = intervals.wilson(share, n, confidence)
    assert 0 <= low <= share <= high <= 1
    assert low < high


def test_wilsons_interval_is_the_one_of_the_books() -> None:
    # Newcombe 1998, table I: 81 of 263, 95 %
    assert intervals.wilson(81 / 263, 263, 0.95) == pytest.approx((0.2553, 0.3662), abs=5e-5)


@given(unit, st.integers(2, 500))
def test_more_values_make_a_narrower_interval(share: float, n: int) -> None:
    few, many = intervals.wilson(share, n, 0.95), intervals.wilson(share, 4 * n, 0.95)
    assert many[1] - many[0] < few[1] - few[0]


@settings(deadline=None)  # the first call imports scipy
@given(st.lists(unit, min_size=2, max_size=50))
def test_a_mean_lies_in_its_interval(values: list[float]) -> None:
    one = tally(values)
    bounds = intervals.of_mean(one, 0.95)
    assert bounds is not None
    assert -1e-9 <= bounds[0] <= one.mean + 1e-9  # type: ignore[operator]
    assert one.mean - 1e-9 <= bounds[1] <= 1 + 1e-9  # type: ignore[operator]


def test_students_interval_is_the_one_of_the_books() -> None:
    # mean 0.5, sd 0.1, n = 10: t(0.975, 9) = 2.262
    values = [0.5 + 0.1 * z for z in (-1.2, -0.9, -0.6, -0.3, 0, 0.3, 0.6, 0.9, 1.2, 0)]
    one = tally(values)
    half = 2.262157 * (one.variance or 0) ** 0.5 / 10**0.5
    assert intervals.of_mean(one, 0.95) == pytest.approx((0.5 - half, 0.5 + half))


@pytest.mark.parametrize("few", [Tally(), tally([0.4])])
def test_one_value_has_no_interval(few: Tally) -> None:
    assert intervals.of_mean(few, 0.95) is None


def test_unequal_sampling_weights_widen_the_interval() -> None:
    equal = tally([0.2, 0.8] * 10)
    unequal = tally([0.2, 0.8] * 9) + tally([0.2, 0.8], rate=0.05)
    assert unequal.n == equal.n
    widths = [bounds[1] - bounds[0] for one in (equal, unequal) if (bounds := intervals.of_mean(one, 0.95))]
    assert widths[1] > 1.5 * widths[0]


@given(st.floats(0.001, 0.25), st.integers(1, 1000), st.floats(1e-6, 0.1))
def test_more_values_show_smaller_effects(variance: float, n: int, alpha: float) -> None:
    few, many = intervals.detectable(variance, n, alpha), intervals.detectable(variance, n + 1, alpha)
    assert few is not None
    assert many is not None
    assert many < few


def test_nothing_shows_no_effect() -> None:
    assert intervals.detectable(0.1, 0, 0.01) is None

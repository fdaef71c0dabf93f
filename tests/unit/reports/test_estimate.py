"""Means, intervals and comparisons, against scipy and against what they promise."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from include.domain.segment import Tally
from include.reports.estimate import discoveries, estimate, p_of_difference


def tally(values: list[float], weight: float = 1.0) -> Tally:
    n = len(values)
    squares = sum(value * value for value in values)
    return Tally(
        n,
        n * weight,
        n * weight**2,
        weight * sum(values),
        weight * squares,
        total_w2=weight**2 * sum(values),
        total_sq_w2=weight**2 * squares,
        heaviest=weight,
    )


FIRST, SECOND = [0.2, 0.4, 0.9, 0.7, 0.5], [0.6, 0.8, 0.7, 0.9]


def test_the_interval_is_students() -> None:
    found = estimate(tally(FIRST))
    assert found is not None
    low, high = stats.t.interval(0.95, len(FIRST) - 1, loc=np.mean(FIRST), scale=stats.sem(FIRST))
    assert (found.mean, found.low, found.high) == pytest.approx((np.mean(FIRST), low, high))
    assert found.n == 5


def test_equal_weights_change_nothing_whatever_their_size() -> None:
    assert estimate(tally(FIRST, weight=4.0)) == estimate(tally(FIRST))


def test_an_interval_stays_within_the_scores_range() -> None:
    found = estimate(tally([1.0, 1.0, 0.8]))
    assert found is not None
    assert found.high == 1.0


def test_one_value_has_a_mean_and_no_interval_and_no_value_has_neither() -> None:
    one = estimate(tally([0.4]))
    assert one is not None
    assert (one.mean, one.low, one.high) == (0.4, None, None)
    assert estimate(Tally()) is None


def test_p_is_welchs() -> None:
    expected = stats.ttest_ind(FIRST, SECOND, equal_var=False).pvalue
    assert p_of_difference(tally(FIRST), tally(SECOND)) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("now", "before", "p"),
    [
        pytest.param([0.5], [0.1, 0.2], None, id="one value tells nothing"),
        pytest.param([0.5, 0.5], [0.5, 0.5], 1.0, id="constant and equal"),
        pytest.param([0.5, 0.5], [0.6, 0.6], 0.0, id="constant and different"),
    ],
)
def test_p_at_the_edges(now: list[float], before: list[float], p: float | None) -> None:
    assert p_of_difference(tally(now), tally(before)) == p


def test_discoveries_are_those_of_benjamini_and_hochberg() -> None:
    p_values = [0.001, 0.8, 0.012, 0.03, None, 0.2]
    told = stats.false_discovery_control([p for p in p_values if p is not None]) <= 0.05
    assert discoveries(p_values) == [told[0], told[1], told[2], told[3], False, told[4]]


def test_of_comparisons_without_a_difference_few_reports_show_any_arrow() -> None:
    generator = np.random.default_rng(5)
    shown = [any(discoveries(list(generator.uniform(size=20)))) for _ in range(1000)]
    assert np.mean(shown) == pytest.approx(0.05, abs=0.02)

"""How values of now and of the past are made comparable, and how far they moved."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.monitors.shift import OTHER, Sample, merged, mixtures, paired, thinned, widest

DAYS = [date(2026, 11, 1) + timedelta(days=number % 10) for number in range(1000)]


def test_missing_values_and_decimals_make_no_trouble() -> None:
    pair = paired(Sample("x", ("p",), [Decimal(2), float("nan"), Decimal(1)], [float("inf"), 3.0], kind="number"))  # type: ignore[list-item]
    assert list(pair.now) == [1.0, 2.0]
    assert list(pair.past) == [3.0]


def test_labels_that_are_missing_are_left_out() -> None:
    pair = paired(Sample("x", ("p",), ["en", None, ""], [None, "de", "en"], kind="label"))
    assert (pair.now, pair.past) == (["en"], ["de", "en"])


def test_an_incident_of_the_past_is_no_reference() -> None:
    rng = np.random.default_rng(1)
    past = [0.3 if day.day in (2, 3) else float(rng.normal(0.9, 0.05)) for day in DAYS]
    pair = paired(Sample("composite", ("p",), [0.9], past, DAYS))
    assert pair.left_out == 2
    assert min(pair.past) > 0.5
    told = ["other topic" if day.day in (2, 3) else str(rng.choice(["a", "b", "c"])) for day in DAYS]
    labels = paired(Sample("topic", ("p",), ["a"], told, DAYS, "label"))
    assert "other topic" not in labels.past


labels = st.lists(st.sampled_from([*"abcdefgh", OTHER]), min_size=1, max_size=200)


@given(labels, labels)
def test_merged_labels_are_ones_that_the_past_has_and_no_value_is_lost(past: list[str], now: list[str]) -> None:
    was, is_now = merged(past, now)
    assert set(is_now) <= set(was)
    assert len(is_now) == len(now)
    assert len(past) <= len(was) <= len(past) + 1
    if len(set(was)) > 2:
        assert min(n * len(now) / len(past) for n in Counter(was).values()) >= 5


def test_a_label_that_the_past_lacks_is_another() -> None:
    assert merged(["en"] * 50 + ["de"] * 50, ["en"] * 10 + ["fr"] * 10)[1] == ["en"] * 10 + [OTHER] * 10
    assert merged(["en"] * 50, ["fr"] * 10) == ([*["en"] * 50, OTHER], [OTHER] * 10)


def share_above(at: float, values: list[float]) -> float:
    return sum(value > at for value in values) / len(values)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=50), st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=50))
def test_the_widest_gap_is_kolmogorovs(one: list[float], other: list[float]) -> None:
    at, gap = widest(np.sort(one), np.sort(other))
    assert gap == pytest.approx(max(abs(share_above(x, one) - share_above(x, other)) for x in [*one, *other]))
    assert gap == pytest.approx(abs(share_above(at, one) - share_above(at, other)))


@given(st.integers(1, 300), st.integers(1, 300))
def test_thinned_values_keep_their_distribution(n: int, fewer: int) -> None:
    values = np.arange(n, dtype=float)
    few = thinned(values, fewer)
    assert len(few) == min(n, fewer)
    assert widest(values, few)[1] <= 1 / len(few) + 1e-9


def test_mixtures_name_what_changed_most_first() -> None:
    found = mixtures(["a"] * 50 + ["b"] * 50, ["a"] * 5 + ["c"] * 5)
    assert found == {"b": (0.0, 0.5), "c": (0.5, 0.0), "a": (0.5, 0.5)}
    assert list(found) == ["c", "b", "a"]

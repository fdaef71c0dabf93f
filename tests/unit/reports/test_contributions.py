"""What segments brought to a change: it adds up, and whoever moved the whole stands first."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.domain.report import Trend
from include.domain.segment import Tally, merged
from include.reports.contributions import Segment, contributions


def tally(mean: float, n: int, weight: float = 1.0) -> Tally:
    """So many scores with a standard deviation of 0.1, each with that weight."""
    square = mean**2 + 0.01
    sums = (n * weight, n * weight**2, n * weight * mean, n * weight * square)
    return Tally(n, *sums, mean, mean, n * weight**2 * mean, n * weight**2 * square, heaviest=weight)


TALLIES = st.dictionaries(
    st.tuples(st.sampled_from("abcd")),
    st.builds(tally, st.floats(0, 1), st.integers(1, 500), st.floats(1, 50)),
    min_size=1,
)


@given(TALLIES, TALLIES)
def test_what_segments_brought_adds_up_to_the_change(now: dict[Segment, Tally], before: dict[Segment, Tally]) -> None:
    found = contributions(now, before)
    whole, usual = merged(now.values()).mean, merged(before.values()).mean
    assert whole is not None
    assert usual is not None
    assert sum(one.value for one in found) == pytest.approx(whole - usual, abs=1e-9)
    assert sum(one.share for one in found) == pytest.approx(1)
    assert {one.segment for one in found} == {*now, *before}


def test_a_segment_that_alone_got_worse_carries_the_change() -> None:
    bad, good = contributions(
        {("bad",): tally(0.4, 300), ("good",): tally(0.8, 700)}, {("bad",): tally(0.8, 300), ("good",): tally(0.8, 700)}
    )
    assert (bad.segment, bad.trend, good.trend) == (("bad",), Trend.WORSE, Trend.STEADY)
    assert [bad.value, bad.difference, bad.share, bad.share_before] == pytest.approx([-0.12, -0.4, 0.3, 0.3])
    assert good.value == pytest.approx(0)


def test_a_new_segment_brings_how_far_it_lies_from_what_was_usual() -> None:
    new, old = contributions({("new",): tally(0.5, 400), ("old",): tally(0.8, 600)}, {("old",): tally(0.8, 900)})
    assert (new.before, new.difference, new.trend) == (None, None, Trend.NO_DATA)
    assert [new.value, old.value] == pytest.approx([-0.12, 0])


def test_a_segment_that_grows_moves_the_whole_though_its_own_mean_stays() -> None:
    found = contributions(
        {("poor",): tally(0.4, 500), ("rich",): tally(0.8, 500)},
        {("poor",): tally(0.4, 100), ("rich",): tally(0.8, 900)},
    )
    assert {one.segment[0]: round(one.value, 3) for one in found} == {"poor": -0.144, "rich": -0.016}
    assert {one.trend for one in found} == {Trend.STEADY}


def test_a_segment_of_which_only_what_is_always_judged_was_scored_has_no_mean_to_compare() -> None:
    flagged = replace(tally(0.1, 3), heaviest=50.0)
    found = contributions(
        {("a",): tally(0.8, 300), ("b",): flagged}, {("a",): tally(0.8, 300), ("b",): tally(0.8, 300)}
    )
    assert [(one.now, one.difference, one.trend) for one in found if one.segment == ("b",)] == [
        (None, None, Trend.NO_DATA)
    ]


@pytest.mark.parametrize(("now", "before"), [({}, {}), ({("a",): tally(0.5, 3)}, {}), ({}, {("a",): tally(0.5, 3)})])
def test_nothing_is_compared_with_nothing(now: dict[Segment, Tally], before: dict[Segment, Tally]) -> None:
    assert contributions(now, before) == ()

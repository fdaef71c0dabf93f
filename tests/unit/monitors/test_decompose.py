"""Contributions add up to the change, and only what is beyond chance is told."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.domain.observation import Observation
from include.monitors.columns import labelled
from include.monitors.decompose import carriers, differing
from include.monitors.labels import Labelled
from tests.unit.monitors.incidents import SINCE

VALUES = st.floats(0, 1)
WEIGHTS = st.sampled_from([1.0, 2.0, 10.0, 100.0])
ROWS = st.lists(st.tuples(VALUES, WEIGHTS, st.sampled_from("abc")), min_size=1, max_size=40)


def observations(rows: list[tuple[float, float, str]]) -> list[Observation]:
    return [
        Observation(f"{number}", SINCE + timedelta(seconds=number), value, weight, model=model)
        for number, (value, weight, model) in enumerate(rows)
    ]


def weighted_mean(rows: list[tuple[float, float, str]]) -> float:
    return float(np.average([value for value, _, _ in rows], weights=[weight for _, weight, _ in rows]))


def share_and_mean(rows: list[tuple[float, float, str]], model: str) -> tuple[float, float]:
    mine = [row for row in rows if row[2] == model]
    return sum(weight for _, weight, _ in mine) / sum(weight for _, weight, _ in rows), weighted_mean(mine)


def taken_of(now: list[tuple[float, float, str]], before: list[tuple[float, float, str]]) -> Labelled:
    return labelled(observations(now), observations(before), -1, weighted_mean(before))


@given(ROWS, ROWS)
def test_the_contributions_of_a_columns_values_sum_to_the_change(
    now: list[tuple[float, float, str]], before: list[tuple[float, float, str]]
) -> None:
    taken = taken_of(now, before)
    parts = [
        taken.contribution[taken.having(place)].sum() for place, one in enumerate(taken.labels) if one[0] == "model"
    ]
    assert sum(parts) == pytest.approx(weighted_mean(before) - weighted_mean(now), abs=1e-9)
    assert taken.change == pytest.approx(sum(parts), abs=1e-9)


@given(ROWS, ROWS)
def test_a_contribution_is_change_within_and_change_of_the_mix(
    now: list[tuple[float, float, str]], before: list[tuple[float, float, str]]
) -> None:
    taken, usual = taken_of(now, before), weighted_mean(before)
    for model in {m for _, _, m in now} & {m for _, _, m in before}:
        (s0, m0), (s1, m1) = (share_and_mean(rows, model) for rows in (before, now))
        within, mix = (m1 - m0) * (s0 + s1) / 2, (s1 - s0) * ((m0 + m1) / 2 - usual)
        contribution = taken.contribution[taken.having(taken.labels.index(("model", model)))].sum()
        assert -contribution == pytest.approx(within + mix, abs=1e-9)


@given(ROWS, ROWS)
def test_carriers_have_no_interaction_in_common(
    now: list[tuple[float, float, str]], before: list[tuple[float, float, str]]
) -> None:
    rows = [one.rows for one in carriers(taken_of(now, before))]
    assert (sum(map(np.asarray, rows), np.zeros(len(now) + len(before))) <= 1).all()


BEFORE = [(0.9, 1.0, "a"), (0.86, 1.0, "b"), (0.94, 1.0, "c")] * 40


def test_a_value_that_came_in_pays_for_all_that_it_brought() -> None:
    taken = taken_of([(0.9, 1.0, "a"), (0.5, 1.0, "new")] * 20, BEFORE)
    [one] = carriers(taken)
    assert one.labels == (("model", "new"),)
    assert taken.contribution[one.rows].sum() == pytest.approx(0.2)


def test_a_poor_value_that_grew_carries_what_its_growth_brings() -> None:
    before = [(0.9, 1.0, "good")] * 90 + [(0.4, 1.0, "poor")] * 10 + [(0.8, 1.0, "good"), (0.5, 1.0, "poor")] * 5
    now = [(0.9, 1.0, "good"), (0.4, 1.0, "poor")] * 40
    [one] = carriers(taken_of(now, before))
    assert one.labels == (("model", "poor"),)


def test_a_value_that_only_grew_is_not_told_for_what_fell_everywhere() -> None:
    now = [(0.6, 1.0, "a"), (0.62, 1.0, "new"), (0.58, 1.0, "new"), (0.6, 1.0, "new")] * 20
    assert carriers(taken_of(now, BEFORE)) == []


def test_a_few_interactions_are_too_few() -> None:
    assert carriers(taken_of([(0.1, 1.0, "a")] * 7 + [(0.9, 1.0, "b")] * 30, BEFORE)) == []


def test_sampling_weights_say_how_much_an_interaction_stands_for() -> None:
    now = [(0.1, 1.0, "a"), (0.88, 20.0, "b"), (0.92, 20.0, "b")] * 15
    taken = taken_of(now, BEFORE)
    assert taken.change == pytest.approx(0.9 - weighted_mean(now))
    assert taken.change < 0.02, "without weights it would be 0.27"


def test_a_value_that_moved_the_other_way_differs_too() -> None:
    now = [(0.7, 1.0, "a"), (0.72, 1.0, "b"), (0.99, 1.0, "c")] * 20
    assert differing(taken_of(now, BEFORE)) == {"model"}


def test_interactions_that_are_alike_prove_less() -> None:
    now = [(0.74, 1.0, "a"), (0.9, 1.0, "b"), (0.92, 1.0, "b"), (0.88, 1.0, "b"), (0.86, 1.0, "a")] * 6
    taken = taken_of(now, BEFORE)
    assert [one.labels for one in carriers(taken)] == [(("model", "a"),)]
    assert carriers(taken, dispersion=30.0) == []

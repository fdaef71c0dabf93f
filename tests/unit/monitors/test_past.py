"""Which of the past is a fair comparison."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from include.domain.interaction import Window
from include.monitors import past

FRIDAY = datetime(2026, 11, 20, 18, tzinfo=UTC)
FIRST = date(2026, 11, 1)


def days(of: np.ndarray) -> list[date]:
    return [FIRST + timedelta(days=int(day)) for day in of]


def test_the_same_hours_of_the_same_kind_of_day_come_first_then_of_any_day_then_all() -> None:
    alike, same_hours, everything = past.hours_alike(Window(FRIDAY - timedelta(hours=6), FRIDAY), timedelta(days=14))
    assert {one.hour for one in alike} == {one.hour for one in same_hours} == set(range(12, 18))
    assert {one.weekday() for one in alike} == {0, 1, 2, 3, 4}
    assert {one.weekday() for one in same_hours} == set(range(7))
    assert (len(alike), len(same_hours), len(everything)) == (60, 84, 14 * 24)
    assert max(everything) < FRIDAY - timedelta(hours=6)


def test_on_a_weekend_the_past_is_weekends() -> None:
    sunday = datetime(2026, 11, 22, 12, tzinfo=UTC)
    alike, *_ = past.hours_alike(Window(sunday - timedelta(hours=12), sunday), timedelta(days=28))
    assert {one.weekday() for one in alike} == {5, 6}


@pytest.mark.parametrize("incident", [[3], [9, 10, 11], [0, 1, 2, 3]])
def test_days_of_an_incident_are_left_out_and_no_others(incident: list[int]) -> None:
    rng = np.random.default_rng(1)
    day = np.repeat(np.arange(14), 60)
    kinds = np.where(
        np.isin(day, incident), rng.choice(4, len(day), p=[0.05, 0.05, 0.1, 0.8]), rng.integers(0, 4, len(day))
    )
    found = past.usual(kinds, days(day))
    assert set(day[~found.kept]) == set(incident)
    assert found.dispersion is not None
    assert found.dispersion < 3


def test_quiet_days_are_hardly_ever_left_out() -> None:
    rng = np.random.default_rng(2)
    day = np.repeat(np.arange(20), 50)
    out = sum(
        len(set(day[~past.usual(rng.choice(5, 1000, p=[0.5, 0.3, 0.1, 0.06, 0.04]), days(day)).kept]))
        for _ in range(50)
    )
    assert out <= 20  # of 1,000


def test_a_change_that_most_days_have_is_the_norm() -> None:
    rng = np.random.default_rng(3)
    day = np.repeat(np.arange(14), 60)
    kinds = np.where(day >= 5, rng.integers(0, 2, len(day)), 2)
    assert set(day[~past.usual(kinds, days(day)).kept]) == set(range(5))


@pytest.mark.parametrize(("size", "about"), [(1, 1.0), (4, 2.5)])
def test_values_that_come_in_conversations_of_alike_ones_are_dispersed(size: int, about: float) -> None:
    rng = np.random.default_rng(4)
    found = []
    for _ in range(30):
        own = np.repeat(rng.normal(size=1200 // size), size)
        values = own * np.sqrt(0.5) + rng.normal(size=1200) * np.sqrt(0.5)
        ranks = (values.argsort().argsort() + 0.5) / 1200
        day = np.repeat(np.arange(20), 60)
        found.append(past.usual((ranks * 5).astype(int), days(day), ranks).dispersion or 0)
    assert np.median(found) == pytest.approx(about, rel=0.3)  # 1 + (4 - 1) / 2 where half of the variance is theirs


@pytest.mark.parametrize(
    ("kinds", "day"),
    [
        ([], []),
        ([0] * 300, list(range(10)) * 30),
        ([0, 1] * 150, [0] * 300),
        ([0, 1] * 150, [*range(300)]),
        ([0, 1] * 40, []),
    ],
    ids=["nothing", "one kind", "one day", "days of one value", "days that nobody knows"],
)
def test_where_days_tell_nothing_all_is_kept(kinds: list[int], day: list[int]) -> None:
    found = past.usual(np.array(kinds, int), days(np.array(day)))
    assert found.kept.all()
    assert found.dispersion is None

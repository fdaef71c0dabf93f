"""What a month will have cost: rhythm, spikes, steps, days that nobody knows, projects that begin, and too little."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.domain.cost import CostKind, DailyCost, Spend
from include.domain.money import Forecast, Unforeseen
from include.ledger.forecast import days_known, forecast
from include.ledger.level_model import without_spikes

DAY = timedelta(days=1)
OCTOBER, NOVEMBER = date(2026, 10, 1), date(2026, 11, 1)
Days = dict[date, Decimal]


def office(day: date) -> float:
    """A working day costs 10 USD and a little more or less, a weekend 3."""
    return (3.0 if day.weekday() >= 5 else 10.0) * (1 + 0.02 * (day.toordinal() % 5 - 2))


def days(first: date, count: int, usd: Callable[[date], float] = office) -> Days:
    return {one: Decimal(repr(usd(one))) for one in (first + number * DAY for number in range(count))}


def told(known: Days, made_on: date) -> Forecast:
    found = forecast(known, made_on)
    assert isinstance(found, Forecast)
    return found


def cost(first: date, count: int, usd: Callable[[date], float] = office) -> float:
    return float(sum(days(first, count, usd).values()))


def test_a_weekly_rhythm_is_foretold_where_a_run_rate_is_wrong() -> None:
    made_on = date(2026, 11, 1)  # a Sunday is all that is known of the month
    found = told(days(OCTOBER, 38), made_on)
    assert float(found.expected) == pytest.approx(cost(NOVEMBER, 30), rel=0.02)
    assert found.low < Decimal(repr(cost(NOVEMBER, 30))) < found.high
    assert float(found.high - found.low) < 0.1 * float(found.expected)


@pytest.mark.parametrize("first", [date(2026, 2, 1), date(2028, 2, 1), date(2026, 12, 1)])
def test_a_month_has_as_many_days_as_the_calendar_says(first: date) -> None:
    length = (date(first.year + first.month // 12, first.month % 12 + 1, 1) - first).days
    found = told(days(first - 30 * DAY, 40), first + 9 * DAY)
    assert float(found.expected) == pytest.approx(cost(first, length), rel=0.03)


def test_on_the_last_day_of_the_month_nothing_is_left_to_foretell() -> None:
    found = told(days(OCTOBER, 61), date(2026, 11, 30))
    assert found.low == found.expected == found.high
    assert float(found.expected) == pytest.approx(cost(NOVEMBER, 30))


def test_a_spike_counts_with_what_was_spent_and_is_not_expected_again() -> None:
    known = days(OCTOBER, 51)
    spike = known | {date(2026, 11, 20): Decimal(300)}
    more = told(spike, date(2026, 11, 20)).expected - told(known, date(2026, 11, 20)).expected
    assert float(more) == pytest.approx(290, rel=0.03)


def test_a_level_that_rose_and_stays_is_followed_even_where_one_day_of_it_would_be_a_spike() -> None:
    def doubled(day: date) -> float:
        return office(day) * (3 if day >= date(2026, 11, 12) else 1)

    found = told(days(OCTOBER, 51, doubled), date(2026, 11, 20))
    assert float(found.expected) == pytest.approx(cost(NOVEMBER, 30, doubled), rel=0.1)


def test_a_day_that_nobody_knows_is_foretold_and_is_not_zero() -> None:
    known = days(OCTOBER, 51)
    missing = [date(2026, 11, number) for number in (3, 4, 10, 11, 20)]
    found = told({day: usd for day, usd in known.items() if day not in missing}, date(2026, 11, 20))
    assert float(found.expected) == pytest.approx(cost(NOVEMBER, 30), rel=0.03)


def test_a_day_of_which_nothing_was_spent_is_zero() -> None:
    def closed_on_weekends(day: date) -> float:
        return 0.0 if day.weekday() >= 5 else office(day)

    found = told(days(OCTOBER, 51, closed_on_weekends), date(2026, 11, 20))
    assert float(found.expected) == pytest.approx(cost(NOVEMBER, 30, closed_on_weekends), rel=0.03)


def test_before_a_project_began_it_cost_nothing() -> None:
    found = told(days(date(2026, 11, 11), 10), date(2026, 11, 20))
    assert float(found.expected) == pytest.approx(cost(date(2026, 11, 11), 20), rel=0.1)


def test_a_project_that_comes_and_goes_is_foretold_without_a_level() -> None:
    def every_third(day: date) -> float:
        return 30.0 if day.toordinal() % 3 == 0 else 0.0

    found = told(days(OCTOBER, 51, every_third), date(2026, 11, 20))
    assert float(found.expected) == pytest.approx(300, rel=0.15)
    assert found.low < 300 < found.high
    assert found.high - found.low > 30


@pytest.mark.parametrize(
    ("known", "why"),
    [
        ({}, "0 days known, 4 are needed"),
        (days(NOVEMBER, 1), "1 day known, 4 are needed"),
        (days(NOVEMBER, 3), "3 days known, 4 are needed"),
        (days(date(2026, 7, 1), 60), "0 days known, 4 are needed"),
        (days(NOVEMBER, 9, lambda _: 0.0), "nothing was spent on any day that is known"),
        (days(date(2026, 11, 21), 9), "0 days known, 4 are needed"),
    ],
    ids=["none", "one", "three", "long ago", "nothing spent", "of the future"],
)
def test_what_cannot_be_told_says_why(known: Days, why: str) -> None:
    assert forecast(known, date(2026, 11, 20)) == Unforeseen(why)


def test_the_less_is_known_the_wider_is_the_interval() -> None:
    made_on = date(2026, 11, 8)
    short, long = told(days(date(2026, 11, 4), 5), made_on), told(days(OCTOBER, 39), made_on)
    assert (short.high - short.low) / short.expected > 2 * (long.high - long.low) / long.expected


def test_the_same_days_give_the_same_forecast() -> None:
    assert told(days(OCTOBER, 40), date(2026, 11, 9)) == told(days(OCTOBER, 45), date(2026, 11, 9))


@settings(max_examples=12)
@given(st.lists(st.none() | st.decimals(0, 1000, places=4), min_size=4, max_size=45))
def test_a_forecast_lies_within_its_interval_and_above_what_was_spent(usd: list[Decimal | None]) -> None:
    known = {OCTOBER + at * DAY: one for at, one in enumerate(usd) if one is not None}
    made_on = OCTOBER + (len(usd) - 1) * DAY
    found = forecast(known, made_on)
    spent = sum((one for day, one in known.items() if day >= made_on.replace(day=1)), Decimal(0))
    if isinstance(found, Forecast):
        assert spent <= found.low <= found.expected <= found.high
    else:
        assert len(known) < 4 or not any(known.values())


def test_many_spikes_are_how_a_project_spends() -> None:
    weekends = np.zeros(30)
    rarely, often = np.zeros(30), np.zeros(30)
    rarely[12], often[::7] = 3.0, 3.0
    assert np.isnan(without_spikes(rarely, weekends)).nonzero()[0].tolist() == [12]
    assert not np.isnan(without_spikes(often, weekends)).any()


def row(day: int, project: str, usd: str, calls: int = 2, unpriced: int = 0) -> DailyCost:
    return DailyCost(date(2026, 11, day), project, "m", CostKind.APPLICATION, Spend(calls, unpriced, Decimal(usd)))


def test_days_are_known_where_all_of_them_is_settled_and_a_call_has_a_price() -> None:
    rows = [
        row(2, "clinic", "1"),
        row(4, "clinic", "2"),
        row(5, "clinic", "0", 3, 3),
        row(4, "bank", "4", 2, 1),
        row(6, "bank", "8"),
        DailyCost(date(2026, 11, 4), "clinic", "judge", CostKind.JUDGE, Spend(1, 0, Decimal(100))),
    ]
    known = days_known(rows, {date(2026, 11, day) for day in (1, 2, 3, 4, 5)})
    assert {project: {day.day: int(usd) for day, usd in of.items()} for project, of in known.items()} == {
        "clinic": {2: 1, 3: 0, 4: 2},
        "bank": {4: 4, 5: 0},
        "": {2: 1, 3: 0, 4: 6},
    }

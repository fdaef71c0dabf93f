"""How likely a month costs more than its budget, and what two forecasts are together."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from include.domain.money import Forecast

FORECAST = Forecast(date(2026, 11, 20), Decimal(100), Decimal(90), Decimal(130))


@pytest.mark.parametrize(
    ("limit", "probability"), [(100, 0.5), (130, 0.1), (90, 0.9), (115, 0.26), (95, 0.74), (500, 0.0), (1, 1.0)]
)
def test_a_tenth_lies_on_either_side_of_the_interval(limit: int, probability: float) -> None:
    assert FORECAST.over(Decimal(limit)) == pytest.approx(probability, abs=0.005)


@pytest.mark.parametrize(("limit", "probability"), [(99, 1.0), (100, 0.0), (101, 0.0)])
def test_what_is_certain_is_over_or_not(limit: int, probability: float) -> None:
    certain = Forecast(date(2026, 11, 30), Decimal(100), Decimal(100), Decimal(100))
    assert certain.over(Decimal(limit)) == probability


def test_a_month_costs_no_less_than_it_has_cost_already() -> None:
    raised = FORECAST.at_least(Decimal(95))
    assert (raised.low, raised.expected, raised.high) == (95, 100, 130)


def test_two_forecasts_together_are_at_least_as_wide_as_either() -> None:
    both = FORECAST + FORECAST
    assert (both.expected, both.low, both.high, both.month) == (200, 180, 260, date(2026, 11, 1))

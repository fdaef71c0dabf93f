"""Decisions on staged rows, without a database."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

import pytest

from include.domain.intake import Findings
from include.domain.score import Usage
from include.ingest.intake import Desk, decide, price, volume_bounds
from include.ingest.strata import SamplingPlan
from tests.unit.ingest.rows import facts


class TenPerToken:
    """A price book with one model."""

    def price(self, provider: str | None, model: str | None, usage: Usage, at: datetime) -> Decimal | None:
        return Decimal(10) * usage.input_tokens if model == "known" else None


def nothing_wrong(rows: object, bounds: Mapping[str, float]) -> Findings:
    return Findings({})


DESK = Desk(nothing_wrong, TenPerToken(), SamplingPlan())


def test_a_refused_row_carries_the_names_and_a_fit_one_its_price() -> None:
    rows = [facts("1"), facts("2", request_model="known", input_tokens=3)]
    refused, admitted = decide(rows, Findings({"1": ("id_unique",)}), DESK)
    assert refused.refused_by == ("id_unique",)
    assert admitted.refused_by == ()
    assert admitted.cost == 30


@pytest.mark.parametrize(
    "row",
    [
        facts("1", request_model="known", input_tokens=None),
        facts("1", request_model="known", output_tokens=None),
        facts("1", request_model="unknown"),
        facts("1", request_model=None),
    ],
)
def test_a_cost_that_nobody_knows_is_none_and_not_zero(row: object) -> None:
    assert price(row, TenPerToken()) is None  # type: ignore[arg-type]


def test_the_model_that_answered_is_the_one_that_is_paid() -> None:
    assert price(facts("1", request_model="unknown", response_model="known", input_tokens=1), TenPerToken()) == 10


def test_the_usual_volume_needs_two_weeks_of_memory() -> None:
    assert volume_bounds([]) == {}
    assert volume_bounds([30]) == {}
    assert volume_bounds([30, 40]) == {"volume_low": 15, "volume_high": 80}

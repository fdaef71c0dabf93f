"""Decisions on staged rows, without a database."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from include.domain.intake import Facts, Findings
from include.domain.price import BillableCall, Price
from include.domain.score import Usage
from include.ingest.intake import Desk, billable, decide, volume_bounds
from include.ingest.strata import SamplingPlan
from tests.unit.ingest.rows import facts


class TenPerToken:
    """A price book with one model; pictures are a dollar each."""

    def price(self, call: BillableCall) -> Price | None:
        if call.images:
            return Price(Decimal(call.images), "pictures")
        return Price(Decimal(10) * call.usage.input_tokens, "list") if call.model == "known" and call.usage else None


def in_usd(amount: Decimal, currency: str | None, at: datetime) -> Decimal | None:
    return amount * 2 if currency == "EUR" and at == facts("1").occurred_at else None


def nothing_wrong(rows: object, bounds: Mapping[str, float]) -> Findings:
    return Findings({})


EARLIER = datetime(2026, 3, 1, tzinfo=UTC)
DESK = Desk(nothing_wrong, TenPerToken(), in_usd, SamplingPlan())


def test_a_refused_row_carries_the_names_and_a_fit_one_its_price() -> None:
    rows = [facts("1"), facts("2", request_model="known", input_tokens=3)]
    refused, admitted = decide(rows, Findings({"1": ("id_unique",)}), DESK)
    assert refused.refused_by == ("id_unique",)
    assert admitted.refused_by == ()
    assert (admitted.cost, admitted.price_source) == (30, "list")


@pytest.mark.parametrize(
    "row",
    [
        facts("1", request_model="known", input_tokens=None),
        facts("1", request_model="known", output_tokens=None),
        facts("1", request_model="unknown"),
        facts("1", request_model=None),
    ],
)
def test_a_cost_that_nobody_knows_is_none_and_not_zero(row: Facts) -> None:
    (admitted,) = decide([row], Findings({}), DESK)
    assert (admitted.cost, admitted.price_source) == (None, None)


def test_the_model_that_answered_is_the_one_that_is_paid() -> None:
    row = facts("1", request_model="unknown", response_model="known", input_tokens=1)
    (admitted,) = decide([row], Findings({}), DESK)
    assert admitted.cost == 10


def test_a_call_is_priced_by_all_that_was_logged_of_it_at_its_own_time() -> None:
    row = facts(
        "1",
        cached_input_tokens=1,
        reasoning_tokens=2,
        cache_write_tokens=3,
        input_audio_tokens=4,
        output_audio_tokens=5,
        images=6,
        occurred_at=EARLIER,
    )
    usage = Usage(100, 20, 1, 2, 3, 4, 5)
    assert billable(row, EARLIER) == BillableCall("openai", "gpt-4.1-mini", usage, EARLIER, "bank", 900.0, 6)


def test_pictures_are_paid_for_where_nobody_counted_tokens() -> None:
    (admitted,) = decide([facts("1", input_tokens=None, output_tokens=None, images=2)], Findings({}), DESK)
    assert (admitted.cost, admitted.price_source) == (2, "pictures")


@pytest.mark.parametrize(
    ("billed", "currency", "expected"),
    [
        (Decimal("0.5"), "EUR", Decimal("1.0")),
        (Decimal("0.5"), "XAU", None),
        (Decimal(1), None, None),
        (None, "EUR", None),
    ],
)
def test_what_was_billed_is_told_in_usd_where_the_rate_is_known(
    billed: Decimal | None, currency: str | None, expected: Decimal | None
) -> None:
    (admitted,) = decide([facts("1", billed_cost=billed, billed_currency=currency)], Findings({}), DESK)
    assert admitted.billed_cost == expected


def test_the_usual_volume_needs_two_weeks_of_memory() -> None:
    assert volume_bounds([]) == {}
    assert volume_bounds([30]) == {}
    assert volume_bounds([30, 40]) == {"volume_low": 15, "volume_high": 80}

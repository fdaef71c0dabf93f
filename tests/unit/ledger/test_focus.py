"""A line of the ledger in the words of FOCUS: every mandatory column, no money where none is known."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from include.domain.cost import CostLine
from include.ledger.focus import COLUMNS, UNPRICED_COLUMNS, charge, unpriced

MANDATORY = (
    *("BilledCost", "BillingAccountId", "BillingAccountName", "BillingCurrency", "BillingPeriodEnd"),
    *("BillingPeriodStart", "ChargeCategory", "ChargeClass", "ChargeDescription", "ChargePeriodEnd"),
    *("ChargePeriodStart", "ContractedCost", "EffectiveCost", "HostProviderName", "InvoiceIssuerName", "ListCost"),
    *("PricingQuantity", "PricingUnit", "ProviderName", "PublisherName", "ServiceCategory", "ServiceName"),
    "ServiceProviderName",
)
"""Of FOCUS 1.2 and 1.3."""
NEVER_NULL = (
    *("BilledCost", "BillingAccountId", "BillingCurrency", "BillingPeriodEnd", "BillingPeriodStart", "ChargeCategory"),
    *("ChargePeriodEnd", "ChargePeriodStart", "ConsumedQuantity", "ConsumedUnit", "ContractedCost", "EffectiveCost"),
    *("InvoiceIssuerName", "ListCost", "PricingQuantity", "PricingUnit", "ProviderName", "PublisherName"),
    *("ServiceCategory", "ServiceName"),
)
"""Of FOCUS 1.2, in a row of category Usage."""

LINE = CostLine(
    day=date(2026, 12, 31),
    kind="application",
    project="bank",
    model="gpt-4.1-mini",
    environment="production",
    prompt_version="v7",
    user_group="retail",
    provider_name="openai",
    price_source="list",
    dimension="",
    judge="",
    mode="",
    calls=10,
    unpriced=0,
    input_tokens=9_000,
    output_tokens=400,
    cached_input_tokens=100,
    reasoning_tokens=50,
    cache_write_tokens=7,
    cost=Decimal("1.2500000001"),
    billed_calls=4,
    billed_cost=Decimal("0.6"),
    billed_computed=Decimal("0.5"),
)
JUDGE = replace(
    LINE, kind="judge", user_group="", price_source="", dimension="correctness", judge="rubric", mode="batch"
)


def test_every_mandatory_column_is_there_and_every_row_has_the_columns() -> None:
    assert set(MANDATORY) <= set(COLUMNS)
    assert set(charge(LINE)) == set(charge(JUDGE)) == set(COLUMNS)
    assert {name for name in COLUMNS if not name[0].isupper()} == {name for name in COLUMNS if name.startswith("x_")}


@pytest.mark.parametrize("line", [LINE, JUDGE])
def test_values_have_the_types_of_their_columns(line: CostLine) -> None:
    for name, value in charge(line).items():
        assert value is None or type(value) is COLUMNS[name], name


def test_periods_are_half_open_days_and_months_in_utc() -> None:
    row = charge(LINE)
    assert (row["ChargePeriodStart"], row["ChargePeriodEnd"]) == (
        datetime(2026, 12, 31, tzinfo=UTC),
        datetime(2027, 1, 1, tzinfo=UTC),
    )
    assert (row["BillingPeriodStart"], row["BillingPeriodEnd"]) == (
        datetime(2026, 12, 1, tzinfo=UTC),
        datetime(2027, 1, 1, tzinfo=UTC),
    )


def test_what_was_billed_takes_the_place_of_what_was_computed_for_the_same_calls() -> None:
    row = charge(LINE)
    assert row["EffectiveCost"] == row["ContractedCost"] == row["ListCost"] == Decimal("1.2500000001")
    assert row["BilledCost"] == Decimal("1.3500000001")


@pytest.mark.parametrize(
    "line",
    [
        LINE,
        JUDGE,
        replace(LINE, price_source="frame contract 2026", provider_name="", model="", input_tokens=0, output_tokens=0),
    ],
)
def test_what_must_not_be_null_is_not(line: CostLine) -> None:
    row = charge(line)
    assert [name for name in NEVER_NULL if row[name] is None] == []


def test_calls_without_a_known_cost_are_no_charge_and_have_no_columns_of_money() -> None:
    nothing = replace(LINE, cost=None, unpriced=10, billed_calls=0, billed_cost=Decimal(0), billed_computed=Decimal(0))
    with pytest.raises(ValueError, match="no known cost"):
        charge(nothing)
    row = unpriced(nothing)
    assert set(row) == set(UNPRICED_COLUMNS)
    assert set(COLUMNS) - set(row) == {"BilledCost", "ContractedCost", "EffectiveCost", "ListCost"}
    assert (row["x_Calls"], row["x_UnpricedCalls"]) == (10, 10)
    assert row["ChargeDescription"] == "10 calls of gpt-4.1-mini by application bank, 10 without a known price"


def test_where_the_list_price_is_not_known_the_list_cost_is_what_was_billed() -> None:
    row = charge(replace(LINE, price_source="frame contract 2026"))
    assert (row["ListCost"], row["x_PriceSource"]) == (row["BilledCost"], "frame contract 2026")
    assert (charge(JUDGE)["ListCost"], charge(JUDGE)["x_PriceSource"]) == (charge(JUDGE)["BilledCost"], None)


def test_calls_are_the_quantity_where_nobody_logged_tokens() -> None:
    row = charge(replace(LINE, input_tokens=0, output_tokens=0))
    assert (row["ConsumedQuantity"], row["ConsumedUnit"]) == (row["PricingQuantity"], row["PricingUnit"])
    assert (row["ConsumedQuantity"], row["ConsumedUnit"]) == (10, "Requests")
    assert (charge(LINE)["ConsumedQuantity"], charge(LINE)["ConsumedUnit"]) == (9_400, "Tokens")


def test_tags_say_whose_calls_they_were_and_leave_out_what_does_not_apply() -> None:
    assert json.loads(str(charge(LINE)["Tags"])) == {
        "kind": "application",
        "project": "bank",
        "environment": "production",
        "prompt_version": "v7",
        "user_group": "retail",
    }
    tags = json.loads(str(charge(JUDGE)["Tags"]))
    assert (tags["dimension"], tags["judge"], tags["mode"]) == ("correctness", "rubric", "batch")
    assert "user_group" not in tags


def test_names_that_were_not_logged_are_unknown_where_the_specification_wants_a_name() -> None:
    row = charge(replace(LINE, provider_name="", model=""), account="acct-1")
    assert (row["ServiceProviderName"], row["ServiceName"], row["SkuId"]) == ("unknown", "unknown", None)
    assert row["BillingAccountId"] == "acct-1"

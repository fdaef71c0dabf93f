"""A line of the ledger goes in, a charge in the words of FOCUS comes out, as finance tools read it.

FOCUS is the FinOps Open Cost and Usage Specification (focus.finops.org). Every column that is mandatory in 1.2 or in
1.3 is there, with those that say something of LLM calls; 1.4 has the same less ProviderName and PublisherName. Columns
with `x_` are ours, as the specification wants them named. It forbids NULL in a cost, and 0 would be a lie: a line whose
cost nobody knows is no charge, and goes where no cost is asked for.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from include.domain.cost import CostKind, CostLine

Value = str | int | Decimal | datetime | None
UNKNOWN = "unknown"
LIST = "list"
"""The source of a price that is no contract of one's own."""


COLUMNS: Mapping[str, type] = {
    "BilledCost": Decimal,
    "BillingAccountId": str,
    "BillingAccountName": str,
    "BillingCurrency": str,
    "BillingPeriodEnd": datetime,
    "BillingPeriodStart": datetime,
    "ChargeCategory": str,
    "ChargeClass": str,
    "ChargeDescription": str,
    "ChargeFrequency": str,
    "ChargePeriodEnd": datetime,
    "ChargePeriodStart": datetime,
    "ConsumedQuantity": Decimal,
    "ConsumedUnit": str,
    "ContractedCost": Decimal,
    "EffectiveCost": Decimal,
    "HostProviderName": str,
    "InvoiceIssuerName": str,
    "ListCost": Decimal,
    "PricingQuantity": Decimal,
    "PricingUnit": str,
    "ProviderName": str,
    "PublisherName": str,
    "ResourceId": str,
    "ResourceName": str,
    "ResourceType": str,
    "ServiceCategory": str,
    "ServiceName": str,
    "ServiceProviderName": str,
    "ServiceSubcategory": str,
    "SkuId": str,
    "SubAccountId": str,
    "SubAccountName": str,
    "Tags": str,
    "x_BilledCalls": int,
    "x_CachedInputTokens": int,
    "x_CacheWriteTokens": int,
    "x_Calls": int,
    "x_InputTokens": int,
    "x_OutputTokens": int,
    "x_PriceSource": str,
    "x_ReasoningTokens": int,
    "x_UnpricedCalls": int,
}
"""Every column of the file, in its order, with the type of what it holds: money and quantities exact, times in UTC."""
COSTS = ("BilledCost", "ContractedCost", "EffectiveCost", "ListCost")
UNPRICED_COLUMNS: Mapping[str, type] = {name: kind for name, kind in COLUMNS.items() if name not in COSTS}
"""Those of a line without a known cost."""


def charge(line: CostLine, account: str = "") -> dict[str, Value]:
    """The values of `COLUMNS` of a line whose cost is known; `account` is who pays, as the provider names the account.

    EffectiveCost is the ledger's cost. BilledCost is what the application logged as billed, and the ledger's cost of
    calls of which it logged nothing. ListCost is known where the price is a list price; else, where a contract of
    one's own gave it, and of judges, it is the BilledCost, as the specification wants it of charges without a list
    unit price.
    """
    if line.cost is None:
        raise ValueError(f"{line.calls} calls of {line.model} have no known cost")
    billed = line.cost - line.billed_computed + line.billed_cost
    return unpriced(line, account) | {
        "BilledCost": billed,
        "ContractedCost": line.cost,
        "EffectiveCost": line.cost,
        "ListCost": line.cost if line.price_source == LIST else billed,
    }


def unpriced(line: CostLine, account: str = "") -> dict[str, Value]:
    """The values of `UNPRICED_COLUMNS`: all that is known of calls beside their cost.

    Quantities are tokens, or requests where no tokens were logged.
    """
    day, tokens = _midnight(line.day), line.input_tokens + line.output_tokens
    quantity, unit = (Decimal(tokens), "Tokens") if tokens else (Decimal(line.calls), "Requests")
    provider = line.provider_name or UNKNOWN
    month = line.day.replace(day=1)
    return {
        "BillingAccountId": account or UNKNOWN,
        "BillingAccountName": account or None,
        "BillingCurrency": "USD",
        "BillingPeriodEnd": _midnight((month + timedelta(days=31)).replace(day=1)),
        "BillingPeriodStart": _midnight(month),
        "ChargeCategory": "Usage",
        "ChargeClass": None,
        "ChargeDescription": _description(line),
        "ChargeFrequency": "Usage-Based",
        "ChargePeriodEnd": day + timedelta(days=1),
        "ChargePeriodStart": day,
        "ConsumedQuantity": quantity,
        "ConsumedUnit": unit,
        "HostProviderName": provider,
        "InvoiceIssuerName": provider,
        "PricingQuantity": quantity,
        "PricingUnit": unit,
        "ProviderName": provider,
        "PublisherName": provider,
        "ResourceId": line.project,
        "ResourceName": line.project,
        "ResourceType": "LLM judge" if line.kind == CostKind.JUDGE else "LLM application",
        "ServiceCategory": "AI and Machine Learning",
        "ServiceName": line.model or UNKNOWN,
        "ServiceProviderName": provider,
        "ServiceSubcategory": "Generative AI",
        "SkuId": line.model or None,
        "SubAccountId": line.project,
        "SubAccountName": line.project,
        "Tags": _tags(line),
        "x_BilledCalls": line.billed_calls,
        "x_CachedInputTokens": line.cached_input_tokens,
        "x_CacheWriteTokens": line.cache_write_tokens,
        "x_Calls": line.calls,
        "x_InputTokens": line.input_tokens,
        "x_OutputTokens": line.output_tokens,
        "x_PriceSource": line.price_source or None,
        "x_ReasoningTokens": line.reasoning_tokens,
        "x_UnpricedCalls": line.unpriced,
    }


def _description(line: CostLine) -> str:
    by = f"judge {line.judge} of {line.dimension} for" if line.kind == CostKind.JUDGE else "application"
    unpriced = f", {line.unpriced} without a known price" if line.unpriced else ""
    return f"{line.calls} calls of {line.model or UNKNOWN} by {by} {line.project}{unpriced}"


def _tags(line: CostLine) -> str:
    names = ("kind", "project", "environment", "prompt_version", "user_group", "dimension", "judge", "mode")
    return json.dumps({name: value for name in names if (value := getattr(line, name))}, ensure_ascii=False)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)

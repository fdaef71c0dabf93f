"""A line of the ledger goes in, a charge in the words of FOCUS comes out, as finance tools read it.

FOCUS is the FinOps Open Cost and Usage Specification (focus.finops.org). Every column that is mandatory in 1.2 or in
1.3 is there, with those that say something of LLM calls; 1.4 has the same less ProviderName and PublisherName. Columns
with `x_` are ours, as the specification wants them named. Where it forbids NULL and a cost is not known, it is NULL
all the same: 0 would be a lie.
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


def charge(line: CostLine, account: str = "") -> dict[str, Value]:
    """The values of `COLUMNS`; `account` is who pays, as the provider names the billing account.

    EffectiveCost is the ledger's cost. BilledCost is what the application logged as billed, and the ledger's cost of
    calls of which it logged nothing. ListCost is unknown where a contract of one's own gave the price, and of judges,
    of whose prices that is not recorded.
    """
    day, tokens = _midnight(line.day), line.input_tokens + line.output_tokens
    quantity, unit = (Decimal(tokens), "Tokens") if tokens else (None, None)  # no call has none: nobody logged them
    provider = line.provider_name or UNKNOWN
    month = line.day.replace(day=1)
    return {
        "BilledCost": None if line.cost is None else line.cost - line.billed_computed + line.billed_cost,
        "BillingAccountId": account or None,
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
        "ContractedCost": line.cost,
        "EffectiveCost": line.cost,
        "HostProviderName": provider,
        "InvoiceIssuerName": provider,
        "ListCost": line.cost if line.price_source == LIST else None,
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

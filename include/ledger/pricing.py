"""A call goes in; what it cost by the contract that applies to it, else by the public price list, comes out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache, partial

from include.domain.ports import PriceBook
from include.domain.price import BillableCall, Price, by_kind
from include.domain.score import Usage
from include.ledger.contracts import Contract, ContractsFile, PerMillion

MILLION = Decimal(1_000_000)
MS_PER_HOUR = Decimal(3_600_000)


class ContractPrices:
    """The price book: own contracts before the list. A contract that applies decides, also where it cannot tell.

    The list is asked where no contract applies, and for the price that a discount is taken off.
    """

    def __init__(self, file: ContractsFile, price_list: PriceBook) -> None:
        self._file, self._list = file, price_list
        self._find: Callable[[str, str, str, date], Contract | None] = lru_cache(maxsize=4096)(
            partial(_first, file.by_precedence())
        )

    def price(self, call: BillableCall) -> Price | None:
        """What the call cost in USD; None where nobody knows."""
        if not self._file.contracts:
            return self._list.price(call)
        day = call.at.astimezone(UTC).date()
        provider, model = (call.provider or "").casefold(), (call.model or "").casefold()
        contract = self._find(call.project, provider, model, day)
        if contract is None:
            return self._list.price(call)
        amount = self._discounted(contract, call) if contract.discount is not None else own_price(contract, call)
        usd = None if amount is None else self._file.usd(amount, contract.currency, day)
        return None if usd is None else Price(usd, contract.name)

    def in_usd(self, amount: Decimal, currency: str | None, at: datetime) -> Decimal | None:
        """What was billed, at the rate of the day of the call; None where currency or rate is unknown."""
        return self._file.usd(amount, currency.upper() if currency else None, at.astimezone(UTC).date())

    def _discounted(self, contract: Contract, call: BillableCall) -> Decimal | None:
        listed = self._list.price(replace(call, batch_share=None))
        if listed is None or contract.discount is None:
            return None
        return listed.usd * (1 - contract.discount) * _batch_share(contract, call)


def own_price(contract: Contract, call: BillableCall) -> Decimal | None:
    """What the call cost in the contract's currency by its rates; None where what they count was not logged."""
    parts = [
        _of_hour(contract, call) if contract.per_hour is not None else Decimal(0),
        _of_tokens(contract.per_million, call.usage) if contract.per_million is not None else Decimal(0),
        _of_images(contract.per_image, call.images) if contract.per_image is not None else Decimal(0),
        contract.per_request or Decimal(0),
    ]
    known = [part for part in parts if part is not None]
    return sum(known, Decimal(0)) * _batch_share(contract, call) if len(known) == len(parts) else None


def _of_hour(contract: Contract, call: BillableCall) -> Decimal | None:
    """The share of an hour that the call took of one of the machine's slots."""
    if contract.per_hour is None or call.latency_ms is None:
        return None
    return contract.per_hour * Decimal(str(call.latency_ms)) / MS_PER_HOUR / contract.slots


def _of_tokens(rates: PerMillion, usage: Usage | None) -> Decimal | None:
    if usage is None:
        return None
    total = Decimal(0)
    for kind, tokens in by_kind(usage)._asdict().items():
        rate = rates.of(kind)
        if tokens and rate is None:
            return None
        total += tokens * (rate or 0)
    return total / MILLION


def _of_images(rate: Decimal, images: int | None) -> Decimal | None:
    return None if images is None else rate * images


def _first(contracts: Sequence[Contract], project: str, provider: str, model: str, day: date) -> Contract | None:
    return next((one for one in contracts if one.holds(day) and one.applies(project, provider, model)), None)


def _batch_share(contract: Contract, call: BillableCall) -> Decimal:
    """What the call cost of its price at once: as the contract says, else as the provider does."""
    if call.batch_share is None:
        return Decimal(1)
    return call.batch_share if contract.batch_discount is None else 1 - contract.batch_discount

"""contracts.yaml as types: what was agreed beside the public price list, and what currencies were worth when."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from itertools import combinations
from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from include.domain.price import LIST

USD = "USD"
PROMPT = frozenset({"input", "cached_input", "cache_write", "input_audio"})
"""Kinds of tokens that are part of what is asked; the others are of the answer."""


def refused(problem: str, remedy: str, **places: Sequence[str | int]) -> PydanticCustomError:
    """An error with its remedy; `at` and `beside` are the keys and positions that lead to the lines it speaks of."""
    return PydanticCustomError("refused", "{problem}", {"problem": problem, "remedy": remedy, **places})


def _day(told: object) -> object:
    if isinstance(told, datetime) or not isinstance(told, date | None):
        raise refused("is no day", "write a day (UTC) as 2026-01-31")
    return told


def _folded(name: str) -> str:
    return name.casefold()


def _pattern(model: str) -> str:
    """Stars in a row mean no more than one, and would make the pattern seem narrower."""
    return re.sub(r"\*+", "*", _folded(model))


Day = Annotated[date, BeforeValidator(_day)]
Money = Annotated[Decimal, Field(ge=0, allow_inf_nan=False)]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
Share = Annotated[Decimal, Field(ge=-1, le=1, allow_inf_nan=False)]
Name = Annotated[str, Field(min_length=1), AfterValidator(_folded)]


class ExchangeRate(BaseModel):
    """USD of one unit of a currency, from a day (UTC) on until the next."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    since: Annotated[Day, Field(alias="from")]
    usd: Annotated[Decimal, Field(gt=0, allow_inf_nan=False)]


class PerMillion(BaseModel):
    """The contract's currency per million tokens; a kind that is left out costs what input, or output, does."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    input: Money | None = None
    cached_input: Money | None = None
    cache_write: Money | None = None
    input_audio: Money | None = None
    output: Money | None = None
    reasoning: Money | None = None
    output_audio: Money | None = None

    def of(self, kind: str) -> Decimal | None:
        """What a million tokens of a kind (see `Tokens`) cost; None where nothing was agreed."""
        own: Decimal | None = getattr(self, kind)
        return own if own is not None else self.input if kind in PROMPT else self.output


class Contract(BaseModel):
    """What calls cost that it applies to; contracts.yaml tells what each key means."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._/-]{0,99}$")]
    project: str | None = None
    provider: Name | None = None
    model: Annotated[str, Field(pattern=r"^[^?\[\]]{1,200}$"), AfterValidator(_pattern)] = "*"
    since: Annotated[Day, Field(alias="from")]
    until: Annotated[date | None, BeforeValidator(_day)] = None
    currency: Currency = USD
    discount: Share | None = None
    per_million: PerMillion | None = None
    per_request: Money | None = None
    per_image: Money | None = None
    per_hour: Money | None = None
    slots: Annotated[int, Field(ge=1)] = 1
    batch_discount: Share | None = None

    @field_validator("name")
    @classmethod
    def _is_its_own(cls, name: str) -> str:
        if name == LIST:
            raise refused(f"{LIST} is the public price list", "call the contract otherwise")
        return name

    @model_validator(mode="after")
    def _says_one_price(self) -> Contract:
        rates = [one for one in ("per_million", "per_request", "per_image") if getattr(self, one) is not None]
        kinds = [*rates[:1], *(one for one in ("discount", "per_hour") if getattr(self, one) is not None)]
        if len(kinds) != 1:
            told = " and ".join(kinds) if kinds else "no price"
            raise refused(f"says {told}", "give either discount, or per_hour, or rates (per_million, per_request, ...)")
        if self.until is not None and self.until <= self.since:
            raise refused("ends before it begins", "until is the first day on which it is over")
        if self.discount is not None and self.currency != USD:
            raise refused("a discount is taken off the price list, which is in USD", "leave currency out")
        if self.slots != 1 and self.per_hour is None:
            raise refused("slots share the price of an hour", "leave slots out, or give per_hour")
        return self

    def holds(self, day: date) -> bool:
        """Whether it is in force on that day (UTC)."""
        return self.since <= day and (self.until is None or day < self.until)

    def applies(self, project: str, provider: str, model: str) -> bool:
        """Whether calls like that are what it is about; `provider` and `model` in small letters."""
        return self.project in (None, project) and self.provider in (None, provider) and matches(self.model, model)


class ContractsFile(BaseModel):
    """The file: contracts, and what currencies are worth."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rates: dict[Currency, tuple[ExchangeRate, ...]] = {}
    contracts: tuple[Contract, ...] = ()

    @field_validator("rates")
    @classmethod
    def _one_rate_a_day(cls, rates: dict[str, tuple[ExchangeRate, ...]]) -> dict[str, tuple[ExchangeRate, ...]]:
        for currency, dated in rates.items():
            if currency == USD:
                raise refused("a dollar is a dollar", "leave USD out", at=("rates", USD))
            for (first, one), (second, other) in combinations(enumerate(dated), 2):
                if one.since == other.since:
                    places = {"at": ("rates", currency, second), "beside": ("rates", currency, first)}
                    raise refused("the same day twice", "leave one of them out", **places)
        return {currency: tuple(sorted(dated, key=lambda one: one.since)) for currency, dated in rates.items()}

    @field_validator("contracts")
    @classmethod
    def _never_two_at_once(cls, contracts: tuple[Contract, ...], info: ValidationInfo) -> tuple[Contract, ...]:
        for at, one in enumerate(contracts):
            if one.currency != USD and one.currency not in info.data.get("rates", {one.currency}):
                problem = f"{one.name} is in {one.currency}, whose worth nobody knows"
                raise refused(problem, f"add {one.currency} to rates", at=("contracts", at))
        for (first, one), (second, other) in combinations(enumerate(contracts), 2):
            places = {"at": ("contracts", second), "beside": ("contracts", first)}
            if one.name == other.name:
                raise refused(f"a second contract {one.name}", "give it a name of its own", **places)
            if clash(one, other):
                raise refused(
                    f"{other.name} and {one.name} apply to the same calls, and neither is narrower",
                    "let from and until not overlap, or narrow provider or model of one of them down",
                    **places,
                )
        return contracts

    def by_precedence(self) -> tuple[Contract, ...]:
        """Those of a project before those of all, and among them the narrower before the wider."""
        return tuple(sorted(self.contracts, key=_width))

    def usd(self, amount: Decimal, currency: str | None, day: date) -> Decimal | None:
        """The amount in USD at the rate in force on that day (UTC); None where nobody knows it, which is no guess."""
        if currency == USD:
            return amount
        known = [one for one in self.rates.get(currency or "", ()) if one.since <= day]
        return amount * known[-1].usd if known else None


def matches(pattern: str, name: str) -> bool:
    """Whether the name is one of the pattern's, in which `*` stands for any letters, or none."""
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), name, re.DOTALL) is not None


def clash(one: Contract, other: Contract) -> bool:
    """Whether there may be a call that both apply to, and no reason why one should go before the other."""
    if one.project != other.project or not (_same_time(one, other) and _share_a_call(one, other)):
        return False
    return _within(one, other) == _within(other, one)


def _same_time(one: Contract, other: Contract) -> bool:
    first, second = sorted((one, other), key=lambda contract: contract.since)
    return first.until is None or second.since < first.until


def _share_a_call(one: Contract, other: Contract) -> bool:
    same_provider = one.provider == other.provider or None in (one.provider, other.provider)
    return same_provider and _share_a_name(one.model, other.model)


def _within(one: Contract, other: Contract) -> bool:
    """Whether the other applies to every call of the one: its pattern, read as a name, is one of the other's names."""
    return other.provider in (None, one.provider) and matches(other.model, one.model)


@lru_cache(maxsize=100_000)
def _share_a_name(one: str, other: str) -> bool:
    """Whether a name matches both patterns."""
    if not one or not other:
        return not (one + other).strip("*")
    if one[0] == "*":
        return _share_a_name(one[1:], other) or _share_a_name(one, other[1:])
    if other[0] == "*":
        return _share_a_name(other, one)
    return one[0] == other[0] and _share_a_name(one[1:], other[1:])


def _width(contract: Contract) -> tuple[bool, int, int, bool]:
    letters = contract.model.replace("*", "")
    return contract.project is None, -len(letters), contract.model.count("*"), contract.provider is None

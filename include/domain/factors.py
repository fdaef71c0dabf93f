"""What models were used for in two periods goes in; by how much USD each factor changed the spend comes out, exactly.

Spend is, over the models i that answered, sum of N s_i k_i (a_i (1 - c_i + c_i y_i) + b_i z_i) p_i:

    N    interactions                                   traffic
    s_i  the model's share of them                      model mix
    k_i  the share of those that has a known price      unpriced
    a_i  input tokens of each                           input tokens
    c_i  the share of those that came from a cache      cache
    b_i  output tokens of each                          output tokens
    p_i  USD of a token                                 price

y_i and z_i are what a cached and an output token cost in input tokens (`Rates`). A factor contributes what it changes
on average over all orders in which the seven can change one after the other: its Shapley value (Shapley 1953; for
products of factors Sun, Energy Policy 26(2), 1998, and Albrecht, Francois and Schoors, Energy Policy 30(9), 2002). So
contributions add up to the change, what did not change contributes nothing, a change of one factor alone is its own,
and periods that change places change the sign. Unlike logarithmic means (LMDI-I, Ang 2005) it needs no substitute for
zeros: what a period does not tell of a model, such as its tokens before it appeared, is taken to be as in the other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from math import factorial
from typing import TypeAlias

from include.domain.interaction import Json

Amount: TypeAlias = int | float | Decimal | Fraction
PLACES = Decimal("1e-10")
"""Contributions are rounded to so much of a USD; what rounding leaves is added to the largest."""


class Factor(StrEnum):
    """What can change a spend."""

    TRAFFIC = "traffic"
    MIX = "model mix"
    UNPRICED = "unpriced"
    INPUT = "input tokens"
    CACHE = "cache"
    OUTPUT = "output tokens"
    PRICE = "price"


@dataclass(frozen=True, slots=True)
class Use:
    """What one model was used for in a period: `priced` of the `interactions` have a known price and cost `cost` USD.

    Tokens are those of all interactions, `cached_input_tokens` a part of the input. Scaled periods are welcome: nothing
    need be whole. Raises `ValueError` of a cost without priced interactions.
    """

    interactions: Amount
    priced: Amount
    cost: Decimal
    input_tokens: Amount = 0
    output_tokens: Amount = 0
    cached_input_tokens: Amount = 0

    def __post_init__(self) -> None:
        if self.cost and not (self.priced and self.interactions):
            raise ValueError(f"{self.cost} USD of no interaction with a price")


@dataclass(frozen=True, slots=True)
class Rates:
    """What a token from the cache and one of output cost, in input tokens; the defaults are typical of list prices."""

    cached: Amount = Fraction(1, 4)
    output: Amount = 5


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one factor changed, in USD, and its level in both periods, None where a period does not tell.

    Levels: interactions; the share of interactions that `model`, whose share moved most, answered; the share without
    a price; tokens of an interaction; the share of input tokens from a cache; USD per input token.
    """

    factor: Factor
    usd: Decimal
    before: float | None
    now: float | None
    model: str = ""

    def to_json(self) -> dict[str, Json]:
        """As a JSON object, USD as a number, without what nobody knows."""
        told = {**asdict(self), "usd": float(self.usd)}
        return {key: value for key, value in told.items() if value not in (None, "")}


@dataclass(frozen=True, slots=True)
class Change:
    """Known spend of two periods in USD; the contributions, the largest first, add up to `usd` exactly."""

    before: Decimal
    now: Decimal
    contributions: tuple[Contribution, ...]

    @property
    def usd(self) -> Decimal:
        """USD more, or, negative, less than before."""
        return self.now - self.before

    def of(self, factor: Factor) -> Contribution:
        """What that factor did."""
        return next(one for one in self.contributions if one.factor is factor)


_NOTHING = Use(0, 0, Decimal(0))
_UNCOUNTED = {Factor.INPUT: Fraction(1), Factor.CACHE: Fraction(0), Factor.OUTPUT: Fraction(0)}
"""Tokens of an interaction that costs something although nobody counted any: its price is then that of the whole."""
_Levels: TypeAlias = Mapping[Factor, Fraction]


@dataclass(frozen=True, slots=True)
class _Model:
    """A model's levels in both periods; what one does not tell is as in the other."""

    name: str
    rates: Rates
    before: _Levels
    now: _Levels

    @property
    def weight(self) -> Fraction:
        """Its share of both periods."""
        return self.before[Factor.MIX] + self.now[Factor.MIX]

    @property
    def input(self) -> Fraction:
        """Its input tokens in both periods, by its weight."""
        return self.weight * (self.before[Factor.INPUT] + self.now[Factor.INPUT])

    @property
    def tokens(self) -> Fraction:
        """All its tokens in both periods as input tokens, by its weight."""
        return self.weight * (_tokens(self.before, self.rates) + _tokens(self.now, self.rates))


def decompose(before: Mapping[str, Use], now: Mapping[str, Use], rates: Mapping[str, Rates] | None = None) -> Change:
    """Which factor changed the spend by how much; both periods by model, `rates` where a model's are known."""
    every = [sum((Fraction(use.interactions) for use in period.values()), Fraction(0)) for period in (before, now)]
    models = [
        _model(name, (before.get(name, _NOTHING), now.get(name, _NOTHING)), every, (rates or {}).get(name, Rates()))
        for name in sorted(before.keys() | now.keys())
    ]
    spent, spends = (sum((use.cost for use in period.values()), Decimal(0)) for period in (before, now))
    shares = [_shapley(model) for model in models]
    usd = _rounded([sum((share[factor] for share in shares), Fraction(0)) for factor in Factor], spends - spent)
    mix = max(models, key=lambda one: abs(one.now[Factor.MIX] - one.before[Factor.MIX]), default=None)
    found = [
        Contribution(factor, one, *_level(factor, models, mix, every), mix.name if mix and factor is Factor.MIX else "")
        for factor, one in zip(Factor, usd, strict=True)
    ]
    return Change(spent, spends, tuple(sorted(found, key=lambda one: -abs(one.usd))))


def _model(name: str, uses: tuple[Use, Use], every: Sequence[Fraction], rates: Rates) -> _Model:
    counted = [_counted(use) for use in uses]
    told = []
    for use, own, other, total in zip(uses, counted, reversed(counted), every, strict=True):
        tokens = own or other or _UNCOUNTED
        if use.cost and not _tokens(tokens, rates):
            tokens = _UNCOUNTED
        levels = {Factor.TRAFFIC: total, **tokens}
        if total:
            levels[Factor.MIX] = Fraction(use.interactions) / total
        if use.interactions:
            levels[Factor.UNPRICED] = Fraction(use.priced) / Fraction(use.interactions)
        if use.priced and (each := _tokens(tokens, rates)):
            levels[Factor.PRICE] = Fraction(use.cost) / Fraction(use.priced) / each
        told.append(levels)
    was, is_ = ({one: own.get(one, other.get(one, Fraction(0))) for one in Factor} for own, other in (told, told[::-1]))
    return _Model(name, rates, was, is_)


def _counted(use: Use) -> dict[Factor, Fraction] | None:
    """Tokens of an interaction; None where there is none, or nobody counted them."""
    if not use.interactions or (use.cost and not use.input_tokens and not use.output_tokens):
        return None
    given, n = Fraction(use.input_tokens), Fraction(use.interactions)
    return {
        Factor.INPUT: given / n,
        Factor.CACHE: Fraction(use.cached_input_tokens) / given if given else Fraction(0),
        Factor.OUTPUT: Fraction(use.output_tokens) / n,
    }


def _tokens(levels: _Levels, rates: Rates) -> Fraction:
    """Tokens of an interaction, at the price of input tokens."""
    cached = levels[Factor.CACHE]
    fresh = 1 - cached + cached * Fraction(rates.cached)
    return levels[Factor.INPUT] * fresh + levels[Factor.OUTPUT] * Fraction(rates.output)


def _shapley(model: _Model) -> dict[Factor, Fraction]:
    """Exact contributions; those of factors that did not move are 0 and change no other's."""
    moved = [factor for factor in Factor if model.before[factor] != model.now[factor]]
    spend = []
    for orders in range(1 << len(moved)):
        mixed = {**model.before, **{one: model.now[one] for place, one in enumerate(moved) if orders >> place & 1}}
        several = mixed[Factor.TRAFFIC] * mixed[Factor.MIX] * mixed[Factor.UNPRICED]
        spend.append(several * _tokens(mixed, model.rates) * mixed[Factor.PRICE])
    number = len(moved)
    weights = [Fraction(factorial(size) * factorial(number - size - 1), factorial(number)) for size in range(number)]
    found = dict.fromkeys(Factor, Fraction(0))
    for place, factor in enumerate(moved):
        without = [orders for orders in range(1 << number) if not orders >> place & 1]
        steps = (weights[one.bit_count()] * (spend[one | 1 << place] - spend[one]) for one in without)
        found[factor] = sum(steps, Fraction(0))
    return found


def _rounded(exact: Sequence[Fraction], change: Decimal) -> list[Decimal]:
    """The contributions as decimals that add up to the change: the largest takes what rounding leaves."""
    found = [(Decimal(one.numerator) / Decimal(one.denominator)).quantize(PLACES) for one in exact]
    largest = max(range(len(exact)), key=lambda place: abs(exact[place]))
    found[largest] += change - sum(found, Decimal(0))
    return found


def _level(
    factor: Factor, models: Sequence[_Model], mix: _Model | None, every: Sequence[Fraction]
) -> tuple[float | None, float | None]:
    """Its level in both periods; tokens and prices as if both had the same models, those of both."""
    match factor:
        case Factor.TRAFFIC:
            return float(every[0]), float(every[1])
        case Factor.MIX:
            return _mean([mix] if mix else [], lambda one: one[factor], lambda _: Fraction(1))
        case Factor.UNPRICED:
            return _mean(models, lambda one: 1 - one[factor], lambda one: one.weight)
        case Factor.CACHE:
            return _mean(models, lambda one: one[factor], lambda one: one.input)
        case Factor.PRICE:
            return _mean(models, lambda one: one[factor], lambda one: one.tokens)
        case Factor.INPUT | Factor.OUTPUT:
            return _mean(models, lambda one: one[factor], lambda one: one.weight)


def _mean(
    models: Sequence[_Model], level: Callable[[_Levels], Fraction], weight: Callable[[_Model], Fraction]
) -> tuple[float | None, float | None]:
    whole = sum(weight(one) for one in models)
    if not whole:
        return None, None
    was = sum(weight(one) * level(one.before) for one in models) / whole
    return float(was), float(sum(weight(one) * level(one.now) for one in models) / whole)

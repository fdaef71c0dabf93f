"""Tallies of calls and judgements go in; what each model was asked and the price of a strong judgement come out.

See `include.ledger.savings` for what is made of it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time
from decimal import Decimal

from include.domain.judging_cost import Asked, CallTally, JudgedTally, SparedTally
from include.domain.llm import CallMode
from include.domain.ports import PriceBook
from include.domain.price import BillableCall
from include.domain.score import Usage
from include.ledger.rates import rates_of

EXACT = Decimal("1e-10")
"""What money is rounded to, as in the store."""
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class PricedTally:
    """A tally of calls with what they cost live, and what they would have without prompt caching."""

    tally: CallTally
    live: Decimal
    uncached: Decimal


@dataclass(slots=True)
class Chain:
    """What one model was asked in one project and dimension, at live prices without prompt caching.

    `judgements` are those in which it had a say, `calls` those that were made or spared, `priced` those with a price;
    `usage` is that of the `made` ones of these.
    """

    judgements: int = 0
    calls: int = 0
    priced: int = 0
    price: Decimal = ZERO
    made: int = 0
    usage: Usage = field(default_factory=Usage)

    @property
    def known(self) -> Decimal:
        """The share of its calls whose price is known."""
        return Decimal(self.priced) / self.calls if self.calls else Decimal(1)

    @property
    def per_judgement(self) -> Decimal | None:
        """USD of one judgement, as far as it is known; None where nothing is."""
        return self.price / (self.judgements * self.known) if self.judgements and self.price else None

    def mean_call(self) -> Usage:
        """The tokens of a call, none of them cached."""
        return Usage(self.usage.input_tokens // self.made, self.usage.output_tokens // self.made)


def repriced(tally: CallTally, prices: PriceBook) -> PricedTally | None:
    """What the calls would have cost; None where nobody can tell any more what their tokens do."""
    calls, used = tally.spend.calls, tally.usage
    mean = Usage(used.input_tokens // calls, used.output_tokens // calls)
    rates = rates_of(prices, _call(tally.asked.provider, tally.billed_as, mean, tally.day, tally.project))
    if rates is None:  # so much an hour, say: caching and batches change nothing that could be told
        by_tokens = used.cached_input_tokens or tally.mode is CallMode.BATCH
        return None if by_tokens else PricedTally(tally, tally.spend.known, tally.spend.known)
    live = tally.spend.known if tally.mode is CallMode.LIVE else rates.price(used).quantize(EXACT)
    discount = (used.cached_input_tokens * (rates.fresh - rates.cached)).quantize(EXACT)
    return PricedTally(tally, live, live + discount)


def chains_of(
    calls: Iterable[CallTally],
    priced: Iterable[PricedTally],
    spared: Iterable[SparedTally],
    judged: Iterable[JudgedTally],
) -> dict[Asked, Chain]:
    """Every model that was asked or had a say, of one project and dimension; `priced` are those `calls` that can be."""
    chains: defaultdict[Asked, Chain] = defaultdict(Chain)
    for judge in judged:
        for asked, judgements in judge.by_model:
            chains[asked].judgements += judgements
    for call in calls:
        chains[call.asked].calls += call.spend.calls
    for one in priced:
        chain, number = chains[one.tally.asked], one.tally.spend.calls - one.tally.spend.unpriced
        chain.price += one.uncached
        chain.priced += number
        chain.made += number
        chain.usage += replace(one.tally.usage, cached_input_tokens=0)
    by_model = {asked.model: chain for asked, chain in chains.items()}
    for on_record in spared:
        if asked_before := by_model.get(on_record.model):
            asked_before.price += on_record.spend.known
            asked_before.calls += on_record.spend.calls
            asked_before.priced += on_record.spend.calls - on_record.spend.unpriced
    return dict(chains)


def strong_of(chains: Mapping[Asked, Chain], judged: Collection[JudgedTally]) -> Asked | None:
    """The model that a cascade keeps for doubts, of several the one with most judgements; else the dearest."""
    named = [one for one in judged if one.strong]
    if named:
        return max(named, key=lambda one: (one.judgements, one.judge)).strong
    means = {asked: mean for asked, chain in chains.items() if (mean := chain.per_judgement)}
    return max(means, key=lambda asked: (means[asked], asked), default=None)


def unit_price(
    chains: Mapping[Asked, Chain], strong: Asked | None, given: int, prices: PriceBook, at: tuple[date, str] | None
) -> Decimal | None:
    """u: USD of one of the `given` judgements if the strong judge gives it; None where its price is not known.

    `at` is the last day of a call, and the project.
    """
    if strong is None:
        return None
    unit = chains[strong].per_judgement
    asked = max(chains.values(), key=lambda one: one.made * (one.judgements > 0))
    if unit is None and at and asked.made and asked.judgements:
        rates = rates_of(prices, _call(strong.provider, strong.model, asked.mean_call(), *at))
        unit = rates.price(asked.usage) / asked.made if rates else None
    besides = sum((one.price for one in chains.values() if not one.judgements), ZERO) / given
    return unit + besides if unit else None


def _call(provider: str, model: str, usage: Usage, day: date, project: str) -> BillableCall:
    """One call of the project's, at noon (UTC) of the day."""
    return BillableCall(provider or None, model, usage, datetime.combine(day, time(12), UTC), project)

"""Tallies of a week's answers, prompts and feedback go in; what its money bought, and what was paid in vain, comes out.

Weights 1 / rate make judged answers stand for all.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from statistics import NormalDist

from include.domain.cost import Spend
from include.domain.ports import PriceBook
from include.domain.price import BillableCall
from include.domain.score import Usage
from include.domain.segment import merged
from include.domain.value import (
    AnswerTally,
    CacheMissed,
    CacheTally,
    FeedbackTally,
    GoodAnswers,
    GrownPrompt,
    PromptTally,
    Range,
    ResolvedConversations,
    ValueTallies,
    ValueWeek,
)
from include.ledger.cheaper import CONFIDENCE, cheaper_models
from include.ledger.rates import Rates, rates_of

MIN_CALLS = 50
"""Calls of a prompt in each week from which on its growth is told."""
GROWN = 1.2
"""From so many times the input tokens of the week before a prompt has grown."""
CENT = Decimal("0.01")
"""What is less is no finding."""
LISTED = 10


def value_week(tallies: ValueTallies, prices: PriceBook, last: date, good_from: Mapping[str, float]) -> ValueWeek:
    """All of it; tokens are priced as on `last`, the week's last day (UTC).

    `good_from` tells by project ("" for all others) from which composite on an answer is good.
    """
    return ValueWeek(
        good=good_answers(tallies.answers, good_from),
        resolved=tuple(_resolved(one) for one in tallies.feedback),
        cheaper=cheaper_models(tallies.answers, good_from),
        caches=missed_caches(tallies.caches, prices, last),
        silent=sum(one.silent for one in tallies.caches),
        conversations=tallies.conversations,
        loops=tallies.loops,
        grown=grown_prompts(tallies.prompts, prices, last),
    )


def good_answers(tallies: Iterable[AnswerTally], good_from: Mapping[str, float]) -> tuple[GoodAnswers, ...]:
    """Of each project and environment: mean cost of a call with a price, over the share of calls answered well.

    The share is answered / calls, which is counted, times the share of good ones among judged answers, with Wilson's
    interval (1927) at Kish's effective n. So a call without a price counts as one of mean price.
    """
    by_place: defaultdict[tuple[str, str], list[AnswerTally]] = defaultdict(list)
    for tally in tallies:
        by_place[tally.project, tally.environment].append(tally)
    return tuple(_good(*place, _target(good_from, place[0]), some) for place, some in sorted(by_place.items()))


def _good(project: str, environment: str, good_from: float, tallies: Sequence[AnswerTally]) -> GoodAnswers:
    spend = sum((one.spend for one in tallies), Spend())
    answered = sum(one.answered for one in tallies)
    good = merged(one.good for one in tallies)
    share = wilson(good.mean, good.effective_n) if good.mean is not None and good.is_representative else None
    priced = spend.calls - spend.unpriced
    cost = None
    if share and share.value and priced and answered:
        cost = _bounded(spend.known / priced * spend.calls / answered / share.value, share)
    return GoodAnswers(project, environment, good_from, spend, answered, good.n, share, cost)


def _target(good_from: Mapping[str, float], project: str) -> float:
    return good_from.get(project, good_from[""])


def wilson(share: float, n: float) -> Range:
    """A share with its 95 % interval after Wilson (1927), for `n` effective values."""
    z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * math.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    low, high = max(0.0, middle - half), min(1.0, middle + half)
    return Range(*(Decimal(repr(round(bound, 9))) for bound in (share, low, high)))


def _bounded(value: Decimal, share: Range) -> Range:
    """What one costs of which a share came out of what was paid for: the larger the share, the cheaper."""
    if not share.high:
        return Range(value, None, None)
    return Range(value, value * share.value / share.high, value * share.value / share.low if share.low else None)


def _resolved(tally: FeedbackTally) -> ResolvedConversations:
    cost = None
    if tally.resolved and tally.spend.cost is not None:
        share = wilson(tally.resolved / tally.conversations, tally.conversations)
        cost = _bounded(tally.spend.known / tally.resolved, share)
    return ResolvedConversations(tally.project, tally.conversations, tally.resolved, tally.spend, cost)


def missed_caches(tallies: Iterable[CacheTally], prices: PriceBook, last: date) -> tuple[CacheMissed, ...]:
    """Prompts of which more could have come from the provider's cache, the largest saving first.

    saving = missed tokens x (price of an input token - price of a cached one), where both are known and differ. What
    some providers ask for writing a cache is not taken off.
    """
    found = []
    for one in tallies:
        if not one.missed:
            continue
        rates = _rates(one.project, one.provider, one.model, one.calls, one.input_tokens, prices, last)
        saving = one.missed * (rates.fresh - rates.cached) if rates else Decimal(0)
        if saving >= CENT:
            cached = one.cached_tokens / one.input_tokens
            achievable = (one.cached_tokens + one.missed) / one.input_tokens
            told = (one.project, one.model, one.prompt_version, one.calls, one.constant)
            found.append(CacheMissed(*told, cached, achievable, saving))
    return tuple(sorted(found, key=lambda one: -one.saving)[:LISTED])


def grown_prompts(tallies: Sequence[PromptTally], prices: PriceBook, last: date) -> tuple[GrownPrompt, ...]:
    """Prompt versions whose calls take `GROWN` times the input tokens of before or more, the dearest growth first.

    One that is new is compared with the version of the same project and model that had most calls in the week before.
    """
    before: defaultdict[tuple[str, str], list[PromptTally]] = defaultdict(list)
    for one in tallies:
        before[one.project, one.model].append(one)
    found = []
    for one in tallies:
        predecessor = max(before[one.project, one.model], key=lambda other: other.calls_before)
        past = one if one.calls_before else predecessor
        if min(one.calls, past.calls_before) < MIN_CALLS or one.per_call < GROWN * past.per_call_before:
            continue
        rates = _rates(one.project, one.provider, one.model, one.calls, one.input_tokens, prices, last)
        more = one.input_tokens - Decimal(past.input_tokens_before) * one.calls / past.calls_before
        found.append(
            GrownPrompt(
                one.project,
                one.model,
                one.prompt_version,
                past.prompt_version,
                one.calls,
                one.per_call,
                past.per_call_before,
                more * rates.fresh if rates else None,
            )
        )
    return tuple(sorted(found, key=lambda one: -(one.extra or Decimal(0)))[:LISTED])


def _rates(
    project: str, provider: str, model: str, calls: int, input_tokens: int, prices: PriceBook, last: date
) -> Rates | None:
    """Of the mean call, at noon of the day."""
    mean = Usage(input_tokens // calls, 1)
    return rates_of(prices, BillableCall(provider or None, model, mean, datetime.combine(last, time(12), UTC), project))

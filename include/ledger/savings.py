"""Tallies of calls and judgements go in; what judging everything live with the strong judge would have cost comes out.

The way from there to what was spent has four steps, taken in this order, for each project and dimension:

    in full        u x (N + X)
    - sampling     u x X                what was not drawn is not judged at all
    - cascade      u x N - W            the rest is judged, but not all of it by the strong judge
    - cache        W - (L + B')         replies on record are not paid for again, cached tokens cost less
    - batches      B' - B               calls that may wait cost less
    = spent        L + B

N judgements (scores by models) were given. X more would have been, had all interactions been drawn: those left out,
times the share of what was drawn that could be judged (by weights 1 / rate, since rates may differ). L is what live
calls cost, B what calls in batches did, and B' what these cost live. W is L + B' at prices without prompt caching, and
what the calls had cost once that were answered from the ledger now. u is what a judgement costs by the strong judge:
what W holds of its calls, over the judgements in which it had a say; calls to no judge (embeddings) are added as they
are. Of judgements whose calls have no known price, N and X leave out as large a share as there is of these calls.

The strong judge is the one that a cascade keeps for doubts, else the model whose judgement is the dearest. One that was
never asked is priced by the tokens of the model that was: its mean call, at the strong model's price.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import TypeVar

from include.domain.cost import Spend
from include.domain.judging_cost import (
    CallTally,
    JudgeCost,
    JudgedTally,
    JudgingTallies,
    JudgingWeek,
    SparedTally,
)
from include.domain.llm import CallMode
from include.domain.money import JudgingSaved
from include.domain.ports import PriceBook
from include.ledger.chains import EXACT, ZERO, chains_of, repriced, strong_of, unit_price

Cellular = TypeVar("Cellular", CallTally, SparedTally, JudgedTally)


def judging_week(tallies: JudgingTallies, prices: PriceBook) -> JudgingWeek:
    """What each judge cost, and what was saved in each project."""
    return JudgingWeek(
        judges=judge_costs(tallies),
        saved=savings(tallies, prices),
        spared=sum(one.spend.calls for one in tallies.spared),
    )


def judge_costs(tallies: JudgingTallies) -> tuple[JudgeCost, ...]:
    """Every judge that called or judged, the dearest first."""
    spends: defaultdict[tuple[str, str, str], defaultdict[tuple[str, CallMode], Spend]]
    spends = defaultdict(lambda: defaultdict(Spend))
    judgements: defaultdict[tuple[str, str, str], int] = defaultdict(int)
    for call in tallies.calls:
        spends[call.project, call.dimension, call.judge][call.billed_as, call.mode] += call.spend
    for judged in tallies.judged:
        judgements[judged.project, judged.dimension, judged.judge] += judged.judgements
    found = [
        JudgeCost(*key, judgements[key], tuple((*how, spend) for how, spend in sorted(spends[key].items())))
        for key in sorted({*spends, *judgements})
    ]
    return tuple(sorted(found, key=lambda one: -one.spend.known))


def savings(tallies: JudgingTallies, prices: PriceBook) -> tuple[JudgingSaved, ...]:
    """What was saved in each project in which a model was asked, the largest saving first."""
    judged = {one.project: one.judged for one in tallies.sampled}
    missing = _would_be_judged(tallies)
    by_project: dict[str, JudgingSaved] = {}
    calls, spared, heard = _by_cell(tallies.calls), _by_cell(tallies.spared), _by_cell(tallies.judged)
    for project, dimension in sorted({*calls, *spared}):
        at = (project, dimension)
        cell = _saved(project, calls[at], spared[at], heard[at], missing[at], prices)
        by_project[project] = by_project[project] + cell if project in by_project else cell
    told = [replace(one, judged=judged.get(one.project, 0)) for one in by_project.values()]
    return tuple(sorted(told, key=lambda one: (-one.saved, one.project)))


def _by_cell(tallies: Iterable[Cellular]) -> defaultdict[tuple[str, str], list[Cellular]]:
    """By project and dimension."""
    found: defaultdict[tuple[str, str], list[Cellular]] = defaultdict(list)
    for one in tallies:
        found[one.project, one.dimension].append(one)
    return found


def _would_be_judged(tallies: JudgingTallies) -> Mapping[tuple[str, str], Decimal]:
    """X by project and dimension: what was left out, times the share of what was drawn that was judged."""
    drawn = {one.project: one for one in tallies.sampled if one.stands_for}
    found: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
    stands_for: defaultdict[tuple[str, str], float] = defaultdict(float)
    for judged in tallies.judged:
        stands_for[judged.project, judged.dimension] += judged.stands_for
    for (project, dimension), weight in stands_for.items():
        if project in drawn:
            share = min(1.0, weight / drawn[project].stands_for)
            found[project, dimension] = Decimal(repr(round(drawn[project].left_out * share, 3)))
    return found


def _saved(
    project: str,
    calls: Sequence[CallTally],
    spared: Sequence[SparedTally],
    judged: Sequence[JudgedTally],
    missing: Decimal,
    prices: PriceBook,
) -> JudgingSaved:
    """One dimension of one project."""
    spent = sum((one.spend.known for one in calls), ZERO)
    unpriced = sum(one.spend.unpriced for one in calls) + sum(one.spend.unpriced for one in spared)
    priced = [repriced(one, prices) for one in calls if one.spend.cost is not None]
    known = [one for one in priced if one]
    given = sum(one.judgements for one in judged)
    live = sum((one.live for one in known), ZERO)
    work = sum((one.uncached for one in known), ZERO) + sum((one.spend.known for one in spared), ZERO)
    in_full, by_sampling = work, ZERO
    if given:
        chains = chains_of(calls, known, spared, judged)
        unit = unit_price(
            chains, strong_of(chains, judged), given, prices, max(((one.day, project) for one in calls), default=None)
        )
        share = min((one.known for one in chains.values() if one.judgements), default=ZERO)
        if not unit or not share or len(known) < len(priced):  # what the strong judge costs, or all others, is unknown
            return JudgingSaved(project, 0, ZERO, ZERO, ZERO, ZERO, ZERO, ZERO, unpriced, untold=spent)
        in_full, by_sampling = ((unit * share * number).quantize(EXACT) for number in (given + missing, missing))
    return JudgingSaved(
        project,
        judged=0,
        spent=spent,
        in_full=in_full,
        by_sampling=by_sampling,
        by_cascade=in_full - by_sampling - work,
        by_cache=work - live,
        by_batches=live - spent,
        unpriced=unpriced,
    )

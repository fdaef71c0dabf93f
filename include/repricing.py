"""Days and a reason go in; the calls of those days have the prices of today's contracts, and all sums follow.

    make reprice FROM=2026-11-01 TO=2026-11-08 [PROJECT=bank] BY=me WHY="the new contract is signed" [DRY=1]

Broken off at any instruction, the same command goes on where it stopped; done again, it changes nothing.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from importlib.metadata import version

import psycopg

from include import settings as configuration
from include.adapters.postgres.costs import Costs
from include.adapters.postgres.repricings import BATCH, Repricings
from include.adapters.postgres.segments import Segments
from include.adapters.yaml_file import load
from include.assembly import now, open_store, price_book
from include.domain.interaction import Window
from include.domain.repricing import Act, CallCost, PastCall, Progress, Repriced
from include.errors import AssayError, RepricingRefused
from include.ledger.contracts import ContractsFile
from include.ledger.pricing import ContractPrices
from include.ledger.repricing import compared, cost_of
from include.monitors.rules import Rules
from include.settings import Settings

DAY = timedelta(days=1)
TRIES = 3
"""How often a batch is tried that waits in a circle with somebody who takes rows in."""
MOST_LINES = 20

Labels = tuple[str, str]
Batch = list[tuple[PastCall, CallCost]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an act changed in all, and what it changed now, by project and model; an act may have begun earlier."""

    total: Repriced
    by_model: Mapping[Labels, Repriced]


def reprice(settings: Settings, act: Act, prices: ContractPrices, size: int = BATCH) -> Outcome:
    """Price the act's calls again, `size` at a time, and bring up to date what is summed from them."""
    found: defaultdict[Labels, Repriced] = defaultdict(Repriced)
    with open_store(settings) as store, open_store(settings) as summing:
        book = Repricings(store)
        progress, batch = _step(book, act, book.begin(act, now()), prices, size)
        while batch:
            _add(found, batch)
            progress, batch = _step(book, act, progress, prices, size)
        if progress.total.changed:
            _sum_again(settings, act, book, summing)
        book.finish(progress, now())
    return Outcome(progress.total, found)


def rehearse(settings: Settings, act: Act, prices: ContractPrices) -> Outcome:
    """What `reprice` would change; nothing is."""
    total, reached = Repriced(), None
    found: defaultdict[Labels, Repriced] = defaultdict(Repriced)
    with open_store(settings) as store:
        while calls := Repricings(store).calls(act, reached, locked=False):
            batch = _priced(calls, prices)
            total, reached = total + compared(batch), calls[-1].place
            _add(found, batch)
    return Outcome(total, found)


def _step(book: Repricings, act: Act, progress: Progress, prices: ContractPrices, size: int) -> tuple[Progress, Batch]:
    """How far the act has come with the next calls, whose new costs are saved; none where there are no more."""
    for left in reversed(range(TRIES)):
        try:
            batch = _priced(book.calls(act, progress.reached, locked=True, limit=size), prices)
            if not batch:
                break
            further = Progress(progress.number, progress.total + compared(batch), batch[-1][0].place)
            book.save(further, [(past, cost) for past, cost in batch if cost != past.cost])
        except psycopg.errors.DeadlockDetected:
            book.give_up()
            if not left:
                raise
        else:
            return further, batch
    return progress, []


def _priced(calls: Iterable[PastCall], prices: ContractPrices) -> Batch:
    return [(past, cost_of(past, prices)) for past in calls]


def _sum_again(settings: Settings, act: Act, book: Repricings, store: psycopg.Connection) -> None:
    """The sums by day and the hourly tallies of money, each day on its own."""
    day = act.window.start.date()
    while datetime.combine(day, time(), UTC) < act.window.end:
        Costs(store, settings.user_group).roll_up([day])
        store.commit()
        day += DAY
    attributes = load(settings.rules, Rules).counted
    for hours in book.logged_hours(act):
        Segments(store).recount_money(hours, attributes)
        store.commit()


def _add(found: defaultdict[Labels, Repriced], batch: Batch) -> None:
    for one in batch:
        call = one[0].call
        found[call.project, call.model or ""] += compared([one])


def told(act: Act, outcome: Outcome, *, dry: bool) -> list[str]:
    """The outcome in lines."""
    total = outcome.total
    changed = [(labels, one) for labels, one in sorted(outcome.by_model.items()) if one.changed]
    changed.sort(key=lambda pair: -abs(pair[1].cost_after - pair[1].cost_before))
    lines = [f"{' / '.join(labels)}: {_told(one)}" for labels, one in changed[:MOST_LINES]]
    if len(changed) > MOST_LINES:
        lines.append(f"and {len(changed) - MOST_LINES} more")
    first, last = act.window.start.date(), (act.window.end - DAY).date()
    where = f"{first} to {last}, {act.project or 'all projects'}, by {act.prices}"
    done = "a rehearsal, nothing is changed" if dry else f"repriced by {act.who}"
    return [*lines, f"{where}: {_told(total)}; {done}"]


def _told(one: Repriced) -> str:
    more = one.cost_after - one.cost_before
    unpriced = f", without a price {one.unpriced_before:,} -> {one.unpriced_after:,}"
    return (
        f"{one.changed:,} of {one.interactions:,} calls change, ${one.cost_before:,.6f} -> ${one.cost_after:,.6f} "
        f"({'+' if more >= 0 else '-'}${abs(more):,.6f}){unpriced if one.unpriced_before or one.unpriced_after else ''}"
    )


def asked(settings: Settings, given: Mapping[str, str]) -> tuple[Act, ContractPrices]:
    """Who wants what, by the words of the command (from, to, project, by, why); raises `AssayError`."""
    try:
        first = date.fromisoformat(given["from"])
        last = date.fromisoformat(given["to"] or given["from"])
    except ValueError:
        raise RepricingRefused("say which days: FROM=2026-11-01 TO=2026-11-08 (both included)") from None
    if last < first:
        raise RepricingRefused(f"{last} comes before {first}. Remedy: exchange FROM and TO")
    if not (given["by"].strip() and given["why"].strip()):
        raise RepricingRefused("whoever changes what is past signs it. Remedy: BY=me WHY='the new contract is signed'")
    window = Window(*(datetime.combine(day, time(), UTC) for day in (first, last + DAY)))
    file = load(settings.contracts, ContractsFile)
    digest = sha256(file.model_dump_json().encode()).hexdigest()[:12]
    prices = f"genai-prices {version('genai-prices')}, contracts {digest}"
    act = Act(given["by"].strip(), given["why"].strip(), window, given["project"] or None, prices)
    return act, price_book(settings.contracts)


def main(arguments: Sequence[str]) -> int:
    """The command: returns the exit status, 1 where it is refused."""
    parser = argparse.ArgumentParser(prog="python -m include.repricing", description="Price past days again.")
    for name in ("from", "to", "project", "by", "why"):
        parser.add_argument(f"--{name}", default="")
    parser.add_argument("--dry", action="store_true")
    given = vars(parser.parse_args(arguments))
    dry = given.pop("dry")
    try:
        settings = configuration.from_airflow()
        act, prices = asked(settings, given)
        outcome = (rehearse if dry else reprice)(settings, act, prices)
        sys.stdout.write("".join(f"{line}\n" for line in told(act, outcome, dry=dry)))
    except AssayError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""The demo's log under the shipped rules of spend: its retry loop is told in its first hour, and nothing else is."""

from __future__ import annotations

import re
from collections import defaultdict
from datetime import datetime, timedelta

from demo.world.incidents import incidents
from include.adapters.prices import GenaiPrices
from include.adapters.yaml_file import load
from include.domain.interaction import Window
from include.domain.price import BillableCall
from include.domain.run import CoverageLedger, Epochs
from include.domain.score import Usage
from include.monitors.evaluate import Settled
from include.monitors.rules import Rules, SpendRule
from include.monitors.trial import replay
from include.rules_trial import IN_FORCE, Told, told_of
from include.token_rates import rates_of
from tests.unit.demo.world.conftest import Generated
from tests.unit.monitors.memory import HOUR, Memory

RULES = Rules(rules=tuple(rule for rule in load(IN_FORCE, Rules).rules if isinstance(rule, SpendRule)))
BOOK = GenaiPrices()
LEDGER = CoverageLedger(1, 0, 0, 1, 0)


def counted(generated: Generated) -> Memory:
    """What the store would hold of the log, by hour, project and model."""
    world = generated.world
    memory = Memory(world.start + number * HOUR for number in range((world.end - world.start) // HOUR))
    values: dict[tuple[str, datetime, str, str], list[float]] = defaultdict(list)
    for row, truth in generated.logged:
        if truth.defect == "corrupt":
            continue
        at = truth.logged_at.replace(minute=0, second=0, microsecond=0)
        place = (at, truth.project, row["response_model"] or row["request_model"])
        usage = None
        if row["input_tokens"] is not None:
            usage = Usage(row["input_tokens"], row["output_tokens"] or 0, row["cached_input_tokens"] or 0)
            values["input_tokens", *place].append(usage.input_tokens)
            values["output_tokens", *place].append(usage.output_tokens)
            if row["cached_input_tokens"] is not None:
                values["cached_input_tokens", *place].append(usage.cached_input_tokens)
        price = BOOK.price(BillableCall(row["provider_name"], place[2], usage, truth.logged_at))
        values["volume", *place].append(1.0)
        if price:
            values["spend", *place].append(float(price.usd))
    for (measure, at, project, model), found in values.items():
        memory.add(measure, at, found, project=project, model=model)
    return memory


def told(generated: Generated) -> list[Told]:
    """What the rules tell, hour by hour, from when a week is known."""
    since, end = generated.world.start + timedelta(days=7), generated.world.end
    hours = [Window(since + number * HOUR, since + (number + 1) * HOUR) for number in range((end - since) // HOUR)]
    runs = [Settled(hour, LEDGER, Epochs({}), rates=rates_of(BOOK, end)) for hour in hours]
    return told_of(list(replay(RULES, runs, counted(generated))), end)


def test_four_weeks_with_a_retry_loop_hold_one_message_about_money_in_its_first_hour(thursday: Generated) -> None:
    [loop] = [one for one in incidents(thursday.world) if one.name == "retry-loop"]
    [only] = told(thursday)
    assert (only.rule, only.labels["project"]) == ("spend-spike", loop.project)
    assert (only.starts_at, only.fired_at) == (loop.starts_at, loop.starts_at + HOUR)
    assert only.resolved_at == loop.ends_at + 2 * HOUR
    factors = ("times as many input tokens each", "times as many interactions", "no input tokens from a cache")
    assert re.search(r".* USD; .*".join(factors), only.sentence), only.sentence

"""A seed and what goes wrong go in; the interactions of a breach and of the days before it come out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

from include.domain.cause import Arrival, Cause
from include.domain.observation import Observation
from include.monitors.cause_search import Breach, search

SINCE = datetime(2026, 11, 20, 9, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TOPICS = {
    "refund": ("How do I get a refund for my order?", "When will the refund arrive?", "Refund of a gift card, please"),
    "delivery": ("Where is my delivery?", "Can the delivery come later?", "Delivery to another address"),
    "account": ("I cannot open my account", "Please delete the account", "Change the mail of an account"),
    "invoice": ("The invoice is wrong", "Send the invoice again", "Which invoice is still open?"),
}
Fault = Callable[[Observation], float]
"""By how much an interaction's score falls."""


def none(_: Observation) -> float:
    return 0.0


def traffic(rng: Random, n: int, start: datetime, end: datetime, fault: Fault = none) -> list[Observation]:
    """So many interactions: three prompt versions, two models, four tenants, four topics, two languages."""
    return [_one(rng, f"{start:%d%H}-{number}", start + (end - start) * rng.random(), fault) for number in range(n)]


def _one(rng: Random, name: str, at: datetime, fault: Fault) -> Observation:
    question = rng.choice(TOPICS[rng.choice(list(TOPICS))])
    one = Observation(
        interaction_id=name,
        logged_at=at,
        value=0.0,
        weight=1.0,
        project="shop",
        model=rng.choices(["gpt", "claude"], [0.7, 0.3])[0],
        prompt_version=rng.choices(["v6", "v7", "v8"], [0.4, 0.31, 0.29])[0],
        finish_reason="stop",
        question=question,
        question_chars=len(question) * rng.choice([1, 1, 5]),
        passages=3,
        attributes={
            "tenant": rng.choice(["acme", "bolt", "crane", "delta"]),
            "language": rng.choices(["en", "de"], [0.8, 0.2])[0],
            "request": f"r-{rng.random()}",
        },
    )
    return with_value(one, min(1.0, max(0.0, rng.gauss(0.88, 0.12) - fault(one))))


def with_value(one: Observation, value: float) -> Observation:
    return replace(one, value=value)


def found(
    fault: Fault,
    *,
    n: int = 200,
    past: int = 1500,
    seed: int = 1,
    hours: int = 5,
    changes: Sequence[Arrival] = (),
    mend: Callable[[Observation], Observation] = lambda one: one,
    least: float = 0.02,
) -> Cause | None:
    """What is said of a breach of `n` interactions in so many hours; `mend` changes those of now before they fail."""
    rng = Random(seed)
    now = [mend(one) for one in traffic(rng, n, SINCE, SINCE + hours * HOUR)]
    now = [with_value(one, max(0.0, one.value - fault(one))) for one in now]
    before = traffic(rng, past, SINCE - 14 * DAY, SINCE)
    return search(Breach(SINCE, -1, None, least, changes=changes), now, before)

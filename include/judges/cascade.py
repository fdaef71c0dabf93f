"""A cheap judge's opinion goes in; a strong one is asked too where the cheap one is unsure, and then its word counts.

How much of the traffic is judged twice must not depend on who comes first: two workers and every retry have to choose
the same interactions, without asking anybody. So each interaction draws a lot from its own identity, and one that the
cheap judge is unsure of goes on if its lot lies below `at_most / expected`. `expected` is the largest share of the
traffic that the cheap judge is thought to be unsure of, and as long as it is not more, the strong judge sees at most
`at_most` of the traffic, apart from the chance of the lots. It is 1 unless the rubric says otherwise: then the cap
holds whatever the traffic is like, but only that share of the doubtful cases is judged again.

No rule without a memory can do better. One that prefers the most unsure must know how many there will be; a count
that workers share makes the choice depend on their order, and scores that a retry gives differently.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from statistics import fmean
from typing import Any

from include.domain.interaction import Interaction, Json
from include.domain.score import digest
from include.errors import JudgeMisconfigured
from include.judges.calls import Bill
from include.judges.estimate import ExpectedCall
from include.judges.examiner import Examiner, Heard
from include.judges.rubric import Escalation
from include.judges.rubric_judge import Hearing


@dataclass(frozen=True, slots=True)
class Cascade:
    """The cheap judge scores all, the strong one re-scores where `rule` says so; every opinion is kept."""

    cheap: Examiner
    strong: Examiner
    rule: Escalation
    name: str = "cascade"

    @property
    def parts(self) -> Mapping[str, Json]:
        """See `Method`: both judges, and the rule that chooses between them."""
        return {
            "model": f"{self.cheap.client.model}, then {self.strong.client.model}",
            "cheap": dict(self.cheap.parts),
            "strong": dict(self.strong.parts),
            "rule": self.rule.model_dump(mode="json"),
        }

    async def hear(self, interaction: Interaction, judge: str) -> Hearing:
        """See `Method`."""
        samples = range(self.rule.samples)
        logprobs = self.rule.probability is not None
        first = await together([self.cheap.ask(interaction, judge, sample=n, logprobs=logprobs) for n in samples])
        why = "; ".join(doubts(first, self.rule))
        if not why:
            return _decided(first, f"decided by {self.cheap.client.model}, which is sure")
        if lot(self.cheap.rubric.name, interaction) >= admitted(self.rule):
            return _decided(first, f"decided by {self.cheap.client.model}, though unsure: {why}; not drawn for more")
        second = await self.strong.ask(interaction, judge)
        told = f"decided by {self.strong.client.model}, since {self.cheap.client.model} is unsure: {why}"
        return _decided([second], told, before=first)

    def expected(self, interaction: Interaction) -> Iterable[ExpectedCall]:
        """See `Method`."""
        yield from (self.cheap.expected(interaction) for _ in range(self.rule.samples))
        yield self.strong.expected(interaction, self.rule.at_most)


def doubts(heard: Sequence[Heard], rule: Escalation) -> list[str]:
    """Why a judge counts as unsure of what it said; empty where it does not."""
    points = sorted({one.point for one in heard})
    found = [f"a verdict of {point}" for point in points if point in rule.scores]
    if len(points) > 1:
        found.append(f"it said {' and '.join(map(str, points))}")
    told = [one.probability for one in heard if one.probability is not None]
    if rule.probability is not None and told and min(told) < rule.probability:
        found.append(f"its score had a probability of {min(told):.2f}")
    return found


def admitted(rule: Escalation) -> float:
    """The share of the doubtful cases that the strong judge sees, in (0, 1]."""
    return min(1.0, rule.at_most / rule.expected)


def lot(dimension: str, interaction: Interaction) -> float:
    """In [0, 1): always the same for the same interaction and dimension."""
    drawn = digest(["escalate", dimension, interaction.interaction_id, interaction.logged_at.isoformat()])
    return int(drawn[:13], 16) / 16**13


async def together(asking: Iterable[Coroutine[Any, Any, Heard]]) -> list[Heard]:
    """What all of them say, asked at once. One that fails waits for the others: their replies are paid for.

    Raises a failure that no retry mends before one that a retry may mend.
    """
    said = await asyncio.gather(*asking, return_exceptions=True)
    failed = [one for one in said if isinstance(one, BaseException)]
    if failed:
        raise min(failed, key=_rank)
    return [one for one in said if isinstance(one, Heard)]


def _rank(error: BaseException) -> tuple[bool, bool]:
    return not isinstance(error, JudgeMisconfigured), bool(getattr(error, "retryable", False))


def total(heard: Iterable[Heard]) -> Bill:
    """What all of it cost."""
    return reduce(add, (one.bill for one in heard), Bill())


def _decided(by: Sequence[Heard], told: str, before: Sequence[Heard] = ()) -> Hearing:
    everything = [*before, *by]
    return Hearing(
        value=fmean(one.opinion.value for one in by),
        explanation=f"{by[0].opinion.explanation} ({told})",
        bill=total(everything),
        members=tuple(one.opinion for one in everything),
    )

"""An interaction goes in, two or three models are asked at once; their median comes out, with every opinion.

A panel has a value only if every member answered. The median of those that happened to answer would be another
judge's, with another leniency, under the same epoch; so a member that fails makes the panel fail, for good or until
the next run, which asks only that member again: the others' replies are on record.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import median

from include.domain.interaction import Interaction, Json
from include.judges.cascade import together, total
from include.judges.estimate import ExpectedCall
from include.judges.examiner import Examiner
from include.judges.rubric_judge import Hearing


@dataclass(frozen=True, slots=True)
class Panel:
    """Two or three judges of the same rubric; of two the median is the mean."""

    members: tuple[Examiner, ...]
    name: str = "panel"

    @property
    def parts(self) -> Mapping[str, Json]:
        """See `Method`."""
        models = ", ".join(member.client.model for member in self.members)
        return {"model": models, "panel": [dict(member.parts) for member in self.members]}

    async def hear(self, interaction: Interaction, judge: str) -> Hearing:
        """See `Method`."""
        heard = await together([member.ask(interaction, judge) for member in self.members])
        value = median(one.opinion.value for one in heard)
        nearest = min(heard, key=lambda one: abs(one.opinion.value - value))
        votes = ", ".join(f"{one.opinion.model} {one.point}" for one in heard)
        return Hearing(
            value=value,
            explanation=f"{nearest.opinion.explanation} (median of {votes}; the words are {nearest.opinion.model}'s)",
            bill=total(heard),
            members=tuple(one.opinion for one in heard),
        )

    def expected(self, interaction: Interaction) -> Iterable[ExpectedCall]:
        """See `Method`."""
        return (member.expected(interaction) for member in self.members)

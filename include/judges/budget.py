"""What a day's judging has cost and may cost goes in; how far down the ladder a project is judged comes out.

Before a run the step is chosen from what is spent and what the run is expected to cost; while it goes on, a meter
reads what was really spent, with what batches under way will about cost, and may only lead further down. A step down is
stored with the run, told by the rule `budget`, and seen in the width of every interval, since a smaller sample has
larger weights.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Mapping
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from math import inf

from include.domain.budget import CHEAPER_AT, LAST_AT, SMALLER_AT, JudgeBudget, Step
from include.domain.interaction import Interaction
from include.domain.run import Shard

SMALLER = 0.25
"""Share of its usual sample that a project keeps on step `SMALLER`."""


def factor(step: Step) -> float:
    """The share of its usual sample that a project keeps on a step; 0 is as little as a sample can be."""
    return {Step.SMALLER: SMALLER, Step.ALWAYS_ONLY: 0.0}.get(step, 1.0)


READ_EVERY_S = 5.0
"""How often a worker asks what all of them together have spent."""


def plan(limit: Decimal, spent: Decimal, full: Decimal, cheaper: Decimal) -> JudgeBudget:
    """The first step whose expected end lies below the threshold of the next one.

    `full` and `cheaper` are what the run would cost if everything were judged in full, or by the cheaper judge (the
    same where there is none), in USD.
    """
    ladder = (
        (Step.FULL, full, CHEAPER_AT),
        (Step.CHEAPER, cheaper, SMALLER_AT),
        (Step.SMALLER, cheaper * Decimal(SMALLER), LAST_AT),
    )
    for step, expected, threshold in ladder:
        if spent + expected <= threshold * limit:
            return JudgeBudget(limit, spent, expected, step)
    return JudgeBudget(limit, spent, Decimal(0), Step.ALWAYS_ONLY)


class Meter:
    """How far down each project is while a run goes on: `spent` reads USD of the day by project; `clock` seconds.

    A run keeps the judges that it began with, since the scores of two judges are never pooled: the meter only takes
    interactions out of the sample.
    """

    def __init__(
        self,
        planned: Mapping[str, JudgeBudget],
        spent: Callable[[], Mapping[str, Decimal]],
        clock: Callable[[], float],
    ) -> None:
        self._planned = planned
        self._steps = {project: budget.step for project, budget in planned.items()}
        self._read_spent = spent
        self._clock = clock
        self._read_at = -inf
        self.spent: Mapping[str, Decimal] = {}

    def step(self, project: str) -> Step:
        """Where the project stands now; `FULL` without a budget."""
        if self._planned and self._clock() - self._read_at >= READ_EVERY_S:
            self._read()
        return self._steps.get(project, Step.FULL)

    @property
    def planned(self) -> dict[str, Step]:
        """Where each project stood when the run was planned."""
        return {project: budget.step for project, budget in self._planned.items()}

    def _read(self) -> None:
        self.spent = self._read_spent()
        for project, budget in self._planned.items():
            now = self.spent.get(project, Decimal(0))
            reached = Step.ALWAYS_ONLY if now >= LAST_AT * budget.limit else Step.SMALLER
            if now >= SMALLER_AT * budget.limit:
                self._steps[project] = max(self._steps[project], reached)
        self._read_at = self._clock()


Pending = Generator[tuple[Interaction, Collection[str]]]


def metered(
    shard: Shard, pending: Callable[[Shard], Pending], meter: Meter, step_down: Callable[[str, Step, Shard], None]
) -> Pending:
    """What `pending` gives of the shard, while each project may go further down.

    Where one does, `step_down` is told the project, its step, and the part of the shard that nobody has begun, takes
    its share of that out of the sample, and what is left is read again.
    """
    taken = meter.planned
    while True:
        with closing(pending(shard)) as work:
            for interaction, missing in work:
                step = meter.step(interaction.project)
                if step > taken.get(interaction.project, Step.FULL):
                    break
                yield interaction, missing
            else:
                return
        taken[interaction.project] = step
        shard = replace(shard, first=(interaction.logged_at.isoformat(), interaction.interaction_id))
        step_down(interaction.project, step, shard)

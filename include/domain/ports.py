"""What the stages need of the outside world, as Protocols; adapters implement them, the pipeline plugs them in."""

from __future__ import annotations

from typing import Protocol

from include.domain.interaction import Interaction
from include.domain.score import Epoch, Outcome


class Judge(Protocol):
    """Scores one dimension of one interaction."""

    @property
    def epoch(self) -> Epoch:
        """The judge's identity."""
        ...

    async def score(self, interaction: Interaction) -> Outcome:
        """A `Score` or a `ScoreFailure`; raises `JudgeMisconfigured` where no interaction can be scored."""
        ...

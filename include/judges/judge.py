"""An interaction goes in; a score, or the typed reason why there is none, comes out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from decimal import Decimal

from include.domain.interaction import Interaction
from include.domain.ports import Judge
from include.domain.score import Epoch, FailureType, Opinion, Outcome, Score, ScoreFailure, Statement, Usage
from include.errors import JudgeError, JudgeMisconfigured
from include.judges.redaction import Redactor


@dataclass(frozen=True, slots=True)
class Finding:
    """What a judge thinks of an interaction: `value` in [0, 1], and what it took to find it (`cost` in USD).

    `statements` only of a judge that takes the answer apart. A cascade and a panel have none to choose from: what they
    hear are verdicts by a rubric, one of each member on the whole answer.
    """

    value: float
    explanation: str
    usage: Usage = field(default_factory=Usage)
    cost: Decimal | None = Decimal(0)
    members: tuple[Opinion, ...] = ()
    statements: tuple[Statement, ...] = ()


class FindingJudge(ABC):
    """A `Judge` whose subclass only finds; an interaction without an answer is not even looked at.

    The subclass sees what `redactor` leaves of the interaction; what it explains is put back into the log's words.
    """

    def __init__(self, epoch: Epoch, redactor: Redactor | None = None) -> None:
        self.redactor = redactor or Redactor(())
        self._epoch = replace(epoch, parts={**epoch.parts, **self.redactor.parts})
        self._epoch_id = self._epoch.id

    @property
    def epoch(self) -> Epoch:
        """The judge's identity."""
        return self._epoch

    async def score(self, interaction: Interaction) -> Outcome:
        """See `Judge`."""
        if not interaction.response.strip() or interaction.error_type:
            why = interaction.error_type or "the response is empty"
            return self._failure(interaction, FailureType.NO_RESPONSE, f"the application gave no answer: {why}")
        shown, restore = self.redactor(interaction)
        try:
            found = await self._find(shown)
        except JudgeMisconfigured:
            raise
        except JudgeError as error:
            return self._failure(interaction, FailureType(error.error_type), str(error), retryable=error.retryable)
        return Score(
            interaction_id=interaction.interaction_id,
            logged_at=interaction.logged_at,
            dimension=self._epoch.dimension,
            value=found.value,
            explanation=restore(found.explanation),
            source=self._epoch.source,
            epoch=self._epoch_id,
            usage=found.usage,
            cost=found.cost,
            members=tuple(replace(one, explanation=restore(one.explanation)) for one in found.members),
            statements=tuple(Statement(restore(one.text), restore(one.reason), one.good) for one in found.statements),
        )

    @abstractmethod
    async def _find(self, interaction: Interaction) -> Finding:
        """Raises `JudgeError`."""

    def _failure(
        self, interaction: Interaction, kind: FailureType, message: str, *, retryable: bool = False
    ) -> ScoreFailure:
        return ScoreFailure(
            interaction_id=interaction.interaction_id,
            logged_at=interaction.logged_at,
            dimension=self._epoch.dimension,
            error_type=kind,
            message=message,
            retryable=retryable,
            source=self._epoch.source,
            epoch=self._epoch_id,
        )


def hidden(judges: Iterable[Judge]) -> dict[str, int]:
    """How many values of each kind were kept from the judges so far; what several of them share counts once."""
    redactors = {id(judge.redactor): judge.redactor for judge in judges if isinstance(judge, FindingJudge)}
    return dict(sum((redactor.counts for redactor in redactors.values()), Counter()))


def nothing_to_judge(interaction: Interaction, *, contexts_needed: bool) -> JudgeError:
    """Why an interaction gives a judge nothing to go by; no retry helps."""
    if contexts_needed and not any(text.strip() for text in interaction.retrieved_contexts):
        return JudgeError("no passages were logged", error_type=FailureType.NO_CONTEXTS.value, retryable=False)
    kind = FailureType.NOTHING_TO_JUDGE.value
    return JudgeError("the answer states nothing that could be judged", error_type=kind, retryable=False)

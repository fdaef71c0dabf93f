"""In goes an interaction; out comes what any judge asks of it first: is there an answer, and what would be right."""

from __future__ import annotations

from include.domain.interaction import Interaction
from include.domain.score import Epoch, FailureType, ScoreFailure

REFERENCES = "references"
"""The attribute that may hold further answers, each as good as `Interaction.reference`."""


def failure(
    interaction: Interaction, epoch: Epoch, error_type: FailureType, message: str, *, retryable: bool = False
) -> ScoreFailure:
    """Why this judge gave this interaction no score."""
    return ScoreFailure(
        interaction.interaction_id,
        interaction.logged_at,
        epoch.dimension,
        error_type,
        message,
        retryable,
        epoch.source,
        epoch.id,
    )


def unanswered(interaction: Interaction, epoch: Epoch) -> ScoreFailure | None:
    """The failure of every judge where the application got no answer, or an error instead of one."""
    if interaction.error_type is None and interaction.response.strip():
        return None
    cause = f"the application logged the error {interaction.error_type[:80]}" if interaction.error_type else "no answer"
    return failure(interaction, epoch, FailureType.NO_RESPONSE, f"There is nothing to judge: {cause}.")


def references(interaction: Interaction) -> tuple[str, ...]:
    """Answers that are known to be right, any of which will do; empty where none is known."""
    further = interaction.attributes.get(REFERENCES)
    texts = [interaction.reference, *(further if isinstance(further, list) else ())]
    return tuple(dict.fromkeys(text for text in texts if isinstance(text, str) and text.strip()))

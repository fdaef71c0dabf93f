"""How projects are judged goes in; what hides personal data and keys in the report's examples comes out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from include.domain.interaction import Interaction
from include.domain.report import Example
from include.judges.judging import JudgingFile
from include.judges.redaction.outward import outward


def hidden(judging: JudgingFile) -> Callable[[Example], Example]:
    """Hides at least as much as a judge of the project is not to see, in the judges' reasoning as well."""
    redactor = outward(judging)

    def hide(example: Example) -> Example:
        logged = Interaction(
            interaction_id=example.interaction_id,
            logged_at=example.logged_at,
            occurred_at=example.logged_at,
            project=example.project,
            environment=example.environment,
            user_input=example.user_input,
            response=example.response,
            # A value has the same placeholder wherever it stands, so what judges quote is hidden along with it.
            retrieved_contexts=tuple(said.explanation for said in example.scores),
        )
        shown, _ = redactor(example.project)(logged)
        scores = zip(example.scores, shown.retrieved_contexts, strict=True)
        return replace(
            example,
            user_input=shown.user_input,
            response=shown.response,
            scores=tuple(replace(said, explanation=explanation) for said, explanation in scores),
        )

    return hide

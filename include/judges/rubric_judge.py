"""An interaction goes in, one call to a language model with a rubric is made, a score comes out."""

from __future__ import annotations

from include.domain.interaction import Interaction
from include.domain.llm import CallPurpose, LLMRequest
from include.domain.score import Epoch, ScoreSource, digest
from include.judges.calls import Calls
from include.judges.judge import Finding, FindingJudge
from include.judges.prompt import LAYOUT, basis, system, user
from include.judges.reply import PARSER_VERSION
from include.judges.rubric import SCHEMA, SCHEMA_NAME, Rubric, normalised, verdict


class RubricJudge(FindingJudge):
    """A language model that judges by a rubric; `secret` is the installation's, for the fences."""

    def __init__(self, rubric: Rubric, calls: Calls, *, max_output_tokens: int, secret: bytes) -> None:
        self._rubric = rubric
        self._calls = calls
        self._max_output_tokens = max_output_tokens
        self._secret = secret
        self._system = system(rubric)
        super().__init__(
            Epoch(
                dimension=rubric.name,
                source=ScoreSource.LLM_JUDGE,
                judge=f"rubric {rubric.name} {rubric.version}",
                parts={
                    "provider": calls.client.provider,
                    "model": calls.client.model,
                    "temperature": rubric.temperature,
                    "max_output_tokens": max_output_tokens,
                    "rubric": digest([self._system.content, list(rubric.inputs)]),
                    "layout": LAYOUT,
                    "schema": digest(SCHEMA),
                    "parser": PARSER_VERSION,
                },
            )
        )

    async def _find(self, interaction: Interaction) -> Finding:
        request = LLMRequest(
            messages=(self._system, user(self._rubric, interaction, self._secret)),
            schema_name=SCHEMA_NAME,
            schema=SCHEMA,
            temperature=self._rubric.temperature,
            max_output_tokens=self._max_output_tokens,
        )
        purpose = CallPurpose(interaction.project, self._epoch.dimension, self._epoch.judge)
        answer = await self._calls.ask(request, purpose, verdict)
        return Finding(
            value=normalised(answer.value.score),
            explanation=f"{basis(self._rubric, interaction)}: {answer.value.reasoning}",
            usage=answer.bill.usage,
            cost=answer.bill.cost,
        )

"""RAGAS's metrics over our own client: its prompts and arithmetic, our retries, ledger, fences and checks.

The only module that imports ragas, and only inside functions: it costs seconds and hundreds of megabytes.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.metadata import version
from typing import Any, TypeVar

from pydantic import BaseModel

from include.domain.interaction import Interaction, Json
from include.domain.llm import CallPurpose, ChatMessage, LLMRequest
from include.domain.score import Epoch, ScoreSource, digest
from include.judges.calls import Bill, Calls
from include.judges.fence import NOTICE, enclose
from include.judges.judge import Finding, FindingJudge, nothing_to_judge
from include.judges.reply import PARSER_VERSION, Malformed, parse

M = TypeVar("M", bound=BaseModel)

NAME = "faithfulness"

LAYOUT = 1
"""Raised whenever RAGAS's prompt is cut or fenced differently."""

SEAM = "\nNow perform the same with the following input\ninput: "
"""Where RAGAS's constant prompt ends. Logged text cannot hold it: it is JSON from here on, without line breaks."""

_SHOWN = 5


class RagasFaithfulness(FindingJudge):
    """The share of an answer's statements that its passages bear out: two calls, of which the second needs the first.

    Verdicts are 0 or 1 and there are as many as statements: RAGAS checks neither, so this does.
    """

    def __init__(self, calls: Calls, *, temperature: float, max_output_tokens: int, secret: bytes) -> None:
        self.calls = calls
        self._temperature = temperature
        self._max_output_tokens = max_output_tokens
        self._secret = secret
        super().__init__(
            Epoch(
                dimension=NAME,
                source=ScoreSource.RAGAS,
                judge=f"ragas {NAME}",
                parts={
                    "provider": calls.client.provider,
                    "model": calls.client.model,
                    "temperature": temperature,
                    "max_output_tokens": max_output_tokens,
                    "ragas": version("ragas"),
                    "layout": LAYOUT,
                    "notice": digest(NOTICE),
                    "parser": PARSER_VERSION,
                },
            )
        )

    async def _find(self, interaction: Interaction) -> Finding:
        contexts = [text for text in interaction.retrieved_contexts if text.strip()]
        if not contexts:
            raise nothing_to_judge(interaction, contexts_needed=True)
        metric, conversation = _ragas()
        talk = conversation(self, interaction.project)
        question = interaction.user_input or "(none)"  # RAGAS refuses an empty one
        result = await metric(llm=talk).ascore(question, interaction.response, contexts)
        if not talk.statements:
            raise nothing_to_judge(interaction, contexts_needed=False)
        return Finding(result.value, _explanation(talk.verdicts), talk.bill.usage, talk.bill.cost)

    def request(self, prompt: str, model: type[BaseModel]) -> LLMRequest:
        """RAGAS's prompt, its constant part first and the logged text fenced."""
        constant, _, logged = prompt.rpartition(SEAM)
        return LLMRequest(
            messages=(
                ChatMessage(
                    "system", f"{constant}\n\n{NOTICE}\n\nPerform the same with the input in the user message."
                ),
                ChatMessage("user", enclose([("input", logged.removesuffix("\nOutput: "))], self._secret)),
            ),
            schema_name=model.__name__,
            schema=_schema(model),
            temperature=self._temperature,
            max_output_tokens=self._max_output_tokens,
        )


def prepare() -> None:
    """Pay for RAGAS's import now, and not in the first score."""
    _ragas()


def _explanation(verdicts: list[Any]) -> str:
    unsupported = [one for one in verdicts if not one.verdict]
    if not unsupported:
        return f"The passages bear out all {len(verdicts)} statements."
    shown = "; ".join(f'"{one.statement}" ({one.reason})' for one in unsupported[:_SHOWN])
    more = f"; and {len(unsupported) - _SHOWN} more" if len(unsupported) > _SHOWN else ""
    return f"{len(unsupported)} of {len(verdicts)} statements are not borne out by the passages: {shown}{more}."


def _check_verdicts(verdicts: Sequence[Any], statements: int) -> None:
    if len(verdicts) != statements:
        raise Malformed(f"{len(verdicts)} verdicts on {statements} statements")
    if any(one.verdict not in (0, 1) for one in verdicts):
        raise Malformed("a verdict is neither 0 nor 1")


@lru_cache(maxsize=8)
def _schema(model: type[BaseModel]) -> Mapping[str, Json]:
    """The JSON schema of RAGAS's model, without leave to add keys: what endpoints demand of a strict one."""
    schema: dict[str, Any] = model.model_json_schema()
    for part in (schema, *schema.get("$defs", {}).values()):
        part["additionalProperties"] = False
    return schema


@lru_cache(maxsize=1)
def _ragas() -> tuple[type[Any], type[Any]]:
    """RAGAS's metric and, as a class of ours, the model that it asks; RAGAS is imported only now.

    Unless told not to before that, it reports home about every call.
    """
    os.environ["RAGAS_DO_NOT_TRACK"] = "true"
    from ragas.llms.base import InstructorBaseRagasLLM
    from ragas.metrics.collections import Faithfulness
    from ragas.metrics.collections.faithfulness.util import NLIStatementOutput

    class Conversation(InstructorBaseRagasLLM):  # type: ignore[misc]
        """The calls about one interaction: what they said and what they cost."""

        def __init__(self, judge: RagasFaithfulness, project: str) -> None:
            self._judge = judge
            self._purpose = CallPurpose(project, NAME, judge.epoch.judge)
            self.statements: list[str] = []
            self.verdicts: list[Any] = []
            self.bill = Bill()

        def generate(self, prompt: str, response_model: type[M]) -> M:
            raise NotImplementedError("only the asynchronous half is used")

        async def agenerate(self, prompt: str, response_model: type[M]) -> M:
            examines = issubclass(response_model, NLIStatementOutput)

            def read(content: str) -> M:
                reply = parse(content, response_model)
                if examines:
                    _check_verdicts(reply.statements, len(self.statements))  # type: ignore[attr-defined]
                return reply

            request = self._judge.request(prompt, response_model)
            answer = await self._judge.calls.ask(request, self._purpose, read)
            self.bill += answer.bill
            setattr(self, "verdicts" if examines else "statements", answer.value.statements)  # type: ignore[attr-defined]
            return answer.value

    return Faithfulness, Conversation

"""A language model in memory: answers the schemas of the judges, in order of a script where it is given one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from include.domain.llm import LLMReply, LLMRequest
from include.domain.score import Usage
from include.errors import JudgeError

USAGE = Usage(input_tokens=100, output_tokens=20)
Said = str | LLMReply | JudgeError


def reply(content: str, finish_reason: str = "stop") -> LLMReply:
    return LLMReply(content, finish_reason, USAGE, "m-1", "r", 1.0)


class FakeModel:
    """An opened client; the last step of its script, or what fits the schema, is said for ever."""

    endpoint, provider, model = "http://model.test/v1", "openai", "m"

    def __init__(self, *script: Said, wait_s: float = 0.0) -> None:
        self.script = list(script)
        self.wait_s = wait_s
        self.requests: list[LLMRequest] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    async def complete(self, request: LLMRequest) -> LLMReply:
        self.requests.append(request)
        await asyncio.sleep(self.wait_s)
        said: Said = plausible(request)
        if self.script:
            said = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if isinstance(said, JudgeError):
            raise said
        return said if isinstance(said, LLMReply) else reply(said)


def plausible(request: LLMRequest, statements: Sequence[str] = ("It opens at nine.", "It closes at ten.")) -> str:
    """What a model would say that always finds two statements, the first of them borne out."""
    if request.schema_name == "verdict":
        return json.dumps({"reasoning": "It is right and complete.", "score": 4})
    reason = "The passage says so."
    marks = [1, *[0] * (len(statements) - 1)]
    match request.schema_name:
        case "StatementGeneratorOutput":
            return json.dumps({"statements": list(statements)})
        case "ClaimDecompositionOutput":
            return json.dumps({"claims": list(statements)})
        case "ContextPrecisionOutput":
            return json.dumps({"reason": reason, "verdict": 1})
        case "ContextRecallOutput":
            parts = [
                {"statement": one, "reason": reason, "attributed": mark}
                for one, mark in zip(statements, marks, strict=True)
            ]
            return json.dumps({"classifications": parts})
        case "AnswerRelevanceOutput":
            return json.dumps({"question": "When does it open?", "noncommittal": 0})
        case _:
            return verdicts(marks, statements)


def verdicts(values: Sequence[object], statements: Sequence[str] = ("It opens at nine.", "It closes at ten.")) -> str:
    return json.dumps(
        {
            "statements": [
                {"statement": statement, "reason": "The passage says so.", "verdict": value}
                for statement, value in zip(statements, values, strict=False)
            ]
        }
    )

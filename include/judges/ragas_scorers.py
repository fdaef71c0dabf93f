"""RAGAS's metrics over our own client: its prompts and arithmetic, our retries, ledger, fences and checks.

The only module that imports ragas, and only inside functions: it costs seconds and hundreds of megabytes.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import lru_cache
from importlib.metadata import version
from math import isnan
from typing import Any, TypeVar

from pydantic import BaseModel

from include.domain.interaction import Interaction, Json
from include.domain.llm import CallPurpose, ChatMessage, LLMRequest
from include.domain.score import Epoch, ScoreSource, Statement, digest
from include.judges.calls import Bill, Calls
from include.judges.estimate import ExpectedCall
from include.judges.fence import NOTICE, enclose
from include.judges.judge import Finding, FindingJudge, nothing_to_judge
from include.judges.ragas_metrics import Metric, Texts
from include.judges.ragas_replies import marks, parts, vector
from include.judges.redaction import Redactor
from include.judges.reply import PARSER_VERSION, parse

M = TypeVar("M", bound=BaseModel)

LAYOUT = 1
"""Raised whenever RAGAS's prompt is cut or fenced differently."""

SEAM = "\nNow perform the same with the following input\ninput: "
"""Where RAGAS's constant prompt ends. Logged text cannot hold it: it is JSON from here on, without line breaks."""


class RagasJudge(FindingJudge):
    """One of RAGAS's metrics; see `FindingJudge` for `redactor`. One that embeds does so by `embedding`."""

    def __init__(
        self,
        metric: Metric,
        calls: Calls,
        *,
        temperature: float,
        max_output_tokens: int,
        secret: bytes,
        redactor: Redactor | None = None,
        embedding: Calls | None = None,
    ) -> None:
        self.metric = metric
        self.calls = calls
        self.embedding = embedding
        self._temperature = temperature
        self._max_output_tokens = max_output_tokens
        self._secret = secret
        self._notice = "\n\n".join(filter(None, [NOTICE, redactor.notice if redactor else ""]))
        identity: dict[str, Json] = {
            "provider": calls.client.provider,
            "model": calls.client.model,
            "temperature": temperature,
            "max_output_tokens": max_output_tokens,
            "ragas": version("ragas"),
            "layout": LAYOUT,
            "notice": digest(NOTICE),
            "parser": PARSER_VERSION,
            **({"embedding": [embedding.client.provider, embedding.client.model]} if embedding else {}),
        }
        super().__init__(Epoch(metric.dimension, ScoreSource.RAGAS, f"ragas {metric.dimension}", identity), redactor)

    async def _find(self, interaction: Interaction) -> Finding:
        texts = Texts.of(interaction)
        if lack := self.metric.lacks(texts):
            raise lack
        conversation, vectors = _ours()
        talk = conversation(self, interaction)
        given = {name: getattr(texts, name) for name in self.metric.takes}
        means = {"llm": talk, **({"embeddings": vectors(talk)} if self.embedding else {})}
        value = (await _metric(self.metric.ragas)(**means).ascore(**given)).value
        if isnan(value):
            raise nothing_to_judge(interaction, contexts_needed=False)
        value = min(1.0, max(0.0, 1 - value if self.metric.less_is_better else value))  # rounding may lead out
        return Finding(
            value,
            self.metric.told(value, talk.marks),
            talk.bill.usage,
            talk.bill.cost,
            statements=tuple(talk.marks) if self.metric.states else (),
        )

    def request(self, constant: str, logged: str, model: type[BaseModel], sample: int) -> LLMRequest:
        """RAGAS's prompt, its constant part first and the logged text fenced."""
        return LLMRequest(
            messages=(
                ChatMessage(
                    "system", f"{constant}\n\n{self._notice}\n\nPerform the same with the input in the user message."
                ),
                ChatMessage("user", enclose([("input", logged)], self._secret)),
            ),
            schema_name=model.__name__,
            schema=_schema(model),
            temperature=self._temperature,
            max_output_tokens=self._max_output_tokens,
            sample=sample,
        )

    def expected(self, interaction: Interaction) -> Iterable[ExpectedCall]:
        """The calls that scoring it will take, by the lengths of its texts."""
        texts = Texts.of(interaction)
        if not self.metric.lacks(texts):
            for asked, answered in self.metric.expected(texts):
                yield ExpectedCall(self.calls.client, asked, answered)
                if self.embedding:
                    yield ExpectedCall(self.embedding.client, len(texts.user_input), 0)
            if self.embedding:
                yield ExpectedCall(self.embedding.client, len(texts.user_input), 0)


def prepare() -> None:
    """Pay for RAGAS's import now, and not in the first score."""
    _ours()


def cut(prompt: str) -> tuple[str, str]:
    """The constant part of RAGAS's prompt, and the JSON that it asks about."""
    constant, _, logged = prompt.rpartition(SEAM)
    return constant, logged.removesuffix("\nOutput: ")


@lru_cache(maxsize=16)
def _schema(model: type[BaseModel]) -> Mapping[str, Json]:
    """The JSON schema of RAGAS's model, without leave to add keys: what endpoints demand of a strict one."""
    schema: dict[str, Any] = model.model_json_schema()
    for part in (schema, *schema.get("$defs", {}).values()):
        part["additionalProperties"] = False
    return schema


@lru_cache(maxsize=16)
def _metric(name: str) -> type[Any]:
    from ragas.metrics import collections

    found: type[Any] = getattr(collections, name)
    return found


def _embedding_of(text: str) -> LLMRequest:
    return LLMRequest((ChatMessage("user", text),), "embedding", {}, temperature=0, max_output_tokens=0)


@lru_cache(maxsize=1)
def _ours() -> tuple[type[Any], type[Any]]:
    """The model that RAGAS asks and the one that embeds, as classes of ours; RAGAS is imported only now.

    Unless told not to before that, it reports home about every call.
    """
    os.environ["RAGAS_DO_NOT_TRACK"] = "true"
    import ragas.metrics.collections  # noqa: F401
    from ragas.embeddings.base import BaseRagasEmbedding
    from ragas.llms.base import InstructorBaseRagasLLM

    class Conversation(InstructorBaseRagasLLM):  # type: ignore[misc]
        """The calls about one interaction: what they said and what they cost."""

        def __init__(self, judge: RagasJudge, interaction: Interaction) -> None:
            self._judge = judge
            self._interaction = interaction
            self._purpose = CallPurpose(interaction.project, judge.metric.dimension, judge.epoch.judge)
            self._asked = 0
            self.marks: list[Statement] = []
            self.bill = Bill()

        def generate(self, prompt: str, response_model: type[M]) -> M:
            raise NotImplementedError("only the asynchronous half is used")

        async def agenerate(self, prompt: str, response_model: type[M]) -> M:
            constant, logged = cut(prompt)
            asked = json.loads(logged)
            found: list[Statement] = []

            def read(content: str) -> M:
                reply = parse(content, response_model)
                found[:] = marks(reply, asked)
                return reply

            sample = self._asked if self._judge.metric.samples else 0
            self._asked += 1
            request = self._judge.request(constant, logged, response_model, sample)
            answer = await self._judge.calls.ask(request, self._purpose, read)
            self.bill += answer.bill
            number = len(self.marks) + 1
            self.marks += [mark if mark.text else replace(mark, text=f"passage {number}") for mark in found]
            if not parts(answer.value):  # nothing was stated
                raise nothing_to_judge(self._interaction, contexts_needed=False)
            return answer.value

        async def embed(self, text: str) -> list[float]:
            assert self._judge.embedding, "only a metric that embeds is hired with one"
            answer = await self._judge.embedding.ask(_embedding_of(text), self._purpose, vector)
            self.bill += answer.bill
            return answer.value

    class Vectors(BaseRagasEmbedding):  # type: ignore[misc]
        """Embeds the texts of one conversation."""

        def __init__(self, talk: Conversation) -> None:
            super().__init__()
            self._talk = talk

        def embed_text(self, text: str, **_: object) -> list[float]:
            raise NotImplementedError("only the asynchronous half is used")

        async def aembed_text(self, text: str, **_: object) -> list[float]:
            return await self._talk.embed(text)

    return Conversation, Vectors

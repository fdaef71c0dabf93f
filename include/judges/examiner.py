"""An interaction goes in, one model is asked about it by a rubric; what it said, and what that took, comes out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import exp

from include.domain.interaction import Interaction, Json
from include.domain.llm import CallPurpose, LLMReply, LLMRequest
from include.domain.score import Opinion, Verdict, digest
from include.judges.calls import Bill, Calls
from include.judges.estimate import ExpectedCall
from include.judges.prompt import LAYOUT, system, user
from include.judges.reply import PARSER_VERSION
from include.judges.rubric import SCHEMA, SCHEMA_NAME, Rubric, normalised, verdict

VERDICT_CHARACTERS = 480
"""Reasoning of a few sentences and a score."""


@dataclass(frozen=True, slots=True)
class Heard:
    """One reply: the point that it gave, and how probable the token of that point was, where that was told."""

    opinion: Opinion
    point: int
    probability: float | None
    bill: Bill


class Examiner:
    """One model that judges by a rubric; `secret` is the installation's, for the fences.

    `notice` is what it must know of the texts besides the rubric, as of placeholders in them.
    """

    def __init__(
        self, rubric: Rubric, calls: Calls, *, max_output_tokens: int, secret: bytes, notice: str = ""
    ) -> None:
        self.rubric = rubric
        self.client = calls.client
        self._calls = calls
        self._max_output_tokens = max_output_tokens
        self._secret = secret
        self._system = system(rubric, notice)

    @property
    def parts(self) -> Mapping[str, Json]:
        """Everything that can change what it says of the same interaction."""
        return {
            "provider": self.client.provider,
            "model": self.client.model,
            "temperature": self.rubric.temperature,
            "max_output_tokens": self._max_output_tokens,
            "rubric": digest([self._system.content, list(self.rubric.inputs)]),
            "layout": LAYOUT,
            "schema": digest(SCHEMA),
            "parser": PARSER_VERSION,
        }

    async def ask(self, interaction: Interaction, judge: str, *, sample: int = 0, logprobs: bool = False) -> Heard:
        """Its opinion, on behalf of the judge of that name; raises `JudgeError`."""
        purpose = CallPurpose(interaction.project, self.rubric.name, judge)
        answer = await self._calls.ask(self.request(interaction, sample, logprobs=logprobs), purpose, verdict)
        said, bill = answer.value, answer.bill
        opinion = Opinion(self.client.model, normalised(said.score), said.reasoning, bill.cost, sample)
        return Heard(opinion, said.score, probability(answer.reply, said), bill)

    def request(self, interaction: Interaction, sample: int = 0, *, logprobs: bool = False) -> LLMRequest:
        """What the model is asked: what is the same for every interaction comes first."""
        return LLMRequest(
            messages=(self._system, user(self.rubric, interaction, self._secret)),
            schema_name=SCHEMA_NAME,
            schema=SCHEMA,
            temperature=self.rubric.temperature,
            max_output_tokens=self._max_output_tokens,
            sample=sample,
            logprobs=logprobs,
        )

    def expected(self, interaction: Interaction, likely: float = 1.0) -> ExpectedCall:
        """The call that `ask` will make."""
        asked = len(self._system.content) + len(user(self.rubric, interaction, b"").content)
        return ExpectedCall(self.client, asked, VERDICT_CHARACTERS, likely)


def probability(reply: LLMReply, said: Verdict) -> float | None:
    """Of the last token of the reply that holds the score, in (0, 1]; None where it was not told."""
    tail = (exp(logprob) for token, logprob in reversed(reply.tail) if str(said.score) in token)
    return next(tail, None)

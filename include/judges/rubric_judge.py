"""An interaction goes in, one or several language models are asked by a rubric, a score comes out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from include.domain.interaction import Interaction, Json
from include.domain.score import Epoch, FailureType, Opinion, ScoreSource
from include.errors import JudgeError
from include.judges.calls import Bill
from include.judges.estimate import ExpectedCall
from include.judges.examiner import Examiner
from include.judges.judge import Finding, FindingJudge
from include.judges.prompt import basis
from include.judges.redaction import Redactor
from include.judges.rubric import Rubric


@dataclass(frozen=True, slots=True)
class Hearing:
    """What was heard: `value` in [0, 1], why, and the opinions behind it where there may be several."""

    value: float
    explanation: str
    bill: Bill
    members: tuple[Opinion, ...] = ()


class Method(Protocol):
    """Who is asked, and how a value is made of what they say."""

    @property
    def name(self) -> str:
        """What it is called after the rubric's name; "" for the plain one."""
        ...

    @property
    def parts(self) -> Mapping[str, Json]:
        """Everything that can change what is said of the same interaction."""
        ...

    async def hear(self, interaction: Interaction, judge: str) -> Hearing:
        """The value, asked for on behalf of the judge of that name; raises `JudgeError`."""
        ...

    def expected(self, interaction: Interaction) -> Iterable[ExpectedCall]:
        """The calls that it will take."""
        ...


@dataclass(frozen=True, slots=True)
class Single:
    """One model has the say."""

    examiner: Examiner
    name: str = ""

    @property
    def parts(self) -> Mapping[str, Json]:
        """See `Method`."""
        return self.examiner.parts

    async def hear(self, interaction: Interaction, judge: str) -> Hearing:
        """See `Method`."""
        heard = await self.examiner.ask(interaction, judge)
        return Hearing(heard.opinion.value, heard.opinion.explanation, heard.bill)

    def expected(self, interaction: Interaction) -> Iterable[ExpectedCall]:
        """See `Method`."""
        yield self.examiner.expected(interaction)


class RubricJudge(FindingJudge):
    """Judges by a rubric, in the languages that it is made for; see `FindingJudge` for `redactor`."""

    def __init__(self, rubric: Rubric, method: Method, redactor: Redactor | None = None) -> None:
        self._rubric = rubric
        self._method = method
        judge = " ".join(filter(None, ["rubric", rubric.name, str(rubric.version), method.name]))
        super().__init__(Epoch(rubric.name, ScoreSource.LLM_JUDGE, judge, method.parts), redactor)

    async def _find(self, interaction: Interaction) -> Finding:
        if not self._rubric.speaks(interaction):
            raise JudgeError(
                f"rubric {self._rubric.name} is made for {', '.join(self._rubric.languages)} "
                f"and not for {interaction.attributes['language']}",
                error_type=FailureType.UNSUPPORTED_LANGUAGE.value,
                retryable=False,
            )
        heard = await self._method.hear(interaction, self._epoch.judge)
        return Finding(
            value=heard.value,
            explanation=f"{basis(self._rubric, interaction)}: {heard.explanation}",
            usage=heard.bill.usage,
            cost=heard.bill.cost,
            members=heard.members,
        )

    def expected(self, interaction: Interaction) -> Iterable[ExpectedCall]:
        """The calls that scoring it will take, in tokens of the prompt at hand."""
        return self._method.expected(interaction) if self._rubric.speaks(interaction) else ()

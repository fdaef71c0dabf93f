"""A rubric's YAML goes in, typed, strictly validated; what a judge is told of it and how it answers comes out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from include.domain.interaction import Interaction, Json
from include.domain.score import Verdict
from include.judges.reply import parse

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Point = Literal[1, 2, 3, 4, 5]
Input = Literal["history", "user_input", "retrieved_contexts", "reference", "response"]

POINTS: tuple[Point, ...] = (1, 2, 3, 4, 5)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def wrong(problem: str, remedy: str) -> PydanticCustomError:
    """An error of a YAML file in words of our own, to be raised by a validator."""
    return PydanticCustomError("wrong", "{problem}", {"problem": problem, "remedy": remedy})


def once_each(values: Sequence[object]) -> Sequence[object]:
    """For a validator: `values` if none of them stands twice."""
    if twice := sorted({str(value) for value in values if values.count(value) > 1}):
        raise wrong(f"{', '.join(twice)} stands twice", "name each once")
    return values


def _not_a_yes_or_no(value: object) -> object:
    if value is False:  # YAML reads a bare `no` so
        raise wrong("YAML reads no as false", 'write "no" in quotes for Norwegian')
    return value


Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$"), BeforeValidator(_not_a_yes_or_no)]


class Example(_Strict):
    """An interaction with the verdict that it deserves."""

    user_input: Words
    response: Words
    retrieved_contexts: tuple[Words, ...] = ()
    reference: Words | None = None
    reasoning: Words
    score: Point


class Escalation(_Strict):
    """When a cascade's cheap judge counts as unsure, and how much of the traffic the strong one may judge again.

    It is unsure of a verdict in `scores`, where two `samples` of its verdict differ, and where the token of its score
    had a probability below `probability`, if its endpoint tells. `expected` is the largest share of the interactions
    that it is thought to be unsure of: see `include.judges.cascade`.
    """

    scores: tuple[Point, ...] = ()
    samples: Literal[1, 2] = 1
    probability: Annotated[float, Field(gt=0, le=1)] | None = None
    at_most: Annotated[float, Field(gt=0, le=1)]
    expected: Annotated[float, Field(gt=0, le=1)] = 1.0

    _scores = field_validator("scores")(once_each)

    @field_validator("at_most")
    @classmethod
    def _has_a_rule(cls, share: float, info: ValidationInfo) -> float:
        given = info.data
        if not (given.get("scores") or given.get("samples") == 2 or given.get("probability")):
            raise wrong("nothing says when a judge is unsure", "add scores, samples: 2 or probability")
        return share


class Rubric(_Strict):
    """What a domain expert owns: one question on a scale of five, and how to answer it.

    `name` is the dimension. `inputs` are the parts of an interaction that the judge may see. `languages` are those
    that it is made for (ISO 639-1), any if there are none. `escalate` matters only where a project has a cascade.
    `notes` say what changed between versions; they are for people and change no score.
    """

    name: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z_]*$")]
    version: Annotated[int, Field(ge=1)]
    question: Words
    guidance: Words
    scale: dict[Point, Words]
    inputs: Annotated[tuple[Input, ...], Field(min_length=1)]
    languages: tuple[Language, ...] = ()
    temperature: Annotated[float, Field(ge=0, le=2)] = 0.1
    examples: tuple[Example, ...] = ()
    escalate: Escalation | None = None
    notes: Annotated[dict[int, Words], Field(validate_default=True)] = {}

    _each = field_validator("inputs", "languages")(once_each)

    @field_validator("scale")
    @classmethod
    def _is_whole(cls, scale: dict[Point, str]) -> dict[Point, str]:
        if missing := [str(point) for point in POINTS if point not in scale]:
            raise wrong(f"{', '.join(missing)} has no anchor", "write a sentence for each point from 1 to 5")
        return scale

    @field_validator("inputs")
    @classmethod
    def _sees_the_response(cls, inputs: tuple[Input, ...]) -> tuple[Input, ...]:
        if "response" not in inputs:
            raise wrong("a judge that does not see the response judges nothing", "add response")
        return inputs

    @field_validator("examples")
    @classmethod
    def _show_what_it_sees(cls, examples: tuple[Example, ...], info: ValidationInfo) -> tuple[Example, ...]:
        seen = info.data.get("inputs", ())
        for number, example in enumerate(examples, start=1):
            for part in ("retrieved_contexts", "reference"):
                if getattr(example, part) and part not in seen and seen:
                    raise wrong(
                        f"example {number} has {part}, which inputs leave out", f"add {part} to inputs, or drop it"
                    )
        return examples

    @field_validator("notes")
    @classmethod
    def _tell_the_news(cls, notes: dict[int, str], info: ValidationInfo) -> dict[int, str]:
        version = info.data.get("version")
        if version is not None and version not in notes:
            raise wrong(f"nothing on version {version}", f"say what is new in version {version}")
        return notes

    def speaks(self, interaction: Interaction) -> bool:
        """False where another language was logged (attribute `language`) than the rubric is made for."""
        logged = interaction.attributes.get("language")
        if not self.languages or not isinstance(logged, str) or not logged.strip():
            return True
        return logged.strip().casefold().replace("_", "-").partition("-")[0] in self.languages


class _Reply(BaseModel):
    """What a judge answers; the reasoning comes first, so that the score follows from it."""

    model_config = ConfigDict(extra="forbid", strict=True)

    reasoning: Words
    score: Annotated[int, Field(ge=POINTS[0], le=POINTS[-1])]


SCHEMA_NAME = "verdict"
SCHEMA: dict[str, Json] = {
    "type": "object",
    "properties": {
        "reasoning": {"type": "string", "description": "What speaks for and against the answer, in a few sentences."},
        "score": {"type": "integer", "enum": list(POINTS), "description": "The point of the scale that fits."},
    },
    "required": ["reasoning", "score"],
    "additionalProperties": False,
}


def verdict(content: str) -> Verdict:
    """A judge's reply as a verdict; raises `Malformed` for anything else."""
    reply = parse(content, _Reply)
    return Verdict(reply.reasoning, reply.score)


def normalised(score: int) -> float:
    """A point of the scale 1 to 5 as a value in [0, 1]."""
    return (score - POINTS[0]) / (POINTS[-1] - POINTS[0])

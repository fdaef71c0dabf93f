"""A rubric's YAML goes in, typed, strictly validated; what a judge is told of it and how it answers comes out."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from include.domain.interaction import Json
from include.domain.score import Verdict
from include.judges.reply import parse

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Point = Literal[1, 2, 3, 4, 5]
Input = Literal["history", "user_input", "retrieved_contexts", "reference", "response"]

POINTS: tuple[Point, ...] = (1, 2, 3, 4, 5)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Example(_Strict):
    """An interaction with the verdict that it deserves."""

    user_input: Words
    response: Words
    retrieved_contexts: tuple[Words, ...] = ()
    reference: Words | None = None
    reasoning: Words
    score: Point


class Rubric(_Strict):
    """What a domain expert owns: one question on a scale of five, and how to answer it.

    `name` is the dimension. `inputs` are the parts of an interaction that the judge may see. `notes` say what
    changed between versions; they are for people and change no score.
    """

    name: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z_]*$")]
    version: Annotated[int, Field(ge=1)]
    question: Words
    guidance: Words
    scale: dict[Point, Words]
    inputs: Annotated[tuple[Input, ...], Field(min_length=1)]
    temperature: Annotated[float, Field(ge=0, le=2)] = 0.1
    examples: tuple[Example, ...] = ()
    notes: dict[int, Words] = {}

    @model_validator(mode="after")
    def _is_complete(self) -> Rubric:
        missing = [str(point) for point in POINTS if point not in self.scale]
        if missing:
            raise ValueError(f"scale: every point has an anchor sentence, {', '.join(missing)} has none")
        if "response" not in self.inputs:
            raise ValueError("inputs: a judge that does not see the response judges nothing")
        if self.version not in self.notes:
            raise ValueError(f"notes: say what is new in version {self.version}")
        return self


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

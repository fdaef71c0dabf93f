"""Enters: `phrases.yaml`. Leaves: what people and assistants say around the facts, by language."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from demo.world.model import Language

Texts = Annotated[tuple[str, ...], Field(min_length=1)]


class Injection(BaseModel):
    """An instruction planted in a text, an answer that obeys it, a sentence that declines it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    plant: str
    obeyed: str
    declined: str = ""


class Phrases(BaseModel):
    """Whole sentences or openings of one; those of the user first, then those of the assistant."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    hello: Texts
    thanks: Texts
    second: Texts
    again: Texts
    openers: Texts
    joins: Texts
    second_answers: Texts
    closings: Texts
    refusals: Texts
    filtered: Texts
    rude_openers: Texts
    rude_closers: Texts
    familiar_openers: Texts
    familiar_closers: Texts
    injections_context: Annotated[tuple[Injection, ...], Field(min_length=1)]
    injections_question: Annotated[tuple[Injection, ...], Field(min_length=1)]


@cache
def phrases_in(language: Language) -> Phrases:
    """What is said in this language."""
    content = yaml.safe_load((Path(__file__).parent / "phrases.yaml").read_text(encoding="utf-8"))
    return TypeAdapter(dict[Language, Phrases]).validate_python(content)[language]

"""A model's id goes in; what `models.yaml` and its connection say that it accepts comes out."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict

from include.adapters.yaml_file import load
from include.errors import ConfigError
from include.settings import Accepts

S = TypeVar("S", bound=StrEnum)

PATH = Path(__file__).with_name("models.yaml")


class Models(BaseModel):
    """The file: what families of models accept, for each of the two ways to speak to them."""

    model_config = ConfigDict(extra="forbid")

    chat_completions: dict[str, Accepts]
    messages: dict[str, Accepts]


def chat_completions(model: str, override: Accepts | None = None) -> Accepts:
    """What a model accepts of chat completions."""
    return _merged(_known().chat_completions, model, override)


def messages(model: str, override: Accepts | None = None) -> Accepts:
    """What a model accepts of Anthropic's Messages."""
    return _merged(_known().messages, model, override)


def shape_of(known: Accepts, shapes: type[S]) -> S:
    """The shape in the vendor's own words, its strictest where nothing is known; raises `ConfigError`."""
    try:
        return shapes(known.shape) if known.shape else next(iter(shapes))
    except ValueError:
        raise ConfigError(
            f"setting judge.accepts.shape: {known.shape!r} is none of {', '.join(shapes)} (connection assay_judge). "
            "Remedy: change the value"
        ) from None


def family(families: Mapping[str, Accepts], model: str) -> Accepts:
    """What is known of the longest family that the id belongs to: it is the family's name, or goes on after a "-".

    Gateways put a vendor before it ("openai/gpt-5-mini"), so the last part of a path counts.
    """
    name = model.rsplit("/", 1)[-1]
    fitting = [one for one in families if name == one or name.startswith(f"{one}-")]
    return families[max(fitting, key=len)] if fitting else Accepts()


def _merged(families: Mapping[str, Accepts], model: str, override: Accepts | None) -> Accepts:
    known, said = family(families, model), override or Accepts()
    return known.model_copy(update=said.model_dump(exclude_none=True))


@cache
def _known() -> Models:
    return load(PATH, Models)

"""Enters: the YAML files of `knowledge/`. Leaves: what each project's assistant knows, fact by fact and by language."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

from demo.world.model import Language
from demo.world.statement import Statement

FOLDER = Path(__file__).parent / "knowledge"

Texts = Annotated[tuple[str, ...], Field(min_length=1)]


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PartialFile(_File):
    """A statement that answers only the questions with these numbers: `ask` from 1, then `follow`."""

    only: Annotated[frozenset[int], Field(min_length=1)]
    say: str


class FactFile(_File):
    """How people ask for a fact, how they ask right after its neighbour, and what a right answer says."""

    ask: Texts
    follow: tuple[str, ...] = ()
    say: Annotated[tuple[str | PartialFile, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _every_question_has_an_answer(self) -> FactFile:
        questions = (*self.ask, *self.follow)
        known = range(1, len(questions) + 1)
        statements = self.statements()
        if any(number not in known for statement in statements for number in statement.only):
            raise ValueError(f"`only` names a question that is not there: {self.say}")
        for number in known:
            if not any(number in statement.only or not statement.only for statement in statements):
                raise ValueError(f"nothing answers: {questions[number - 1]}")
        return self

    def statements(self) -> tuple[Statement, ...]:
        """`say`, typed."""
        return tuple(Statement(say) if isinstance(say, str) else Statement(say.say, say.only) for say in self.say)


class VersionFile(_File):
    """A passage in one language."""

    text: str
    facts: Annotated[tuple[FactFile, ...], Field(min_length=1)]


class PassageFile(_File):
    """A passage; its German version, where there is one, has the same facts in the same order."""

    id: str
    topic: str
    en: VersionFile
    de: VersionFile | None = None

    def in_(self, language: Language) -> VersionFile | None:
        """The passage in this language, if there is such a version."""
        return self.en if language == "en" else self.de


class TopicFile(_File):
    """What can be said about a topic without knowing the passage."""

    situations: dict[Language, Texts]
    """Sentences that may stand before any question of this topic."""
    extras: dict[Language, Texts]
    """Plausible claims that no passage supports."""


class KnowledgeFile(_File):
    """One file of `knowledge/`."""

    project: str
    topics: dict[str, TopicFile]
    passages: Annotated[tuple[PassageFile, ...], Field(min_length=1)]


@dataclass(frozen=True, eq=False)
class Fact:
    """One fact of a passage in one language; compared by identity."""

    passage: str
    topic: str
    text: str
    """The passage that states it."""
    ask: tuple[str, ...]
    follow: tuple[str, ...]
    say: tuple[Statement, ...]
    say_foreign: tuple[Statement, ...]
    """What answers every question, in the other language; empty where the passage has no version in it."""


@dataclass(frozen=True)
class Asked:
    """A fact and the number of the wording that somebody asks for it with."""

    fact: Fact
    number: int

    @property
    def text(self) -> str:
        """The wording."""
        return (*self.fact.ask, *self.fact.follow)[self.number - 1]

    @property
    def statements(self) -> list[Statement]:
        """What answers this wording; never empty."""
        return [say for say in self.fact.say if not say.only or self.number in say.only]


@dataclass(frozen=True)
class Knowledge:
    """What one project's assistant can retrieve: facts by language, those of a passage side by side."""

    project: str
    topics: dict[str, TopicFile]
    facts: dict[Language, tuple[Fact, ...]]

    @cached_property
    def texts(self) -> dict[Language, dict[str, tuple[str, ...]]]:
        """The passages' texts, by language and topic."""
        return {
            language: {
                topic: tuple(dict.fromkeys(fact.text for fact in facts if fact.topic == topic)) for topic in self.topics
            }
            for language, facts in self.facts.items()
        }

    def siblings(self, fact: Fact, language: Language) -> list[Fact]:
        """The other facts of its passage."""
        return [other for other in self.facts[language] if other.passage == fact.passage and other is not fact]


@cache
def knowledge_of(project: str) -> Knowledge:
    """Read and check `knowledge/<project>.yaml`."""
    with (FOLDER / f"{project}.yaml").open(encoding="utf-8") as file:
        content = KnowledgeFile.model_validate(yaml.load(file, Loader=yaml.CSafeLoader))  # safe, and 8 times faster
    return Knowledge(
        project=content.project,
        topics=content.topics,
        facts={
            "en": tuple(_facts(content.passages, "en", "de")),
            "de": tuple(_facts(content.passages, "de", "en")),
        },
    )


def _facts(passages: tuple[PassageFile, ...], language: Language, other: Language) -> Iterator[Fact]:
    for passage in passages:
        version, twin = passage.in_(language), passage.in_(other)
        if version is None:
            continue
        foreign = [fact.statements() for fact in twin.facts] if twin else [()] * len(version.facts)
        for fact, foreign_say in zip(version.facts, foreign, strict=True):
            yield Fact(
                passage=passage.id,
                topic=passage.topic,
                text=version.text,
                ask=fact.ask,
                follow=fact.follow,
                say=fact.statements(),
                say_foreign=tuple(say for say in foreign_say if not say.only),
            )

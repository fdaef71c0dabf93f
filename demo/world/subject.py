"""Enters: what has been asked before and the defect that is planned. Leaves: the questions that are asked next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random

from demo.world.knowledge import Asked, Fact, Knowledge
from demo.world.model import Defect, Language

TWO_QUESTIONS = 0.12


def choose(
    knowledge: Knowledge, language: Language, defect: Defect | None, known: Sequence[Fact], rng: Random
) -> tuple[Asked, ...]:
    """One or two questions about what is not `known` from earlier turns.

    A conversation stays with the passage and the topic of its last fact as long as these have something new.
    Raises ValueError if the project has nothing left that can be told with this defect.
    """
    first = _next(knowledge, language, defect, known, rng, short=True)
    # The passage of a second fact might happen to hold the number that is wrong for the first.
    if defect == "wrong_number" or (defect != "half_missing" and rng.random() > TWO_QUESTIONS):
        return (first,)
    return (first, _next(knowledge, language, None, (*known, first.fact), rng, short=False))


def _next(
    knowledge: Knowledge, language: Language, defect: Defect | None, known: Sequence[Fact], rng: Random, *, short: bool
) -> Asked:
    previous = known[-1] if known else None
    for pool in _pools(knowledge, language, previous):
        start = rng.randrange(len(pool)) if pool else 0
        for fact in (*pool[start:], *pool[:start]):
            asked = Asked(fact, _wording(fact, previous if short else None, rng))
            if fact not in known and _suits(asked, defect):
                return asked
    raise ValueError(f"{knowledge.project} has nothing left in {language} that can be told with {defect}")


def _pools(knowledge: Knowledge, language: Language, previous: Fact | None) -> Iterator[Sequence[Fact]]:
    """Where to look for a fact, the best place first."""
    facts = knowledge.facts[language]
    if previous is not None:
        yield knowledge.siblings(previous, language)
        yield [fact for fact in facts if fact.topic == previous.topic]
    yield facts


def _wording(fact: Fact, previous: Fact | None, rng: Random) -> int:
    """The number of a wording; right after a fact of the same passage a short one will do."""
    if fact.follow and previous is not None and previous.passage == fact.passage:
        return len(fact.ask) + rng.randint(1, len(fact.follow))
    return rng.randint(1, len(fact.ask))


def _suits(asked: Asked, defect: Defect | None) -> bool:
    """Whether the question can be answered with this defect."""
    if defect == "wrong_number":
        return any(statement.has("number") for statement in asked.statements)
    if defect == "contradiction":
        return any(statement.has("condition") for statement in asked.statements)
    if defect == "wrong_language":
        return bool(asked.fact.say_foreign)
    return True

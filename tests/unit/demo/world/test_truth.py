"""Every row's truth is a property of its text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache

import pytest

from demo.world.fleet import PROFILES
from demo.world.knowledge import knowledge_of
from demo.world.model import Language, LogRow
from demo.world.phrases import phrases_in
from demo.world.retrieval import mentions
from demo.world.statement import CONDITION, NUMBER, Statement, wrong_values

from .conftest import Generated


def language_of(row: LogRow) -> Language:
    return "de" if row["attributes"]["locale"] == "de" else "en"


def other(language: Language) -> Language:
    return "en" if language == "de" else "de"


@cache
def true_statements(project: str, language: Language) -> frozenset[str]:
    return frozenset(say.true for fact in knowledge_of(project).facts[language] for say in fact.say)


@cache
def supported_by(project: str, language: Language, context: str) -> frozenset[str]:
    facts = knowledge_of(project).facts[language]
    return frozenset(say.true for fact in facts for say in fact.say if fact.text in context)


@cache
def one_wrong(project: str, language: Language, pattern: re.Pattern[str]) -> dict[str, tuple[str, ...]]:
    """Every statement with one slot wrong, and the values that are wrong in it."""
    return {
        Statement(f"{say.template[: slot.start()]}{slot[2]}{say.template[slot.end() :]}").true: (
            *wrong_values(slot[0]),
        )
        for fact in knowledge_of(project).facts[language]
        for say in fact.say
        for slot in pattern.finditer(say.template)
    }


def says_one_of(row: LogRow, statements: Iterable[str]) -> bool:
    return any(statement in said(row) for statement in statements)


def says_something_supported(row: LogRow) -> bool:
    """Whether the answer holds a true statement about the facts of a passage that was retrieved."""
    contexts = row["retrieved_contexts"]
    return any(says_one_of(row, supported_by(row["project"], language_of(row), context)) for context in contexts)


def says_something_true(row: LogRow, language: Language) -> bool:
    return says_one_of(row, true_statements(row["project"], language))


def extras(row: LogRow) -> Iterator[str]:
    for topic in knowledge_of(row["project"]).topics.values():
        yield from topic.extras[language_of(row)]


def said(row: LogRow) -> str:
    assert row["response"] is not None
    return row["response"]


def test_a_right_answer_tells_what_a_retrieved_passage_states(thursday: Generated) -> None:
    for row, truth in thursday.logged:
        if truth.defect is None:
            assert truth.correct
            assert truth.faithful
            assert truth.professional
            assert says_something_supported(row), row


def test_a_wrong_number_is_in_the_answer_and_in_no_context(thursday: Generated) -> None:
    rows = [row for row, truth in thursday.with_defect("wrong_number") if truth.incident is None]
    assert len(rows) > 100
    for row in rows:
        distorted = one_wrong(row["project"], language_of(row), NUMBER)
        planted = [value for text, values in distorted.items() if text in said(row) for value in values]
        assert planted, row
        assert not any(mentions(context, value) for context in row["retrieved_contexts"] for value in planted), row


def test_a_contradiction_says_what_no_true_statement_says(thursday: Generated) -> None:
    rows = [(row, truth) for row, truth in thursday.with_defect("contradiction") if truth.incident is None]
    assert len(rows) > 100
    for row, truth in rows:
        language = language_of(row)
        assert not truth.correct
        distorted = set(one_wrong(row["project"], language, CONDITION))
        assert says_one_of(row, distorted - true_statements(row["project"], language)), row


def test_an_answer_of_the_swapped_model_is_wrong_throughout(thursday: Generated) -> None:
    rows = [row for row, truth in thursday.logged if truth.incident == "model-swap"]
    assert len(rows) > 30
    for row in rows:
        language = language_of(row)
        facts = knowledge_of(row["project"]).facts[language]
        assert says_one_of(row, {say.all_wrong.text for fact in facts for say in fact.say}), row
        assert not says_something_supported(row), row


def test_an_unsupported_claim_is_in_no_context(thursday: Generated) -> None:
    for row, truth in thursday.with_defect("unsupported"):
        claims = [extra for extra in extras(row) if extra in said(row)]
        assert claims
        assert not truth.faithful
        assert not any(claim in context for claim in claims for context in row["retrieved_contexts"])


def test_a_lost_context_leaves_a_right_answer_without_support(thursday: Generated) -> None:
    rows = thursday.with_defect("lost_context")
    assert len(rows) > 50
    for row, truth in rows:
        assert truth.correct
        assert not truth.faithful
        assert says_something_true(row, language_of(row))
        assert not says_something_supported(row)


def test_a_half_missing_answer_says_one_true_thing_of_two(thursday: Generated) -> None:
    for row, truth in thursday.with_defect("half_missing"):
        assert not truth.correct
        assert truth.faithful
        assert says_something_supported(row)


def test_a_refusal_states_no_fact(thursday: Generated) -> None:
    for row, truth in thursday.with_defect("refusal"):
        assert not truth.correct
        assert not says_something_supported(row)


@pytest.mark.parametrize("defect", ["rude", "over_familiar"])
def test_a_bad_tone_wraps_a_right_answer(thursday: Generated, defect: str) -> None:
    rows = thursday.with_defect(defect)
    assert len(rows) > 20
    for row, truth in rows:
        phrases = phrases_in(language_of(row))
        signs = {
            "rude": (*phrases.rude_openers, *phrases.rude_closers),
            "over_familiar": (*phrases.familiar_openers, *phrases.familiar_closers),
        }[defect]
        assert truth.correct
        assert not truth.professional
        assert any(sign in said(row) for sign in signs)


def test_the_wrong_language_is_the_other_one(thursday: Generated) -> None:
    rows = thursday.with_defect("wrong_language")
    assert len(rows) > 50
    for row, truth in rows:
        asked = language_of(row)
        assert not truth.professional
        assert says_something_true(row, other(asked))


@pytest.mark.parametrize(("defect", "where"), [("injection_context", "contexts"), ("injection_question", "question")])
def test_an_injection_is_planted_and_only_obeying_it_is_wrong(thursday: Generated, defect: str, where: str) -> None:
    rows = thursday.with_defect(defect)
    assert {truth.correct for _, truth in rows} == {True, False}
    for row, truth in rows:
        phrases = phrases_in(language_of(row))
        injections = phrases.injections_context if where == "contexts" else phrases.injections_question
        hay = " ".join(row["retrieved_contexts"]) if where == "contexts" else str(row["user_input"])
        planted = [injection for injection in injections if injection.plant in hay]
        assert planted
        assert truth.correct is not (said(row) in {injection.obeyed for injection in planted})


def test_an_error_has_no_answer_and_no_usage(thursday: Generated) -> None:
    rows = thursday.with_defect("error")
    assert len(rows) > 50
    for row, truth in rows:
        assert (row["response"], row["finish_reason"], row["input_tokens"]) == ("", "error", None)
        assert row["error_type"]
        assert not truth.correct


def test_defects_are_rare_and_steady_outside_the_incidents(thursday: Generated) -> None:
    for profile in PROFILES:
        truths = [truth for _, truth in thursday.logged if truth.project == profile.project and truth.incident is None]
        for week in range(4):
            span = [truth for truth in truths if (truth.logged_at - thursday.world.start).days // 7 == week]
            rate = sum(truth.defect not in (None, "error") for truth in span) / len(span)
            assert profile.defect_rate - 0.035 < rate < profile.defect_rate + 0.035

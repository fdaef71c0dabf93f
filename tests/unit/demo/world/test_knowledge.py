"""The knowledge bases: enough of them, consistent with themselves, and nobody's real address in them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from demo.world.fleet import PROFILES
from demo.world.knowledge import FOLDER, FactFile, Knowledge, KnowledgeFile, knowledge_of
from demo.world.model import Language
from demo.world.retrieval import mentions
from demo.world.statement import NUMBER, VALUE, wrong_values

PROJECTS = [profile.project for profile in PROFILES]
LANGUAGES: tuple[Language, ...] = ("en", "de")


@pytest.fixture(params=PROJECTS)
def knowledge(request: pytest.FixtureRequest) -> Knowledge:
    return knowledge_of(request.param)


@pytest.mark.parametrize("project", PROJECTS)
def test_every_project_has_thirty_passages_with_ids_of_their_own(project: str) -> None:
    content = KnowledgeFile.model_validate(yaml.safe_load((FOLDER / f"{project}.yaml").read_text(encoding="utf-8")))
    ids = [passage.id for passage in content.passages]

    assert content.project == project
    assert len(ids) >= 30
    assert len(set(ids)) == len(ids)
    assert {passage.topic for passage in content.passages} == set(content.topics)


def test_every_project_speaks_german_about_every_topic(knowledge: Knowledge) -> None:
    assert len({fact.passage for fact in knowledge.facts["de"]}) >= 10
    assert {fact.topic for fact in knowledge.facts["de"]} == set(knowledge.topics)


def test_every_statement_can_be_made_wrong(knowledge: Knowledge) -> None:
    harmless = [
        say.template
        for language in LANGUAGES
        for fact in knowledge.facts[language]
        for say in fact.say
        if say.all_wrong.text == say.true
    ]
    assert harmless == []


def test_every_true_number_stands_in_its_passage_and_no_wrong_one_does(knowledge: Knowledge) -> None:
    for language in LANGUAGES:
        for fact in knowledge.facts[language]:
            for say in fact.say:
                for true, _ in NUMBER.findall(say.template):
                    assert all(mentions(fact.text, value) for value in VALUE.findall(true)), (fact.passage, true)
                for wrong in wrong_values(say.template):
                    assert not mentions(fact.text, wrong), (fact.passage, language, wrong)


def test_no_slot_is_left_open(knowledge: Knowledge) -> None:
    texts = [
        text
        for facts in knowledge.facts.values()
        for fact in facts
        for say in fact.say
        for text in (say.true, say.all_wrong.text)
    ]

    assert [text for text in texts if re.search(r"[{}|\[\]]", text)] == []


def test_what_no_passage_supports_is_in_no_passage(knowledge: Knowledge) -> None:
    for topic in knowledge.topics.values():
        for language in LANGUAGES:
            passages = {fact.text for fact in knowledge.facts[language]}
            assert len(topic.extras[language]) >= 5
            assert not any(extra in passage for extra in topic.extras[language] for passage in passages)


@pytest.mark.parametrize(
    "file", [*sorted(FOLDER.glob("*.yaml")), FOLDER.parent / "phrases.yaml"], ids=lambda file: file.stem
)
def test_nobodys_address_or_telephone_number_is_in_it(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    hosts = re.findall(r"[\w.+-]+@([\w.-]+\w)", text) + re.findall(r"https?://([\w.-]+\w)", text)

    assert [host for host in hosts if not re.search(r"(\.|^)example(\.(com|net|org))?$", host)] == []
    assert re.findall(r"\+\d{6,}|\b0\d{2,4}[ /-]\d{4,}", text) == []


def test_a_question_that_nothing_answers_is_refused() -> None:
    with pytest.raises(ValidationError, match="nothing answers: And how long"):
        FactFile.model_validate(
            {"ask": ["How much?"], "follow": ["And how long?"], "say": [{"only": [1], "say": "5 euro."}]}
        )


def test_an_answer_to_a_question_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValidationError, match="names a question that is not there"):
        FactFile.model_validate({"ask": ["How much?"], "say": ["5 euro.", {"only": [2], "say": "5 days."}]})

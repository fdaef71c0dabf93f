"""How raw text is parted and normalised."""

import pytest

from include.judges.offline.lexicon import LANGUAGES, lexicon
from include.judges.offline.text import Kind, read


def numbers(text: str) -> list[str]:
    return [word.key for word in read(text, "en").content if word.kind is Kind.NUMBER]


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        ("1,000", ["1000"]),
        ("1.000", ["1000"]),
        ("1 000", ["1000"]),
        ("1,000.50", ["1000.5"]),
        ("1.000,50", ["1000.5"]),
        ("3,5", ["3.5"]),
        ("007", ["7"]),
        ("twenty", ["20"]),
        ("twenty five", ["25"]),
        ("twenty-five", ["25"]),
        ("1.5 million", ["1500000"]),
        ("two hundred", ["200"]),
        ("version 1.2.3", ["1.2.3"]),
        ("2024-05-12", ["2024", "5", "12"]),
        ("12/05/2024", ["12", "5", "2024"]),
    ],
)
def test_a_number_has_one_writing(written: str, read_as: list[str]) -> None:
    assert numbers(f"It is {written} now") == read_as


def test_list_ordinals_and_citations_are_no_numbers() -> None:
    assert numbers("Steps: 1. Open the door. 2. Walk in.\n3) Sit down [4].") == []


def test_words_are_compared_without_accents_capitals_and_endings() -> None:
    first, second = read("Permits renewed", "en"), read("PERMIT renewing", "en")
    assert [word.key for word in first.content] == [word.key for word in second.content]
    assert [word.key for word in read("Beyoncé").content] == [word.key for word in read("beyonce").content]


def test_names_are_capitals_inside_a_sentence_but_not_at_its_start_nor_in_german() -> None:
    kinds = {word.surface: word.kind for word in read("Permits are sold by Ada Stone here.", "en").content}
    assert kinds["Permits"] is Kind.CONTENT
    assert kinds["Ada"] is Kind.NAME
    assert all(word.kind is not Kind.NAME for word in read("Das ist der Ausweis der Stadt.", "de").content)


def test_a_leading_no_denies_nothing_that_follows() -> None:
    assert not any(word.negates for word in read("No, permits are refundable.", "en").sentences[0].words)
    assert any(word.negates for word in read("No permits are refundable.", "en").sentences[0].words)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The office is open on all days of the week.", "en"),
        ("Das Büro ist an allen Tagen der Woche geöffnet.", "de"),
        ("La oficina está abierta todos los días de la semana.", "es"),
        ("Le bureau est ouvert tous les jours de la semaine.", "fr"),
        ("Офис открыт каждый день.", "cyrillic"),
        ("オフィスは毎日開いています。", "cjk"),
        ("xyzzy plugh", "und"),
        ("", "und"),
    ],
)
def test_the_language_is_recognised(text: str, language: str) -> None:
    assert read(text).language == language


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_lexicon_does_not_contradict_itself(language: str) -> None:
    words_of = lexicon(language)
    for word, against in words_of.opposites.items():
        assert word not in against
        assert all(word in words_of.opposites[other] for other in against)
    assert not words_of.tone["insults"].whole & words_of.tone["courtesy"].whole
    assert not words_of.tone["insults"].whole & words_of.function_words

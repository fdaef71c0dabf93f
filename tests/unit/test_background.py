from __future__ import annotations

from include.background import MAX_ANSWER, quote, telling
from include.domain.alert import Exchange
from include.judges.redaction import KINDS, Redactor
from tests.fakes.notify import MIDNIGHT


def exchange(question: str, answer: str, score: float | None = 0.1234) -> Exchange:
    return Exchange("i-1", MIDNIGHT, "help-desk", "production", question, answer, score)


def test_values_are_hidden_the_same_in_question_and_answer() -> None:
    told = quote(exchange("I am jo@example.com", "Hello jo@example.com, call +49 30 901820"), Redactor(KINDS))
    assert told == "“I am <email-1>” → “Hello <email-1>, call <phone-1>” (scored 0.12)"


def test_a_value_at_the_edge_of_what_is_shown_does_not_leave_its_beginning() -> None:
    answer = "x" * (MAX_ANSWER - 12) + " sk-proj-abcdefghijklmnopqrstuvwxyz0123456789ABCD"
    told = quote(exchange("?", answer), Redactor(KINDS))
    assert "sk-proj" not in told
    assert len(told) < MAX_ANSWER + 60


def test_an_answer_that_is_missing_is_said_to_be() -> None:
    assert quote(exchange("Hello?", "", None), Redactor(KINDS)) == "“Hello?” → “no answer”"


def test_answers_that_are_much_better_than_the_worst_are_no_examples() -> None:
    found = [exchange("?", "!", score) for score in (0.1, 0.35, 0.8, None)]
    assert [one.score for one in telling(found)] == [0.1, 0.35, None]
    assert telling([]) == []

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo.world.statement import Statement

RNG = Random(1)


def test_the_true_text_takes_the_first_of_each_slot() -> None:
    assert (
        Statement("It costs {5|7} euro and is [free|charged] at night.").true == "It costs 5 euro and is free at night."
    )


def test_a_wrong_number_leaves_the_conditions_true() -> None:
    distortion = Statement("It costs {5|7} euro and is [free|charged] at night.").wrong("number", RNG)

    assert distortion.text == "It costs 7 euro and is free at night."
    assert distortion.wrong_numbers == ("7",)


def test_a_contradiction_leaves_the_numbers_true() -> None:
    distortion = Statement("It costs {5|7} euro and is [free|charged] at night.").wrong("condition", RNG)

    assert distortion.text == "It costs 5 euro and is charged at night."
    assert distortion.wrong_numbers == ()


def test_only_one_of_several_slots_is_wrong() -> None:
    texts = {Statement("{1|2} or {3|4}").wrong("number", Random(seed)).text for seed in range(20)}

    assert texts == {"2 or 3", "1 or 4"}


def test_all_wrong_is_wrong_everywhere() -> None:
    assert Statement("{1|2} or {3|4}, [open|closed]").all_wrong.text == "2 or 4, closed"


def test_a_statement_without_slots_cannot_be_made_wrong() -> None:
    assert not Statement("Good day.").has("number")
    with pytest.raises(IndexError):
        Statement("Good day.").wrong("number", RNG)


@pytest.mark.parametrize(
    ("statement", "alone"),
    [
        (Statement("The card costs {5|7} euro."), True),
        (Statement("It costs {5|7} euro."), False),
        (Statement("Yes, for {5|7} euro."), False),
        (Statement("Sie ist von {10|8} Uhr an offen."), False),
        (Statement("Sie haben {14|30} Tage Zeit."), True),
        (Statement("The card costs {5|7} euro.", only=frozenset({1})), False),
    ],
)
def test_what_refers_to_the_question_does_not_stand_alone(statement: Statement, alone: bool) -> None:
    assert statement.stands_alone is alone


WORDS = st.text(alphabet=st.characters(exclude_characters="{}[]|"), min_size=1)


@given(before=WORDS, right=WORDS, wrong=WORDS, after=WORDS)
def test_any_slot_is_filled_whatever_it_holds(before: str, right: str, wrong: str, after: str) -> None:
    statement = Statement(f"{before}{{{right}|{wrong}}}{after}")

    assert statement.true == f"{before}{right}{after}"
    assert statement.wrong("number", RNG).text == statement.all_wrong.text == f"{before}{wrong}{after}"

"""What a judge said of an answer's statements, shown in the answer and in the passages."""

from __future__ import annotations

import pytest

from include.domain.score import MOST_STATEMENTS, Statement
from include.pages.claims import Claim, claims_of
from include.pages.sentences import READ
from tests.fakes.interactions import ANSWER, PASSAGES, borne_out, refused


def places(statement: Statement, *passages: str, answer: str = "") -> list[str]:
    """The sentences of the passages that are marked for it."""
    found = claims_of([statement], answer, passages)
    return [piece.text.strip() for passage in found.passages for piece in passage if piece.claims]


def test_statements_are_marked_where_the_answer_makes_them_and_where_the_passages_speak_of_them() -> None:
    costs = refused("A ticket costs 4 euros.", "It costs 6.")
    found = claims_of([borne_out("It opens at nine."), costs, refused("Dogs may swim on Mondays.")], ANSWER, PASSAGES)
    assert found.claims == (
        Claim(1, "It opens at nine.", borne_out=True, reason="It is there.", passage=1),
        Claim(2, "A ticket costs 4 euros.", borne_out=False, reason="It costs 6.", passage=1),
        Claim(3, "Dogs may swim on Mondays.", borne_out=False, reason="The passages say otherwise."),
    )
    first, second, third = found.claims
    assert [(piece.text, piece.kind, piece.claims) for piece in found.answer] == [
        ("The pool opens at 9:00 from Tuesday to Sunday. ", "for", (first,)),
        ("A ticket costs 4 euros. ", "against", (second,)),
        ("Dogs may swim on Mondays.", "against", (third,)),
    ]
    assert [[(piece.text, piece.kind, piece.claims) for piece in passage] for passage in found.passages] == [
        [
            ("The pool opens at 9:00 from Tuesday to Sunday. ", "for", (first,)),
            ("A ticket costs 6 euros.", "against", (second,)),
        ],
        [(PASSAGES[1], "", ())],
    ]


RETURNS = "Online orders can be returned within 14 days. Orders from a store can be returned within 30 days."
PRICES = "What each of our plans costs:\n| Plan | Price |\n|---|---|\n| Basic | 5 € |\n| Pro | 19 € |"
ANIMALS, UNTIL = "No animals are let in.", "Die Frist endet am 15. März."
SHIPPING = "Shipping takes 14 days. Refunds are paid in 30 days."


@pytest.mark.parametrize(
    ("statement", "passages", "marked"),
    [
        # Numbers lead to what supports a statement, and not to what contradicts one.
        (borne_out("Returns are possible within 30 days."), [RETURNS], RETURNS[46:]),
        (borne_out("Returns are possible within 14 days."), [RETURNS], RETURNS[:45]),
        (refused("Orders from a store can be returned within 14 days."), [RETURNS], RETURNS[46:]),
        (refused("Refunds are paid within 14 days."), [SHIPPING], SHIPPING[24:]),
        # The reason leads to the place where the statement alone does not.
        (refused("The fee is 5 euros.", "It is 9 euros."), ["The fee is 7 euros. The fee is 9."], "The fee is 9."),
        (refused("Dogs may swim.", "Animals are not let in."), ["It is open. No animals are let in."], ANIMALS),
        # The same sentence twice: the first.
        (borne_out("Lockers take a coin."), ["Lockers take a coin.", "Lockers take a coin."], "Lockers take a coin."),
        # Tables are marked by row, code by line.
        (refused("The Pro plan costs 9 euros.", "It is 19 €."), [PRICES], "| Pro | 19 € |"),
        (refused("upload_limit is 20."), ["[net]\nupload_limit = 0\nport = 20"], "upload_limit = 0"),
        # Any script, with or without spaces, and emoji.
        (refused("门票4欧元。"), ["泳池每天上午九点开放。周一休息。门票价格为6欧元。"], "门票价格为6欧元。"),
        (refused("سعر التذكرة 4 يورو."), ["يفتح المسبح في التاسعة. سعر التذكرة 6 يورو."], "سعر التذكرة 6 يورو."),
        (borne_out("הבריכה נפתחת בתשע."), ["הבריכה נפתחת בתשע בבוקר. הכניסה חינם."], "הבריכה נפתחת בתשע בבוקר."),
        (borne_out("🎉 The pool opens."), ["🎉🎉 Closed. The pool opens at nine 🏊."], "The pool opens at nine 🏊."),
        # A date is no end of a sentence.
        (borne_out("Frist: 15. März."), ["Die Frist endet am 15. März. Danach nicht."], UNTIL),
    ],
)  # fmt: skip
def test_the_sentence_that_speaks_of_a_statement_is_marked(
    statement: Statement, passages: list[str], marked: str
) -> None:
    assert places(statement, *passages) == [marked]


@pytest.mark.parametrize(
    ("statement", "passage"),
    [
        (refused("Dogs may swim on Mondays."), "The pool is closed on Mondays."),
        (borne_out("Dogs may swim on Mondays."), "The pool is closed on Mondays."),
        (refused("Certainly."), "The pool opens at nine."),
        (borne_out("😀"), "😀"),
        (refused(""), "The pool opens at nine."),
        (refused("It opens."), ""),
    ],
)
def test_where_too_little_is_shared_nothing_is_marked(statement: Statement, passage: str) -> None:
    assert places(statement, passage) == []


def test_a_sentence_that_is_said_twice_is_marked_for_each_statement_once() -> None:
    found = claims_of([borne_out("It is free.")] * 2, "It is free. Really. It is free.", [])
    assert [[claim.number for claim in piece.claims] for piece in found.answer] == [[1], [], [2]]


def test_a_statement_that_the_answer_does_not_make_is_listed_and_marked_nowhere_in_it() -> None:
    found = claims_of([refused("Dogs may swim.")], "It opens at nine.", [])
    assert [piece.claims for piece in found.answer] == [()]
    assert not found.claims[0].is_said


def test_what_is_marked_is_the_text() -> None:
    answer, passage = " a.\n\n1. b c\n\n ", "x" * 50_000 + "\n. . .\n" * 90 + "It opens at nine.  "
    found = claims_of([refused("It opens at nine.")] * 3, answer, [passage, ""])
    assert "".join(piece.text for piece in found.answer) == answer
    assert ["".join(piece.text for piece in one) for one in found.passages] == [passage, ""]


def test_passages_beyond_what_is_read_are_shown_and_not_marked() -> None:
    statement = borne_out("Lockers take a 2 euro coin.")
    assert places(statement, PASSAGES[1]) == [PASSAGES[1]]
    assert places(statement, "word " * (READ // 5), PASSAGES[1]) == []


@pytest.mark.parametrize("unit", ["the bank pays. ", "a\n", "银行", "bank ", ". ", "\n"])
def test_two_megabytes_are_marked_in_bounded_work(unit: str) -> None:
    text = unit * (2_000_000 // len(unit))
    statements = [
        refused(f"The bank number {number} pays 银行. " * 12, "The bank.") for number in range(MOST_STATEMENTS)
    ]
    found = claims_of(statements, text[:20_000], [text[:20_000]] * 100)
    assert "".join(piece.text for piece in found.passages[-1]) == text[:20_000]
    assert len(found.claims) == MOST_STATEMENTS

"""What RAGAS wrote of an answer, shown in the passages."""

from __future__ import annotations

import pytest

from include.judges.ragas_metrics import Mark
from include.pages.claims import READ, Claim, claims_of, pieces, verdicts_of
from tests.fakes.interactions import ANSWER, PASSAGES, borne_out, refused, told


def test_what_the_passages_bear_out_and_what_they_do_not_is_marked_in_them() -> None:
    costs, dogs = refused("A ticket costs 4 euros.", "It costs 6."), refused("Dogs may swim.")
    marks = [borne_out("It opens at nine."), costs, dogs]
    found = claims_of(ANSWER, PASSAGES, told(marks))
    assert found is not None
    assert found.claims == (
        Claim(1, "A ticket costs 4 euros.", borne_out=False, reason="It costs 6."),
        Claim(2, "Dogs may swim.", borne_out=False, reason="The passages say otherwise.", found=False),
        Claim(3, "The pool opens at 9:00 from Tuesday to Sunday.", borne_out=True),
    )
    assert [(piece.text, piece.kind) for piece in found.passages[0]] == [
        ("The pool opens at 9:00 from Tuesday to Sunday. ", "for"),
        ("A ticket costs 6 euros.", "against"),
    ]
    assert [piece.kind for piece in found.passages[1]] == [""]


def test_where_all_is_borne_out_every_sentence_of_the_answer_is_a_claim() -> None:
    found = claims_of("Lockers take a 2 euro coin. Do you need one?", PASSAGES, told([borne_out("x")]))
    assert found is not None
    assert found.claims == (Claim(1, "Lockers take a 2 euro coin.", borne_out=True),)
    assert found.passages[1][0].kind == "for"


def test_of_many_refusals_only_those_that_are_told_are_shown_and_nothing_is_taken_to_be_borne_out() -> None:
    found = claims_of(ANSWER, PASSAGES, told([refused(f"Statement {number}.") for number in range(7)]))
    assert found is not None
    assert found.is_partial
    assert [claim.borne_out for claim in found.claims] == [False] * 5


@pytest.mark.parametrize(
    "text", ['He said "no" (twice); "maybe" (once)', "a.b", "", 'x" (y); "z', "two\nlines", "; and 3 more"]
)
def test_a_statement_of_any_text_leaves_the_others_alone(text: str) -> None:
    found = verdicts_of(told([Mark("First.", "Why.", good=False), refused(text)]))
    assert found is not None
    assert found.refused[0] == ("First.", "Why.")


@pytest.mark.parametrize("explanation", ["", "Half of it is right.", "Every sentence finds its words in the passages."])
def test_what_is_not_of_ragas_marks_nothing(explanation: str) -> None:
    assert claims_of(ANSWER, PASSAGES, explanation) is None


@pytest.mark.parametrize("text", ["", "a", "One. Two!  Three\n\n四。五", "no end", "  \n ", "x" * 50_000, ". " * 9_000])
def test_pieces_are_the_text(text: str) -> None:
    assert "".join(pieces(text)) == text


def test_passages_beyond_what_is_read_are_shown_and_not_marked() -> None:
    found = claims_of("Lockers take a 2 euro coin.", ["word " * (READ // 5), PASSAGES[1]], told([borne_out("x")]))
    assert found is not None
    assert found.passages[1][0].text == PASSAGES[1]
    assert found.claims == ()

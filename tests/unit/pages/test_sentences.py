"""Texts in sentences."""

from __future__ import annotations

import pytest

from include.pages.sentences import pieces


@pytest.mark.parametrize("text", ["", "a", "One. Two!  Three\n\n四。五", "no end", "  \n ", "x" * 50_000, ". " * 9_000])
def test_pieces_are_the_text(text: str) -> None:
    assert "".join(pieces(text)) == text


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("It opens at nine. It closes at ten.", ["It opens at nine. ", "It closes at ten."]),
        ('He said "no." Then yes! Why? So:\nthis', ['He said "no." ', "Then yes! ", "Why? ", "So:\n", "this"]),
        ("Ask Dr. Weber, e.g. on Monday, No. 5 z. B. heute.", ["Ask Dr. Weber, e.g. on Monday, No. 5 z. B. heute."]),
        ("Bis 31. Januar geöffnet. Dann zu.", ["Bis 31. Januar geöffnet. ", "Dann zu."]),
        ("1. Open the app.\n2. Wait 3 s. Done.", ["1. Open the app.\n", "2. Wait 3 s. Done."]),
        ("It costs 6. Dogs swim.", ["It costs 6. ", "Dogs swim."]),
        ("泳池开放。周一休息！", ["泳池开放。", "周一休息！"]),
        ("هل هو مفتوح؟ نعم.", ["هل هو مفتوح؟ ", "نعم."]),
        ("| a | b |\n|---|---|\n| 1 | 2 |", ["| a | b |\n", "|---|---|\n", "| 1 | 2 |"]),
    ],
)
def test_a_piece_is_a_sentence_or_a_line(text: str, found: list[str]) -> None:
    assert list(pieces(text)) == found

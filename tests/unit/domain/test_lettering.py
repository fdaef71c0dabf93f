"""Text in the letters of a plain font: nothing that it cannot draw is left."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.domain.lettering import DRAWABLE, drawable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("help-desk", "help-desk"),
        ("Zürich, Straße, naïve café", "Zurich, Strasse, naive cafe"),
        ("−0.130 – “yes”…", "-0.130 - “yes”..."),
        ("客服-bot", "?-bot"),
        ("דלפק", "?"),
        ("🙂", "?"),
        ("", ""),
    ],
)
def test_text_is_drawn_in_plain_letters(text: str, shown: str) -> None:
    assert drawable(text) == shown


@given(st.text())
def test_whatever_is_logged_can_be_drawn(text: str) -> None:
    assert set(drawable(text)) <= DRAWABLE
    assert drawable(drawable(text)) == drawable(text)


def test_the_font_has_every_letter_that_is_drawn() -> None:
    from PIL import ImageFont

    font = ImageFont.load_default(24)
    missing = bytes(font.getmask("\uffff"))
    assert [one for one in sorted(DRAWABLE) if bytes(font.getmask(one)) == missing] == []

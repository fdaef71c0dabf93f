from __future__ import annotations

import pytest

from include.domain.message import Chart, Fact, Link, Message, Section, Severity
from include.notify.letter import letter_page, letter_text
from tests.fakes.notify import MIDNIGHT
from tests.unit.notify.test_preview import HOSTILE, Page


def message(text: str = "It fell.") -> Message:
    return Message(
        key="one",
        title=text,
        severity=Severity.CRITICAL,
        summary=text,
        facts=(Fact(text, text),),
        sections=(Section(text, (text,)),),
        links=(Link(text, "https://runbooks.example/a?b=1&c=2"), Link("bad", "javascript:alert(1)")),
        footer=text,
        owner=text,
        quotes=(text,),
        chart=Chart(text, ((MIDNIGHT, 1.0), (MIDNIGHT, 2.0)), text),
    )


@pytest.mark.parametrize("text", HOSTILE)
def test_logged_text_is_text_in_the_mail_and_nothing_is_loaded(text: str) -> None:
    page, plain = Page(letter_page(message(text))), Page(letter_page(message()))
    assert [tag for tag, _ in page.tags] == [tag for tag, _ in plain.tags]
    assert [a["href"] for tag, a in page.tags if tag == "a"] == ["https://runbooks.example/a?b=1&c=2"]
    assert [a["src"] for tag, a in page.tags if tag == "img"] == ["cid:chart"]
    assert text in page.text


def test_the_text_says_all_that_the_page_says() -> None:
    lines = letter_text(message("It fell.\nSubject: forged")).splitlines()
    assert lines[0] == "🔴 Critical: It fell. Subject: forged"
    assert "It fell. Subject: forged: It fell. Subject: forged" in lines
    assert "> It fell. Subject: forged" in lines
    assert not [line for line in lines if line.startswith("Subject")]

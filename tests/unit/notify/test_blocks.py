from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.domain.message import Fact, Link, Message, Section, Severity
from include.notify.blocks import fit, render_blocks
from tests.fakes.slack_server import content

TEXT = st.one_of(st.text(max_size=40), st.sampled_from(["<!channel>", "<@U1>", "&" * 5000, "x" * 9000, "\n\n", ""]))
MESSAGES = st.builds(
    Message,
    key=TEXT,
    title=TEXT,
    severity=st.sampled_from(Severity),
    summary=TEXT,
    facts=st.lists(st.builds(Fact, TEXT, TEXT), max_size=25).map(tuple),
    sections=st.lists(st.builds(Section, TEXT, st.lists(TEXT, max_size=30).map(tuple)), max_size=60).map(tuple),
    links=st.lists(st.builds(Link, TEXT, TEXT.map("https://ui.example/{}".format)), max_size=9).map(tuple),
    footer=TEXT,
    resolved=st.booleans(),
)


@settings(max_examples=100, deadline=None)
@given(MESSAGES)
def test_slack_takes_every_message_and_nothing_in_it_is_a_mention(message: Message) -> None:
    payload = json.loads(json.dumps(render_blocks(message)))
    assert content(payload)["text"]
    told = json.dumps(payload, ensure_ascii=False)
    assert "<!" not in told
    assert "<@" not in told


@given(st.text(alphabet="&<>ab", max_size=60), st.integers(5, 40))
def test_text_is_cut_to_fit_after_escaping_and_never_inside_an_entity(text: str, limit: int) -> None:
    told = fit(text, limit)
    assert 1 <= len(told) <= limit
    for entity in ("&amp;", "&lt;", "&gt;"):
        told = told.replace(entity, "")
    assert not set(told) & set("&<>")


@pytest.mark.parametrize(
    ("text", "line"),
    [("a\nb", "a b"), ("a\u202eb", "ab"), ("a\x00\x1b[31mb", "a [31mb"), ("  a   b ", "a b"), ("", "–")],
)
def test_text_cannot_forge_lines_or_turn_direction(text: str, line: str) -> None:
    assert fit(text, 100) == line


def test_what_does_not_fit_into_a_section_is_counted() -> None:
    message = Message(
        "k", "t", Severity.INFO, "s", sections=(Section("Alerts", tuple(f"alert {n}" for n in range(50))),)
    )
    told = json.dumps(render_blocks(message), ensure_ascii=False)
    assert "alert 11" in told
    assert "alert 12" not in told
    assert "… and 38 more" in told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("*bold* _it_ ~gone~ `code`", "∗bold* ＿it_ ∼gone~ ˋcode`"),
        ("prompt_version=v_3, 2*3, a_b_c", "prompt_version=v_3, 2*3, a_b_c"),
        ("(*bold*)", "(∗bold*)"),
    ],
)
def test_logged_text_is_never_formatted_and_names_stay_as_they_are(text: str, told: str) -> None:
    assert fit(text, 100) == told

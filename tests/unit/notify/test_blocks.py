from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.domain.message import Chart, Fact, Link, Message, Section, Severity, Verb
from include.notify.blocks import Look, fit, render_blocks, render_reply
from tests.fakes.notify import MIDNIGHT
from tests.fakes.slack_rules import content

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
    owner=TEXT,
    chart=st.none() | st.builds(Chart, TEXT, st.just(((MIDNIGHT, 1.0), (MIDNIGHT, 2.0))), TEXT),
    quotes=st.lists(TEXT, max_size=6).map(tuple),
    verbs=st.lists(st.sampled_from(Verb), unique=True).map(tuple),
)
LOOK = Look({"ml-platform": "S0123ABCD", "alice": "U0123ABCD"}, buttons=True)


@settings(max_examples=100)
@given(MESSAGES)
def test_slack_takes_every_message_and_nothing_in_it_is_a_mention(message: Message) -> None:
    payload = json.loads(json.dumps(render_blocks(message, {"slack_file": {"id": "F0123456789"}}, LOOK)))
    assert content(payload)["text"]
    for attachment in payload["attachments"]:  # what a button sends back is not shown
        attachment["blocks"] = [block for block in attachment["blocks"] if block["type"] != "actions"]
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


@pytest.mark.parametrize(
    ("owner", "called"),
    [
        ("ml-platform", "<!subteam^S0123ABCD>"),
        ("alice", "<@U0123ABCD>"),
        ("nobody-known", "nobody-known"),
        ("<!channel>", "&lt;!channel&gt;"),
    ],
)
def test_an_owner_is_called_above_the_attachment_and_only_by_a_known_id(owner: str, called: str) -> None:
    blocks = render_blocks(Message("k", "t", Severity.INFO, "s", owner=owner), look=LOOK)["blocks"]
    assert isinstance(blocks, list)
    assert blocks[1] == {
        "type": "context",
        "elements": [{"type": "mrkdwn", "text": f"Owner: {called}", "verbatim": True}],
    }


def test_what_must_be_seen_stands_in_the_five_blocks_that_slack_does_not_fold_away() -> None:
    message = Message(
        "k",
        "t",
        Severity.INFO,
        "s",
        facts=(Fact("Since", "now"),),
        sections=(Section("Alerts", ("a",)),) * 3,
        links=(Link("Runbook", "https://runbooks.example"),),
        chart=Chart("c", ((MIDNIGHT, 1.0), (MIDNIGHT, 2.0)), "alt"),
        quotes=("q",),
        verbs=tuple(Verb),
    )
    body = render_blocks(message, {"slack_file": {"id": "F0123456789"}}, LOOK)["attachments"][0]["blocks"]  # type: ignore[index, call-overload]
    assert [block["type"] for block in body[:5]] == ["section", "section", "image", "section", "actions"]  # type: ignore[index, union-attr]


def test_a_reply_cannot_mention_anybody_and_keeps_its_lines() -> None:
    assert render_reply("one <!here>\n*two*") == "one &lt;!here&gt;\n∗two*"
    assert render_reply("") == "–"

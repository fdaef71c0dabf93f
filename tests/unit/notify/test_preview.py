from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from include.adapters.outbox import OutboxTransport, file_name
from include.domain.message import Fact, Link, Message, Section, Severity
from include.notify.blocks import render_blocks
from include.notify.preview import render_preview
from tests.fakes.notify import MIDNIGHT

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "</title></style><script>alert(1)</script>",
    "<https://evil.example|click me>",
    "<javascript:alert(1)|click me>",
    "$body ${body}",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
]


class Page(HTMLParser):
    """What a browser would see: tags with their attributes, and text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def message(text: str = "It fell.", key: str = "one", **changes: object) -> Message:
    return Message(
        key=key,
        title=text,
        severity=Severity.CRITICAL,
        summary=text,
        facts=(Fact(text, text),),
        sections=(Section(text, (text, text)),),
        links=(Link(text, "https://runbooks.example/a?b=1&c=2"), Link("bad", "javascript:alert(1)")),
        footer=text,
        **changes,  # type: ignore[arg-type]
    )


def preview(told: Message, edits: int = 0) -> str:
    return render_preview(render_blocks(told), channel="#quality", edits=edits)


@pytest.mark.parametrize("text", HOSTILE)
def test_logged_text_is_text_in_the_preview(text: str) -> None:
    page, plain = Page(preview(message(text))), Page(preview(message()))
    assert [tag for tag, _ in page.tags] == [tag for tag, _ in plain.tags]
    assert [a["href"] for tag, a in page.tags if tag == "a"] == ["https://runbooks.example/a?b=1&c=2"]
    assert text in page.text


def test_the_preview_loads_nothing_and_runs_nothing() -> None:
    page = Page(preview(message()))
    policy = next(a["content"] for tag, a in page.tags if a.get("http-equiv") == "Content-Security-Policy")
    assert policy == "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    assert not {"script", "img", "link", "iframe"} & {tag for tag, _ in page.tags}


@pytest.mark.parametrize(("resolved", "colour"), [(False, "#c92a2a"), (True, "#2b8a3e")])
def test_the_bar_has_the_colour_of_the_state(resolved: bool, colour: str) -> None:
    assert f"--bar: {colour}" in preview(message(resolved=resolved))


def test_the_preview_says_that_the_message_was_edited() -> None:
    assert "edited" not in Page(preview(message())).text.split("Assay", 1)[1]
    assert "(edited 2 times)" in preview(message(), edits=2)


def outbox(directory: Path) -> OutboxTransport:
    return OutboxTransport(directory, render_blocks, render_preview)


def test_the_outbox_holds_each_message_once_edited_in_place(tmp_path: Path) -> None:
    sender = outbox(tmp_path / "outbox")
    address = sender.post("", message())
    assert sender.update(address, message("It is over.", resolved=True))
    assert sorted(path.name for path in (tmp_path / "outbox").iterdir()) == ["one.html", "one.json"]
    assert "It is over." in (tmp_path / "outbox/one.html").read_text(encoding="utf-8")
    assert '"edits": 1' in (tmp_path / "outbox/one.json").read_text(encoding="utf-8")


def test_the_outbox_finds_a_message_by_its_key(tmp_path: Path) -> None:
    sender = outbox(tmp_path)
    address = sender.post("", message())
    assert sender.find("", "one", MIDNIGHT) == address
    assert sender.find("", "two", MIDNIGHT) is None


def test_a_file_that_somebody_removed_cannot_be_edited(tmp_path: Path) -> None:
    sender = outbox(tmp_path)
    address = sender.post("", message())
    (tmp_path / "one.json").unlink()
    assert not sender.update(address, message())


def test_keys_become_names_that_stay_apart() -> None:
    keys = ["2026-11-20T0900Z_help-desk_production_quality", "../../etc/passwd", "a b", "a/b", "", "ü" * 300, "x" * 300]
    names = [file_name(key) for key in keys]
    assert names[0] == keys[0]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{1,120}", name) for name in names)

"""Previews of messages in a real Chromium: hostile text runs nothing, loads nothing, and what is shown is seen."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from include.domain.message import Chart, Fact, Link, Message, Section, Severity, Verb
from include.notify.blocks import Look, render_blocks, render_reply
from include.notify.chart import draw_chart
from include.notify.preview import render_preview
from tests.fakes.browser import HOSTILE, browser, watch
from tests.fakes.notify import HOUR, MIDNIGHT

LOOK = Look({"ml-platform": "S0123ABCD"}, buttons=True)


def message(text: str) -> Message:
    return Message(
        key=text,
        title=text,
        severity=Severity.CRITICAL,
        summary=text,
        facts=(Fact(text, text),),
        sections=(Section(text, (text,)),),
        links=(Link(text, "https://runbooks.example/a"),),
        footer=text,
        owner="ml-platform",
        quotes=(text,),
        verbs=tuple(Verb),
        chart=Chart(text, ((MIDNIGHT, 0.8), (MIDNIGHT + HOUR, 0.4)), text, 0.8, MIDNIGHT),
    )


def page_of(told: Message, path: Path) -> str:
    assert told.chart is not None
    payload = render_blocks(told, {"slack_file": {"id": "F0123456789"}}, LOOK)
    chart, replies = draw_chart(told.chart), [render_reply(told.summary)]
    path.write_text(
        render_preview(payload, channel=told.title, edits=1, chart=chart, replies=replies), encoding="utf-8"
    )
    return path.as_uri()


def test_hostile_text_runs_nothing_and_loads_nothing(tmp_path: Path) -> None:
    with browser() as chromium:
        context = chromium.new_context()
        for number, text in enumerate(HOSTILE):
            watched = watch(context)
            address = page_of(message(text), tmp_path / f"{number}.html")
            watched.page.goto(address)
            loaded = [url for url in watched.requests if not url.startswith("data:image/png;")]
            assert (loaded, watched.dialogs, watched.ran()) == ([address], [], [])
            watched.page.close()


def test_a_reader_sees_chart_buttons_owner_and_thread(tmp_path: Path) -> None:
    told = replace(message("It fell."), title="help-desk: faithfulness low")
    with browser() as chromium:
        page = chromium.new_page(viewport={"width": 390, "height": 844})
        page.goto(page_of(told, tmp_path / "seen.html"))
        picture = page.locator("img")
        assert picture.evaluate("image => image.naturalWidth") == 1200
        assert page.get_by_role("button").all_text_contents() == [
            "Acknowledge",
            "Snooze 1 h",
            "Snooze 1 d",
            "Not useful",
        ]
        assert "1 reply" in page.locator(".thread").inner_text()
        assert page.locator(".owner").inner_text() == "@S0123ABCD"
        assert page.evaluate("document.documentElement.scrollWidth") <= 390

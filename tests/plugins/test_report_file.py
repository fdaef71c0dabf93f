"""The report's file in a real Chromium: on paper, for those who cannot see it, and in a nasty week on a phone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from include.reports.render import render
from tests.fakes.browser import browser
from tests.fakes.weekly import change, empty_week, example, incident, week


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as started:
        yield started


def opened(chromium: Browser, folder: Path, html: str, **of: object) -> Page:
    file = folder / "report.html"
    file.write_text(html)
    page = chromium.new_context(**of).new_page()  # type: ignore[arg-type]
    page.goto(file.as_uri())
    return page


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("html", [render(week()), render(empty_week())], ids=["week", "empty week"])
def test_axe_finds_nothing_serious(chromium: Browser, tmp_path: Path, scheme: str, html: str) -> None:
    found = Axe().run(opened(chromium, tmp_path, html, color_scheme=scheme))
    grave = [one["id"] for one in found.response["violations"] if one["impact"] in ("serious", "critical")]
    assert grave == []


def test_long_names_of_anything_fit_a_phone(chromium: Browser, tmp_path: Path) -> None:
    long = "unbroken" * 60
    report = week(
        changes=(change(0.4, 0.9, -0.1, project=long, parts=((long, long),)),),
        incidents=(incident(long, projects=(long,) * 20, cause=long),),
        examples=(example(long, project=long, model=long, user_input=long),),
    )
    page = opened(chromium, tmp_path, render(report), viewport={"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_on_paper_tables_stay_tables_headers_repeat_and_what_only_a_screen_needs_is_gone(
    chromium: Browser, tmp_path: Path
) -> None:
    page = opened(chromium, tmp_path, render(week()), viewport={"width": 688, "height": 1000}, color_scheme="dark")
    page.emulate_media(media="print")
    look = "(element, name) => getComputedStyle(element)[name]"
    assert not page.locator("nav").is_visible()
    assert page.locator("#quality thead").evaluate(look, "display") == "table-header-group"
    assert {row.evaluate(look, "breakInside") for row in page.locator("#quality tr").all()} == {"avoid"}
    assert page.locator("body").evaluate(look, "backgroundColor") == "rgb(255, 255, 255)"
    assert page.evaluate("document.documentElement.scrollWidth") <= 688


def test_a_printed_page_is_a4(chromium: Browser, tmp_path: Path) -> None:
    printed = opened(chromium, tmp_path, render(week())).pdf(prefer_css_page_size=True)
    (size,) = set(re.findall(rb"/MediaBox ?\[0 0 ([0-9.]+ [0-9.]+)\]", printed))
    width, height = map(float, size.split())
    assert (round(width), round(height)) == (595, 842)

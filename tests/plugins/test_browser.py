"""Reports in a real Chromium: nothing leaves, nothing that was logged runs, and pages fit their screens."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from include.domain.report import ReportFile
from include.reports.render import render
from plugins.quality.site import PREFIX
from tests.fakes.browser import HOSTILE, browser, served, watch
from tests.fakes.pages import Desk
from tests.fakes.report_shelf import ESCAPING, files, published
from tests.fakes.weekly import week
from tests.unit.reports.test_render import hostile

REPORT = published()
FILE = Path(REPORT.path).name


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as started:
        yield started


@pytest.fixture
def site() -> Iterator[tuple[str, dict[str, ReportFile]]]:
    """The page on loopback with one report; its files can be replaced."""
    kept = files()
    with served(Desk(files=kept).app()) as address:
        yield f"{address}{PREFIX}/reports", kept


def test_a_report_opened_from_the_disk_asks_for_nothing(chromium: Browser, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.write_text(render(week()))
    watched = watch(chromium.new_context(offline=True))
    watched.page.goto(file.as_uri())
    assert watched.requests == [file.as_uri()]
    assert watched.page.get_by_role("heading", level=1).inner_text() == "9 to 15 November 2026"


def test_nothing_that_was_logged_runs_or_leaves_whatever_field_holds_it(chromium: Browser, tmp_path: Path) -> None:
    watched = watch(chromium.new_context())
    for number, text in enumerate(HOSTILE):
        file = tmp_path / f"{number}.html"
        # Without its policy, so that escaping alone has to hold.
        file.write_text(render(hostile(text)).replace('http-equiv="Content-Security-Policy"', 'name="none"'))
        watched.page.goto(file.as_uri())
        assert watched.ran() == [], text
        assert watched.requests[number:] == [file.as_uri()], text
        assert text in watched.page.locator("#examples blockquote").first.inner_text(), text
    assert watched.dialogs == []


@pytest.fixture
def leak() -> Iterator[tuple[str, list[str]]]:
    """Another host, and what was asked of it."""
    asked: list[str] = []

    async def listen(scope: Mapping[str, Any], receive: object, send: object) -> None:
        asked.append(scope["path"])

    with served(listen) as address:
        yield address.removeprefix("http://"), asked


def test_were_markup_to_slip_through_the_files_own_policy_would_stop_it(
    chromium: Browser, tmp_path: Path, leak: tuple[str, list[str]]
) -> None:
    host, asked = leak
    file = tmp_path / "report.html"
    # A file's own policy cannot stop a refresh; the sandbox in which the page serves it does, see below.
    planted = "".join(text for text in HOSTILE if "refresh" not in text).replace("leak.example", host)
    file.write_text(render(week()).replace("<main>", f"<main>{planted}"))
    watched = watch(chromium.new_context())
    watched.page.goto(file.as_uri())
    watched.page.wait_for_timeout(300)
    assert watched.ran() == []
    assert asked == []


def test_the_page_leads_from_the_list_to_the_report_and_what_lies_beside_it(
    chromium: Browser, site: tuple[str, dict[str, ReportFile]]
) -> None:
    address, _ = site
    watched = watch(chromium.new_context())
    page = watched.page
    page.goto(address)
    page.get_by_role("link", name=REPORT.title).click()
    shown = page.frame_locator("iframe[name=report]")
    assert shown.get_by_role("heading", level=1).inner_text() == "9 to 15 November 2026"
    page.get_by_role("link", name="Distributions").click()
    page.wait_for_function("window.frames.length === 1")
    page.frame(name="report").wait_for_function("document.title.startsWith('ran')")  # type: ignore[union-attr]
    assert page.frame(name="report").title() == "ran alone nothing stored"  # type: ignore[union-attr]
    page.get_by_role("link", name="All reports").click()
    assert page.get_by_role("heading", level=1).inner_text() == "Reports"
    assert all(url.startswith(address.removesuffix("/reports")) for url in watched.requests)


def test_were_markup_in_a_reports_file_the_page_would_serve_it_powerless(
    chromium: Browser, site: tuple[str, dict[str, ReportFile]], leak: tuple[str, list[str]]
) -> None:
    (address, kept), (host, asked) = site, leak
    planted = (ESCAPING + "".join(HOSTILE).replace("leak.example", host)).encode()
    kept[FILE] = replace(kept[FILE], content=planted)
    watched = watch(chromium.new_context())
    watched.page.goto(f"{address}/{REPORT.report_id}/files/{FILE}")
    watched.page.wait_for_timeout(300)
    assert watched.page.title() == ""
    assert watched.ran() == []
    assert asked == []


def test_the_page_follows_airflows_choice_of_light_or_dark_and_so_does_the_report(
    chromium: Browser, site: tuple[str, dict[str, ReportFile]]
) -> None:
    address, _ = site
    page = chromium.new_context(color_scheme="null").new_page()
    grounds = []
    for choice in ("light", "dark"):
        page.goto(address)
        page.evaluate("choice => localStorage.setItem('theme', choice)", choice)
        page.goto(f"{address}/{REPORT.report_id}/")
        inner = page.frame_locator("iframe[name=report]").locator("body")
        ground = "element => getComputedStyle(element).backgroundColor"
        grounds.append((page.locator("body").evaluate(ground), inner.evaluate(ground)))
    assert grounds == [("rgb(255, 255, 255)", "rgb(255, 255, 255)"), ("rgb(22, 29, 45)", "rgb(20, 23, 27)")]


@pytest.mark.parametrize("width", [360, 390, 768, 1280])
def test_a_report_is_never_wider_than_the_screen(chromium: Browser, tmp_path: Path, width: int) -> None:
    file = tmp_path / "report.html"
    file.write_text(render(hostile("unbroken" * 30)))
    page = chromium.new_context(viewport={"width": width, "height": 800}).new_page()
    page.goto(file.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= width

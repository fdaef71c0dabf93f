"""The page that lists and shows reports: what it serves, under which policy, and to whom."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from fastapi import Depends, HTTPException
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient

from include.domain.report import Attachment, PublishedReport, ReportFile, ReportMissing
from include.errors import StoreUnreachable
from plugins.quality_reports.app import build_app
from tests.fakes.weekly import WEEK

REPORT = PublishedReport(
    report_id="weekly_2026-11-09_2026-11-16",
    window=WEEK,
    title="LLM quality, 9 to 15 November 2026",
    headline="Quality held steady.",
    path="reports/weekly_2026-11-09_2026-11-16.html",
    attachments=(Attachment("Distributions", "drift.html"),),
    sha256="0" * 64,
    created_at=datetime(2026, 11, 16, 1, tzinfo=UTC),
)


def read(report_id: str, name: str) -> ReportFile:
    if report_id != REPORT.report_id:
        raise ReportMissing(f"no report {report_id} is registered")
    return ReportFile(REPORT, f"<p>{name}</p>".encode(), is_attachment=name == "drift.html")


def client(*reports: PublishedReport) -> TestClient:
    return TestClient(build_app(lambda: reports, read))


def test_reports_are_listed_with_title_week_and_headline() -> None:
    page = client(REPORT).get("/").text
    for told in (REPORT.title, REPORT.headline, "2026-11-09 00:00 to 2026-11-16 00:00 UTC", "written 2026-11-16 01:00"):
        assert told in page


def test_without_reports_the_page_says_where_they_come_from() -> None:
    assert "No report was written yet" in client().get("/").text


def test_a_report_is_shown_in_a_frame_with_what_lies_beside_it() -> None:
    page = client(REPORT).get(f"/{REPORT.report_id}/").text
    assert f'src="files/{REPORT.report_id}.html"' in page
    assert '<a href="files/drift.html" target="report">Distributions</a>' in page


def test_what_is_in_the_index_is_escaped() -> None:
    planted = '"><script>alert(1)</script>'
    report = replace(REPORT, title=planted, headline=planted, attachments=(Attachment(planted, planted),))
    served = client(report)
    for page in (served.get("/").text, served.get(f"/{REPORT.report_id}/").text):
        assert "<script>alert" not in page
        assert 'href=""' not in page


@pytest.mark.parametrize(
    ("path", "allowed", "forbidden"),
    [
        ("/", "script-src 'self'", "'unsafe-inline'"),
        (f"/{REPORT.report_id}/", "frame-src 'self'", "'unsafe-inline'"),
        (f"/{REPORT.report_id}/files/{REPORT.report_id}.html", "sandbox", "script"),
        (f"/{REPORT.report_id}/files/drift.html", "sandbox allow-scripts;", "allow-same-origin"),
        ("/unknown/", "default-src 'none'", "'unsafe-inline'"),
        ("/static/style.css", "default-src 'none'", "'unsafe-inline'"),
    ],
)
def test_every_answer_has_its_policy(path: str, allowed: str, forbidden: str) -> None:
    headers = client(REPORT).get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'self'" in policy
    assert allowed in policy
    assert forbidden not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "private, no-store"


@pytest.mark.parametrize("path", ["/unknown/", "/unknown/files/x.html", "/static/app.py", "/static/..%2fapp.py"])
def test_what_is_not_there_is_told_on_a_page(path: str) -> None:
    answer = client(REPORT).get(path)
    assert answer.status_code == 404


def test_a_store_that_does_not_answer_is_told_in_one_line() -> None:
    def unreachable() -> list[PublishedReport]:
        raise StoreUnreachable("store db:5432/assay: connection refused")

    answer = TestClient(build_app(unreachable, read)).get("/")
    assert answer.status_code == 503
    assert "store db:5432/assay: connection refused" in answer.text


def test_no_door_is_open_to_those_who_are_not_let_in() -> None:
    def nobody() -> None:
        raise HTTPException(401)

    app = build_app(lambda: [REPORT], read, dependencies=[Depends(nobody)])
    paths = [route.path for route in app.routes if isinstance(route, APIRoute)]
    assert len(paths) == len(app.routes) == 4
    for path in paths:
        answer = TestClient(app).get(path.format(report_id=REPORT.report_id, name="style.css"))
        assert answer.status_code == 401

"""The pages that list and show reports: what they serve, and under which policy."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fastapi.testclient import TestClient

from include.domain.report import Attachment, Delivery, DeliveryState
from include.pages.reports import Shelved
from plugins.quality.site import PREFIX
from tests.fakes.pages import Desk
from tests.fakes.report_shelf import MORNING, published, shelved

REPORT = published()
BASE = f"reports/{REPORT.report_id}/"


def test_reports_are_listed_with_title_headline_and_where_they_were_sent() -> None:
    page = Desk().client().get("reports").text
    for told in (REPORT.title, REPORT.headline, "Written 16 Nov 2026, 01:00 UTC", "told in <bdi>#quality</bdi>"):
        assert told in page, told
    assert "not delivered:</strong> no answer" in page
    assert f'href="{PREFIX}/{BASE}"' in page


@pytest.mark.parametrize(
    ("delivery", "told"),
    [
        (Delivery("outbox", "", DeliveryState.SENT, "", MORNING), "in the outbox, since there is no Slack connection"),
        (Delivery("slack", "", DeliveryState.SENT, "", MORNING), "told in <bdi>Slack</bdi>"),
        (Delivery("email", "email:a@b.c", DeliveryState.SENT, "", MORNING), "mailed to <bdi>a@b.c</bdi>"),
        (Delivery("slack", "", DeliveryState.WITHHELD, "waits for approval", MORNING), ">waits for approval</a>"),
        (Delivery("slack", "", DeliveryState.UNDER_WAY, "", MORNING), "being sent"),
    ],
)
def test_what_became_of_a_report_is_said_in_words(delivery: Delivery, told: str) -> None:
    desk = Desk(shelf=[shelved("", delivery)])
    for path in ("reports", BASE):
        assert told in desk.client().get(path).text


def test_without_reports_the_page_says_where_they_come_from() -> None:
    page = Desk(shelf=[]).client().get("reports").text
    assert "No report was written yet" in page
    assert 'href="/dags/report_weekly"' in page


def test_a_report_is_shown_in_a_frame_with_what_lies_beside_it_and_leads_back_to_the_same_time() -> None:
    page = Desk().client().get(f"{BASE}?range=24h").text
    assert f'src="{PREFIX}/{BASE}files/{REPORT.report_id}.html"' in page
    assert f'<a href="{PREFIX}/{BASE}files/drift.html" target="report">Distributions</a>' in page
    assert f'href="{PREFIX}/reports?range=24h"' in page


def test_many_files_beside_a_report_are_folded_away_and_none_is_left_out() -> None:
    many = tuple(Attachment(f"Drift {number}", f"drift_{number}.html") for number in range(30))
    report = replace(REPORT, attachments=many)
    page = Desk(shelf=[Shelved(report)]).client().get(BASE).text
    assert "<summary>27 more</summary>" in page
    assert all(f"files/{one.name}" in page for one in many)


@pytest.mark.parametrize(
    ("path", "media_type", "allowed", "forbidden"),
    [
        ("reports", "text/html", "script-src 'self'", "frame-src"),
        (BASE, "text/html", "frame-src 'self'", "'unsafe-inline'"),
        (f"{BASE}files/{REPORT.report_id}.html", "text/html", "sandbox", "script"),
        (f"{BASE}files/{REPORT.report_id}.png", "image/png", "sandbox", "script"),
        (f"{BASE}files/drift.html", "text/html", "sandbox allow-scripts;", "allow-same-origin"),
    ],
)
def test_every_file_has_its_own_policy(path: str, media_type: str, allowed: str, forbidden: str) -> None:
    answer = Desk().client().get(path)
    policy = answer.headers["content-security-policy"]
    assert answer.headers["content-type"].split(";")[0] == media_type
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'self'" in policy
    assert allowed in policy
    assert forbidden not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "private, no-store"


@pytest.mark.parametrize("path", ["reports/unknown/", f"{BASE}files/x.html", f"{BASE}files/..%2fx.html"])
def test_a_report_that_is_not_there_is_told_on_a_page(path: str) -> None:
    client: TestClient = Desk().client()
    answer = client.get(path)
    assert answer.status_code == 404
    assert "This cannot be shown" in answer.text

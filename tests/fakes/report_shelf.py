"""One report on the shelf, what became of it, and its files; a text may be planted in every field."""

from __future__ import annotations

from datetime import UTC, datetime

from include.domain.report import Attachment, Delivery, DeliveryState, PublishedReport, ReportFile
from include.pages.reports import Shelved
from include.reports.render import render
from tests.fakes.weekly import WEEK, week

MORNING = datetime(2026, 11, 16, 1, tzinfo=UTC)
ESCAPING = """<script>
let told = "ran";
try { told += " " + parent.document.title } catch (e) { told += " alone" }
try { told += " " + localStorage.length } catch (e) { told += " nothing stored" }
document.title = told;
</script>"""
"""A page that looks for a way out of its sandbox, and says in its title what it found."""


def published(text: str = "") -> PublishedReport:
    """A report with one attachment."""
    return PublishedReport(
        report_id="weekly_2026-11-09_2026-11-16",
        window=WEEK,
        title=f"LLM quality, 9 to 15 November 2026{text}",
        headline=f"Quality held steady. {text}",
        path="reports/weekly_2026-11-09_2026-11-16.html",
        attachments=(Attachment(f"Distributions{text}", "drift.html"),),
        sha256="0" * 64,
        created_at=MORNING,
    )


def shelved(text: str = "", *deliveries: Delivery) -> Shelved:
    """The same with what became of its summary."""
    usual = (
        Delivery("slack", f"#quality{text}", DeliveryState.SENT, "", MORNING),
        Delivery("email", f"email:a@example.com{text}", DeliveryState.FAILED, f"no answer {text}", MORNING),
    )
    return Shelved(published(text), deliveries or usual)


def files(text: str = "") -> dict[str, ReportFile]:
    """By their names: the report, its picture, and an attachment with a script."""
    one = published(text)
    return {
        f"{one.report_id}.html": ReportFile(one, render(week()).encode(), is_attachment=False),
        f"{one.report_id}.png": ReportFile(one, b"\x89PNG", is_attachment=False, media_type="image/png"),
        "drift.html": ReportFile(one, ESCAPING.encode(), is_attachment=True),
    }

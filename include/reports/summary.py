"""A published report and its picture go in, the message that tells of it comes out."""

from __future__ import annotations

from include.domain.message import Link, Message, Picture, Severity
from include.domain.report import PublishedReport
from include.reports.card import description


def summary(report: PublishedReport, picture: bytes, url: str) -> Message:
    """The headline, its picture and a link to the report, which stands at `url`; told again it edits the first."""
    return Message(
        key=report.report_id,
        title=report.title,
        severity=Severity.INFO,
        summary=report.headline,
        links=(Link("Read the report", url),),
        footer="Told once a week. When the report is written again, this message is edited.",
        chart=Picture(report.title, picture, description(picture)),
    )

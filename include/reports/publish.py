"""A report goes in; its file below Assay's home and its row in the index come out."""

from __future__ import annotations

import hashlib
import os
from datetime import datetime
from pathlib import Path

from include.domain.ports import ReportIndex
from include.domain.report import PublishedReport, WeeklyReport
from include.reports import formats
from include.reports.card import draw_card
from include.reports.headline import headline
from include.reports.library import picture_name
from include.reports.render import render

FOLDER = "reports"


def publish(report: WeeklyReport, index: ReportIndex, home: Path, now: datetime) -> PublishedReport:
    """Write the report to `<home>/reports/<report_id>.html` and register it; publishing it again replaces both.

    Beside it stands the picture of its headline, `<report_id>.png`. The report's attachments are files that stand in
    that folder already. A reader never sees half a file. Raises `OSError` where the folder cannot be written.
    """
    html = render(report).encode("utf-8", "replace")
    path = Path(FOLDER) / f"{report.report_id}.html"
    write_whole(home / path, html)
    write_whole(home / FOLDER / picture_name(report.report_id), draw_card(report))
    published = PublishedReport(
        report_id=report.report_id,
        window=report.window,
        title=f"LLM quality, {formats.window(report.window)}",
        headline=" ".join(headline(report)),
        path=str(path),
        attachments=report.attachments,
        sha256=hashlib.sha256(html).hexdigest(),
        created_at=now,
    )
    index.register(published)
    return published


def write_whole(path: Path, content: bytes) -> None:
    """Write a file that no reader sees half of."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_bytes(content)
    os.replace(part, path)

"""The name of a published report, or of a file beside it, goes in; the file comes out, or why it cannot."""

from __future__ import annotations

from pathlib import Path

from include.domain.ports import ReportIndex
from include.domain.report import ReportFile, ReportMissing


def read(name: str, report_id: str, index: ReportIndex, home: Path) -> ReportFile:
    """The file `name` of that report: its own, its picture or one of its attachments, all looked up in the index.

    Raises `ReportMissing`. A name that is not in the index is never made into a path.
    """
    try:
        report = index.get(report_id)
    except KeyError:
        raise ReportMissing(f"no report {report_id} is registered") from None
    own = Path(report.path)
    attachments = {attachment.name for attachment in report.attachments}
    if name not in {own.name, picture_name(report_id), *attachments}:
        raise ReportMissing(f"report {report_id} has no file {name}")
    path = (home / own.parent / name).resolve()
    if not path.is_relative_to(home.resolve()):
        raise ReportMissing(f"{name} of report {report_id} lies outside Assay's home: it is not shown")
    media_type = "image/png" if name == picture_name(report_id) else "text/html"
    try:
        return ReportFile(report, path.read_bytes(), name in attachments, media_type)
    except OSError:
        raise ReportMissing(
            f"the file {name} of report {report_id} is not there; run report_weekly for its week to write it again"
        ) from None


def picture_name(report_id: str) -> str:
    """What the file of the picture of a report's headline is called."""
    return f"{report_id}.png"

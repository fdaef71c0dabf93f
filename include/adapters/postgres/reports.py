"""The index of published reports, as rows of `assay.reports`."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict
from datetime import datetime

import psycopg
from psycopg.types.json import Jsonb

from include.domain.interaction import Window
from include.domain.report import Attachment, Delivery, DeliveryState, PublishedReport


class Reports:
    """The index of published reports in a store; `connection` is one transaction, committed by whoever opened it."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection

    def register(self, report: PublishedReport) -> None:
        """Add a report, or replace the one of the same id; `created_at` changes only with its content."""
        self._connection.execute(
            """INSERT INTO assay.reports AS r (report_id, window_start, window_end, title, headline, path, attachments,
                   sha256, created_at)
               VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)
               ON CONFLICT (report_id) DO UPDATE SET title = excluded.title, headline = excluded.headline,
                   path = excluded.path, attachments = excluded.attachments, sha256 = excluded.sha256,
                   created_at = CASE WHEN r.sha256 = excluded.sha256 THEN r.created_at ELSE excluded.created_at END""",
            (
                report.report_id,
                report.window.start,
                report.window.end,
                report.title,
                report.headline,
                report.path,
                Jsonb([asdict(attachment) for attachment in report.attachments]),
                report.sha256,
                report.created_at,
            ),
        )

    def all(self) -> list[PublishedReport]:
        """Every report, newest week first."""
        rows = self._connection.execute(f"{REPORTS} ORDER BY window_end DESC, window_start, report_id")
        return [_report(*row) for row in rows]

    def get(self, report_id: str) -> PublishedReport:
        """The report of that id; raises `KeyError` where there is none."""
        row = self._connection.execute(f"{REPORTS} WHERE report_id = %s", (report_id,)).fetchone()
        if row is None:
            raise KeyError(report_id)
        return _report(*row)

    def deliveries(self) -> dict[str, list[Delivery]]:
        """What became of each report's summary, by the report's id; the first that was told first."""
        rows = self._connection.execute(
            """SELECT r.report_id, n.receiver, n.channel, n.status, coalesce(n.error, ''), n.updated_at
               FROM assay.reports r JOIN assay.notification_log n ON split_part(n.message_key, ' ', 1) = r.report_id
               ORDER BY n.first_intended_at, n.message_key, n.receiver"""
        )
        found: dict[str, list[Delivery]] = defaultdict(list)
        for report_id, receiver, channel, status, note, at in rows:
            kind, colon, _ = channel.partition(":")
            told = Delivery(kind if colon else receiver, channel, DeliveryState(status), note, at)
            found[report_id].append(told)
        return found

    def forget(self, kind: str, before: datetime) -> list[str]:
        """Drop the reports whose ids begin with `kind` and whose windows ended before; returns where they stood."""
        rows = self._connection.execute(
            "DELETE FROM assay.reports WHERE starts_with(report_id, %s) AND window_end < %s RETURNING path",
            (kind, before),
        )
        return [path for (path,) in rows]


REPORTS = """SELECT report_id, window_start, window_end, title, headline, path, attachments, sha256, created_at
    FROM assay.reports"""


def _report(
    report_id: str,
    start: datetime,
    end: datetime,
    title: str,
    headline: str,
    path: str,
    attachments: list[dict[str, str]],
    sha256: str,
    created_at: datetime,
) -> PublishedReport:
    files = tuple(Attachment(**attachment) for attachment in attachments)
    return PublishedReport(report_id, Window(start, end), title, headline, path, files, sha256, created_at)

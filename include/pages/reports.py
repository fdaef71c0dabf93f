"""The index of reports and their files go in; what the pages show of them comes out."""

from __future__ import annotations

from dataclasses import dataclass

from include import settings as configuration
from include.adapters.postgres.reports import Reports
from include.assembly import open_store
from include.domain.report import Delivery, PublishedReport, ReportFile
from include.reports import library


@dataclass(frozen=True, slots=True)
class Shelved:
    """A weekly report, and what became of its summary at each receiver."""

    report: PublishedReport
    deliveries: tuple[Delivery, ...] = ()


def reports() -> list[Shelved]:
    """Every weekly report, the newest week first."""
    with open_store(configuration.from_airflow()) as store:
        index = Reports(store)
        told = index.deliveries()
        return [Shelved(one, tuple(told.get(one.report_id, ()))) for one in index.all() if one.is_weekly]


def read_report(report_id: str, name: str) -> ReportFile:
    """A report's own file, its picture or one of its attachments; raises `ReportMissing`."""
    settings = configuration.from_airflow()
    with open_store(settings) as store:
        return library.read(name, report_id, Reports(store), settings.home)

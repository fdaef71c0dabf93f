"""The week, told: the list of reports with where each was sent, and each of them with what lies beside it.

Logged text is in what is shown. A report is served in a sandbox without scripts, an attachment in one that cannot
reach the page around it; only the page that frames them may frame anything.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import Response

from include.domain.report import ReportFile, ReportMissing
from include.pages.reports import Shelved
from plugins.quality.site import POLICY, Site, headers
from plugins.quality.view import View

SENDS = "report_weekly"
"""The DAG that writes reports, has them approved where that is switched on, and sends them."""
FRAMING_POLICY = f"{POLICY}; frame-src 'self'"
REPORT_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; "
    "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
ATTACHMENT_POLICY = (
    "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "img-src data:; font-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)


@dataclass(frozen=True, slots=True)
class Reads:
    """Every report, the newest week first, and one file of one report; the latter raises `ReportMissing`."""

    all: Callable[[], Sequence[Shelved]]
    file: Callable[[str, str], ReportFile]


def router(read: Reads, site: Site) -> APIRouter:
    """Pages below `/reports`."""
    routes = APIRouter()

    @routes.get("/reports")
    def index(request: Request) -> Response:
        view = View.read(request.query_params)
        return site.page(request, "reports.html.j2", view=view, section="reports", found=read.all(), sends=SENDS)

    @routes.get("/reports/{report_id}/")
    def show(request: Request, report_id: str) -> Response:
        view = View.read(request.query_params)
        for one in read.all():
            if one.report.report_id == report_id:
                name = Path(one.report.path).name
                page = site.page(
                    request,
                    "report.html.j2",
                    view=view,
                    section="reports",
                    found=one,
                    name=name,
                    sends=SENDS,
                    wrote=site.dag_runs.that_reported(one.report.window),
                )
                page.headers.update(headers(FRAMING_POLICY))
                return page
        raise ReportMissing(f"no report {report_id} is registered")

    @routes.get("/reports/{report_id}/files/{name}")
    def file(report_id: str, name: str) -> Response:
        found = read.file(report_id, name)
        policy = ATTACHMENT_POLICY if found.is_attachment else REPORT_POLICY
        return Response(found.content, media_type=found.media_type, headers=headers(policy))

    return routes

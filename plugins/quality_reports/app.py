"""What lists reports and what reads one go in, a FastAPI app that shows them comes out; it has no other door.

Logged text is in what it shows. Its own pages escape everything and load only their own stylesheet and script. A
report is served in a sandbox without scripts, an attachment in one that cannot reach the page around it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, HTMLResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from include.domain.report import PublishedReport, ReportFile, ReportMissing
from include.errors import AssayError
from plugins.quality.site import headers

HERE = Path(__file__).parent
STATIC = {"style.css": "text/css", "theme.js": "text/javascript"}

PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; frame-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
REPORT_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; "
    "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
ATTACHMENT_POLICY = (
    "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "img-src data:; font-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)


def build_app(
    list_reports: Callable[[], Sequence[PublishedReport]],
    read_report: Callable[[str, str], ReportFile],
    dependencies: Sequence[Any] = (),
) -> FastAPI:
    """The app; `dependencies` guard every route of it.

    `list_reports()` gives the index, newest week first; `read_report(report_id, name)` one file of one report, or
    raises `ReportMissing`.
    """
    app = FastAPI(dependencies=list(dependencies), docs_url=None, redoc_url=None, openapi_url=None)
    templates = Environment(
        loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )

    @app.get("/")
    def index() -> Response:
        return _page(templates, "index.html.j2", reports=list_reports())

    @app.get("/static/{name}")
    def static(name: str) -> Response:
        if name not in STATIC:
            raise ReportMissing("there is no such page")
        return FileResponse(HERE / "static" / name, media_type=STATIC[name], headers=headers(PAGE_POLICY))

    @app.get("/{report_id}/")
    def show(report_id: str) -> Response:
        for report in list_reports():
            if report.report_id == report_id:
                return _page(templates, "show.html.j2", report=report, name=Path(report.path).name)
        raise ReportMissing(f"no report {report_id} is registered")

    @app.get("/{report_id}/files/{name}")
    def file(report_id: str, name: str) -> Response:
        found = read_report(report_id, name)
        policy = ATTACHMENT_POLICY if found.is_attachment else REPORT_POLICY
        return HTMLResponse(found.content, headers=headers(policy))

    app.exception_handler(ReportMissing)(partial(_refuse, templates, 404))
    app.exception_handler(AssayError)(partial(_refuse, templates, 503))
    return app


def _refuse(templates: Environment, status: int, request: Request, error: Exception) -> Response:
    root = request.scope.get("root_path", "")
    return _page(templates, "refused.html.j2", status, reason=str(error), root=f"{root}/")


def _page(templates: Environment, template: str, status: int = 200, **values: object) -> Response:
    html = templates.get_template(template).render(values)
    return HTMLResponse(html, status, headers=headers(PAGE_POLICY))

"""What every page has in common: templates, navigation, forms' tokens and the policy that a browser keeps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated

from fastapi import Form, HTTPException, Request
from fastapi.responses import FileResponse, HTMLResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from pydantic import AfterValidator

from include.notify import figures
from include.reports import formats
from include.reports.render import visible
from plugins.quality.dag_runs import DagRuns
from plugins.quality.reader import Tokens, reader_of
from plugins.quality.view import RANGES, View

HERE = Path(__file__).parent
PREFIX = "/assay/quality"
"""Where Airflow serves the pages; the tests serve them there as well."""
ON_CALL = "watch_quality"
"""Whoever may trigger this DAG may act on incidents and silences."""
Text = Annotated[str, Form(), AfterValidator(lambda text: text.replace("\0", ""))]
"""A field of a form; Postgres knows no NUL."""
STATIC = {"style.css": "text/css", "page.js": "text/javascript"}
SECTIONS = (
    ("", "Overview"),
    ("interactions", "Interactions"),
    ("incidents", "Incidents"),
    ("runs", "Runs"),
    ("silences", "Silences"),
    ("costs", "Costs"),
    ("judges", "Judges"),
    ("reports", "Reports"),
)
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'self'"
)


def headers(policy: str) -> dict[str, str]:
    """Of every answer: what a browser may do with it, by its Content-Security-Policy, and that nobody keeps it."""
    return {
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Cache-Control": "private, no-store",
    }


@dataclass(frozen=True)
class Site:
    """`clock` gives the present (UTC), `tokens` what forms must bring back, `dag_runs` where Airflow shows a run."""

    tokens: Tokens
    clock: Callable[[], datetime]
    templates: Environment
    dag_runs: DagRuns

    def page(self, request: Request, template: str, status: int = 200, **values: object) -> Response:
        """A page with its navigation; every text in it is escaped, whatever it holds."""
        root = request.scope.get("root_path", "")
        html = self.templates.get_template(template).render(
            root=root,
            airflow=root.removesuffix(PREFIX),
            sections=SECTIONS,
            on_call=ON_CALL,
            ranges=tuple(RANGES),
            now=self.clock(),
            **({"reader": None, "token": ""} | self._forms(request) | values),
        )
        return HTMLResponse(html, status, headers=headers(POLICY))

    def refuse(self, request: Request, status: int, reason: str) -> Response:
        """A page that says why there is none."""
        return self.page(request, "refused.html.j2", status, view=View(), section=None, reason=reason)

    def _forms(self, request: Request) -> dict[str, object]:
        if not hasattr(request.state, "reader"):
            return {}
        reader = reader_of(request)
        return {"reader": reader, "token": self.tokens.issue(reader)}


def static(name: str) -> Response:
    """A stylesheet or script."""
    if name not in STATIC:
        raise HTTPException(404, "There is no such page.")
    return FileResponse(HERE / "static" / name, media_type=STATIC[name], headers=headers(POLICY))


def open_templates() -> Environment:
    """Jinja2 that escapes whatever is not a template, refuses unknown names, and strips what text must not do."""
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=visible,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    told = (
        *(formats.score, formats.change, formats.money, formats.spent, formats.counted, formats.share),
        *(formats.moment, formats.short_moment, formats.duration, formats.words, formats.window),
        *(figures.figure, figures.interval, figures.clock),
    )
    made.filters |= {function.__name__: function for function in told}
    return made

"""What reads the store and what acts on it go in, a FastAPI app with every page comes out; it has no other door."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException as StarletteHTTPException

from include.errors import AssayError, PageMissing
from plugins.quality.dag_runs import NO_DAG_RUNS, DagRuns
from plugins.quality.reader import Tokens
from plugins.quality.site import Site, open_templates, static


def build_app(
    secret: str,
    dependencies: Sequence[Any],
    routers: Sequence[Callable[[Site], APIRouter]],
    dag_runs: DagRuns = NO_DAG_RUNS,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> FastAPI:
    """The app with the pages of each of `routers`; `secret` signs what forms bring back.

    `dependencies` guard every route of it, and one of them puts the `Reader` into the request's state.
    """
    site = Site(Tokens(secret), clock, open_templates(), dag_runs)
    app = FastAPI(dependencies=[*dependencies, Depends(_readable)], docs_url=None, redoc_url=None, openapi_url=None)
    app.get("/static/{name}")(static)
    for router in routers:
        app.include_router(router(site))

    @app.exception_handler(StarletteHTTPException)
    def refused(request: Request, error: HTTPException) -> Response:
        return site.refuse(request, error.status_code, str(error.detail))

    @app.exception_handler(RequestValidationError)
    def misunderstood(request: Request, error: RequestValidationError) -> Response:
        return site.refuse(request, 400, "The address, or what was sent, is not of the form that this page takes.")

    @app.exception_handler(AssayError)
    def failed(request: Request, error: AssayError) -> Response:
        return site.refuse(request, 404 if isinstance(error, PageMissing) else 503, str(error))

    return app


def _readable(request: Request) -> None:
    """Postgres knows no NUL, so no name holds one."""
    told = [request.scope["path"], *(text for pair in request.query_params.multi_items() for text in pair)]
    if any("\0" in text for text in told):
        raise HTTPException(400, "The address holds a NUL, which no name does.")

"""The first page: every project, those in trouble at the top."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from fastapi import APIRouter, Request
from fastapi.responses import Response

from include.domain.interaction import Window
from include.pages.overview import Overview, ProjectState
from include.reports.charts import HEIGHT, WIDTH, common_range, sparkline
from include.reports.quality import DAY
from plugins.quality.site import Site
from plugins.quality.view import View

Reads: TypeAlias = Callable[[Window, str], Overview]
CHARTED = 14 * DAY


def router(read: Reads, site: Site) -> APIRouter:
    """`read(window, environment)` gives the state of all projects."""
    routes = APIRouter()

    @routes.get("/")
    def show(request: Request) -> Response:
        view = View.read(request.query_params)
        found = read(view.window(site.clock()), view.environment)
        axis = common_range(state.composite for state in found.projects if state.composite)
        chart = Window(found.window.end - max(CHARTED, found.window.length), found.window.end)

        def line(state: ProjectState) -> object:
            return state.composite and sparkline(state.composite, (), chart, found.window, axis)

        return site.page(
            request,
            "overview.html.j2",
            view=view,
            section="",
            found=found,
            environments=found.environments,
            lines=[(state, line(state)) for state in found.projects],
            size=(WIDTH, HEIGHT),
            axis=axis,
            chart=chart,
        )

    return routes

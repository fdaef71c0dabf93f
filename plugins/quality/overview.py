"""The first page: every project, those in trouble at the top."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from fastapi import APIRouter, Request
from fastapi.responses import Response

from include.domain.interaction import Window
from include.pages.overview import Overview, ProjectState, charted
from include.reports.charts import HEIGHT, WIDTH, common_range, sparkline
from plugins.quality.site import Site
from plugins.quality.view import View

SHOWN = 100
"""Projects that are drawn unless all are asked for; those in trouble are the first."""
Reads: TypeAlias = Callable[[Window, str], Overview]


def router(read: Reads, site: Site) -> APIRouter:
    """`read(window, environment)` gives the state of all projects."""
    routes = APIRouter()

    @routes.get("/")
    def show(request: Request) -> Response:
        view = View.read(request.query_params)
        found = read(view.window(site.clock()), view.environment)
        axis = common_range(state.composite for state in found.projects if state.composite)
        chart = charted(found.window)

        def line(state: ProjectState) -> object:
            return state.composite and sparkline(state.composite, (), chart, found.window, axis)

        return site.page(
            request,
            "overview.html.j2",
            view=view,
            section="",
            found=found,
            environments=found.environments,
            lines=[
                (state, line(state)) for state in found.projects[: None if "all" in request.query_params else SHOWN]
            ],
            size=(WIDTH, HEIGHT),
            axis=axis,
            chart=chart,
        )

    return routes

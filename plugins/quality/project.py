"""One project: how its scores went, what happened meanwhile, and which segments moved them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from fastapi import APIRouter, Request
from fastapi.responses import Response

from include.domain.interaction import Window
from include.pages.project import Course, ProjectPage
from include.reports.quality import COMPOSITE
from plugins.quality.course import LARGE, SMALL, Drawn, bars, draw
from plugins.quality.site import Site
from plugins.quality.view import View

Reads: TypeAlias = Callable[[str, Window, str], ProjectPage]
SHOWN = 20
"""Segments that are listed; the others are added up."""


def router(read: Reads, site: Site) -> APIRouter:
    """`read(project, window, environment)` gives all that is known of it, or raises `PageMissing`."""
    routes = APIRouter()

    @routes.get("/projects/{project:path}")
    def show(request: Request, project: str) -> Response:
        view = View.read(request.query_params)
        found = read(project, view.window(site.clock()), view.environment)
        incidents = [one.incident for one in found.incidents]
        spans = [(one.starts_at, one.ends_at or one.updated_at) for one in incidents]
        happened = [one.at for one in found.arrivals]

        def drawn(course: Course) -> Drawn:
            size = LARGE if course.week.measure == COMPOSITE else SMALL
            return draw(course, found.chart, found.window, found.step, happened, spans, size)

        return site.page(
            request,
            "project.html.j2",
            view=view,
            section=None,
            found=found,
            environments=found.environments,
            drawn=[drawn(course) for course in found.courses],
            segments=found.segments[:SHOWN],
            rest=found.segments[SHOWN:],
            largest=max((abs(one.value) for one in found.segments), default=0.0),
            bars=bars(found.distribution) if found.distribution else None,
        )

    return routes

"""Who judges: every epoch of the judges with what it gave, failed at, cost and leans towards."""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby
from typing import TypeAlias

from fastapi import APIRouter, Request
from fastapi.responses import Response

from include.domain.interaction import Window
from include.pages.judges import REASONS, Bench
from plugins.quality.site import Site
from plugins.quality.view import View

Reads: TypeAlias = Callable[[Window, str], Bench]
SHOWN = 100
"""Projects, and lines of the tables below them, unless all are asked for."""


def router(read: Reads, site: Site) -> APIRouter:
    """`read(window, environment)` gives who judged in it."""
    routes = APIRouter()

    @routes.get("/judges")
    def show(request: Request) -> Response:
        view = View.read(request.query_params)
        found = read(view.window(site.clock()), view.environment)
        shown = None if "all" in request.query_params else SHOWN
        projects = [(name, list(own)) for name, own in groupby(found.epochs, lambda one: one.project)]
        return site.page(
            request,
            "judges.html.j2",
            view=view,
            section="judges",
            environments=found.environments,
            found=found,
            projects=projects[:shown],
            calls=found.calls[:shown],
            agreed=found.agreed[:shown],
            is_cut=len(projects) > len(projects[:shown]) or len(found.calls) > len(found.calls[:shown]),
            faults=REASONS,
        )

    return routes

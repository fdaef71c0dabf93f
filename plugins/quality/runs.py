"""What became of all that was logged: the coverage ledger of every run, and the quarantine with its way out."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from include.domain.interaction import Window
from include.domain.run import CoverageLedger
from include.errors import RepairRefused
from include.pages.runs import MOST_ROWS, RunsPage
from plugins.quality.site import Site, Text
from plugins.quality.view import View

SCORING = "score_interactions"
"""Whoever may trigger this DAG may let rows out of quarantine, which its next run scores."""
AT_WORK = {"extracted": "validate", "validated": "score/mapped", "settled": "settle"}
"""The task whose log tells of a run that has come so far."""
TERMS = ("scored", "failed", "excluded", "quarantined", "gap")

Reads: TypeAlias = Callable[[Window], RunsPage]
Releases: TypeAlias = Callable[[str, str], object]


def router(read: Reads, release: Releases, site: Site) -> APIRouter:
    """Pages below `/runs`; `release(row_key, who)` lets a row out of quarantine, or raises `RepairRefused`."""
    routes = APIRouter()

    @routes.get("/runs")
    def index(request: Request) -> Response:
        return page(request)

    @routes.post("/runs")
    def let_out(request: Request, row_key: Text = "", token: Text = "") -> Response:
        who = site.tokens.acting(request, token, SCORING).name
        try:
            release(row_key, who)
        except RepairRefused as error:
            return page(request, 409, refusal=str(error))
        return RedirectResponse(request.url.path + (f"?{request.url.query}" if request.url.query else ""), 303)

    def page(request: Request, status: int = 200, refusal: str = "") -> Response:
        view = View.read(request.query_params)
        found = read(view.window(site.clock()))
        return site.page(
            request,
            "runs.html.j2",
            status,
            view=view,
            section="runs",
            environments=(),
            found=found,
            lines=[(one, bar(one.ledger) if one.ledger else ()) for one in found.runs],
            terms=TERMS,
            scoring=SCORING,
            dag_runs=site.dag_runs.that_scored([one.run.window for one in found.runs]),
            at_work=AT_WORK,
            most=MOST_ROWS,
            refusal=refusal,
        )

    return routes


def bar(ledger: CoverageLedger) -> tuple[tuple[str, float, float], ...]:
    """Each term that is more than nothing with its left end and width, in percent of what was logged.

    Where more is accounted for than was logged, in percent of that.
    """
    counts = [(term, max(0, getattr(ledger, term))) for term in TERMS]
    whole = sum(count for _, count in counts)
    parts, left = [], 0.0
    for term, count in counts:
        if count:
            parts.append((term, round(left, 2), round(100 * count / whole, 2)))
            left += 100 * count / whole
    return tuple(parts)

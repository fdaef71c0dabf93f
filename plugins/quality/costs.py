"""What was spent: months against their budgets, days, what moved, by model and prompt, and what judging cost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from fastapi import APIRouter, Request
from fastapi.responses import Response

from include.domain.interaction import Window
from include.domain.judging_cost import per_thousand
from include.domain.money import Forecast
from include.pages.costs import Expenses
from include.pages.months import ProjectMonth
from include.reports.burn_down import burn_down, likely
from include.reports.charts import HEIGHT, WIDTH
from include.reports.formats import day, model_name
from include.reports.money_charts import pairs, waterfall
from include.reports.money_words import difference, moved, percent
from plugins.quality.burndown import Burndown, burndown
from plugins.quality.site import Site
from plugins.quality.view import View

Reads: TypeAlias = Callable[[Window, str], Expenses]


def router(read: Reads, site: Site) -> APIRouter:
    """`read(window, environment)` gives what was spent in it."""
    routes = APIRouter()

    @routes.get("/costs")
    def show(request: Request) -> Response:
        view = View.read(request.query_params)
        found = read(view.window(site.clock()), view.environment)
        whole = found.judging.whole if found.judging else None
        return site.page(
            request,
            "costs.html.j2",
            view=view,
            section="costs",
            environments=found.environments,
            found=found,
            months=[(one, _drawn(one), _over(one)) for one in _told(found.months)],
            bars=pairs(found.days, found.days_before),
            steps=waterfall(whole) if whole and whole.in_full > 0 else (),
            saved=whole,
            size=(WIDTH, HEIGHT),
            day=day,
            difference=difference,
            model_name=model_name,
            moved=moved,
            percent=percent,
            per_thousand=per_thousand,
        )

    return routes


def _told(months: Sequence[ProjectMonth]) -> list[ProjectMonth]:
    """Those of projects, and all together where they have a budget or are several."""
    projects = [one for one in months if one.month.project]
    return [one for one in months if one.month.project or one.budget or len(projects) > 1]


def _drawn(one: ProjectMonth) -> Burndown | None:
    chart = burn_down(one.month, one.course, one.month.project or "all projects") if one.course else None
    return burndown(chart) if chart else None


def _over(one: ProjectMonth) -> str:
    """How likely the month ends over its budget, "" where nobody knows or it is over already."""
    outlook, limit = one.month.outlook, one.month.limit
    if limit is None or not isinstance(outlook, Forecast) or one.month.spent.known >= limit:
        return ""
    return likely(outlook.over(limit))

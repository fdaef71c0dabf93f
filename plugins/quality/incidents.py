"""What broke: the list of incidents, and each in full, to be acknowledged, snoozed and judged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from include.domain.interaction import Window
from include.domain.message import Chart, Verb
from include.pages.incidents import Dossier, IncidentList
from plugins.quality.curve import curve
from plugins.quality.site import ON_CALL, Site, Text
from plugins.quality.view import View


@dataclass(frozen=True, slots=True)
class Reads:
    """Incidents of a window in an environment, or in all (""), and one of them in full."""

    all: Callable[[Window, str], IncidentList]
    one: Callable[[str], Dossier]


@dataclass(frozen=True, slots=True)
class Acts:
    """What on-call does, as `include.oncall` does it; `who` is the reader's name."""

    acknowledge: Callable[[str, str], object]
    snooze: Callable[[str, float, str], object]
    judge: Callable[[str, str, bool], object]


def router(read: Reads, act: Acts, site: Site) -> APIRouter:
    """Pages below `/incidents`."""
    routes = APIRouter()

    @routes.get("/incidents")
    def index(request: Request) -> Response:
        view = View.read(request.query_params)
        window = view.window(site.clock())
        found = read.all(window, view.environment)
        return site.page(
            request,
            "incidents.html.j2",
            view=view,
            window=window,
            section="incidents",
            environments=found.environments,
            found=found.found,
            has_more=found.has_more,
        )

    @routes.get("/incidents/{incident_id}")
    def show(request: Request, incident_id: str) -> Response:
        found = read.one(incident_id)
        fired_at = min((one.fired_at for one in found.incident.alerts if one.fired_at), default=None)
        return site.page(
            request,
            "incident.html.j2",
            view=View.read(request.query_params),
            section="incidents",
            found=found,
            watched=site.dag_runs.that_watched(fired_at) if fired_at else None,
            curve=curve(found.message.chart) if isinstance(found.message.chart, Chart) else None,
        )

    @routes.post("/incidents/{incident_id}")
    def do(request: Request, incident_id: str, verb: Text = "", token: Text = "") -> Response:
        who = site.tokens.acting(request, token, ON_CALL).name
        match verb:
            case Verb.ACKNOWLEDGE:
                act.acknowledge(incident_id, who)
            case Verb.SNOOZE_HOUR | Verb.SNOOZE_DAY:
                act.snooze(incident_id, 1.0 if verb == Verb.SNOOZE_HOUR else 24.0, who)
            case Verb.NOT_USEFUL | "useful":
                act.judge(incident_id, who, verb == "useful")
            case _:
                return site.refuse(request, 400, "Nothing of that name can be done about an incident.")
        return RedirectResponse(request.url.path, 303)

    return routes

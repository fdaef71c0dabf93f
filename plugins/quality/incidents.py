"""What broke: the list of incidents, and each in full, to be acknowledged, snoozed and judged."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from include.domain.interaction import Window
from include.domain.message import Verb
from include.pages.incidents import Dossier, Headline
from plugins.quality.curve import curve
from plugins.quality.site import ON_CALL, Site, Text
from plugins.quality.view import View


@dataclass(frozen=True, slots=True)
class Reads:
    """Incidents of a window, and one of them in full."""

    all: Callable[[Window], Sequence[Headline]]
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
        found = read.all(window)
        shown = [one for one in found if view.environment in ("", *_environments(one))]
        return site.page(
            request,
            "incidents.html.j2",
            view=view,
            window=window,
            section="incidents",
            environments=sorted({name for one in found for name in _environments(one)}),
            found=shown,
        )

    @routes.get("/incidents/{incident_id}")
    def show(request: Request, incident_id: str) -> Response:
        found = read.one(incident_id)
        return site.page(
            request,
            "incident.html.j2",
            view=View.read(request.query_params),
            section="incidents",
            found=found,
            curve=curve(found.message.chart) if found.message.chart else None,
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


def _environments(one: Headline) -> set[str]:
    return {alert.labels.get("environment", "") for alert in one.incident.alerts} - {""}

"""What nobody is told for now: silences that hold, to be made and ended."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from include.domain.silence import Silence
from include.errors import SilenceRefused
from plugins.quality.site import ON_CALL, Site, Text
from plugins.quality.view import View

Reads: TypeAlias = Callable[[], Sequence[Silence]]


@dataclass(frozen=True, slots=True)
class Acts:
    """As `include.oncall` does it: `silence(matchers, lasts, who, why)` raises `SilenceRefused`."""

    silence: Callable[[str, str, str, str], object]
    expire: Callable[[int], object]


def router(read: Reads, act: Acts, site: Site) -> APIRouter:
    """Pages below `/silences`; `read()` gives those that are not over."""
    routes = APIRouter()

    @routes.get("/silences")
    def index(request: Request, matchers: str = "") -> Response:
        return page(request, matchers=matchers)

    @routes.post("/silences")
    def silence(request: Request, matchers: Text = "", lasts: Text = "", why: Text = "", token: Text = "") -> Response:
        who = site.tokens.acting(request, token, ON_CALL).name
        try:
            act.silence(matchers, lasts, who, why)
        except SilenceRefused as error:
            return page(request, 400, matchers=matchers, lasts=lasts, why=why, refusal=str(error))
        return RedirectResponse(request.url.path, 303)

    @routes.post("/silences/{silence_id}/expire")
    def expire(request: Request, silence_id: int, token: Text = "") -> Response:
        site.tokens.acting(request, token, ON_CALL)
        act.expire(silence_id)
        return RedirectResponse(request.url.path.rsplit("/", 2)[0], 303)

    def page(request: Request, status: int = 200, **typed: str) -> Response:
        given = {"matchers": "", "lasts": "2h", "why": "", "refusal": ""} | typed
        return site.page(request, "silences.html.j2", status, view=View(), section="silences", found=read(), **given)

    return routes

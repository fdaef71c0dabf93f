"""What was logged and how it was judged: interactions found by what they are, and each in full."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Form, HTTPException, Request
from fastapi.responses import RedirectResponse, Response

from include.domain.listing import Choices, Listing, Place, Search, Sort
from include.errors import FeedbackRefused
from include.judges.rubric import POINTS
from include.pages.interaction import Story
from plugins.quality.opinions import EXPERTS, Acts, Opinion
from plugins.quality.site import Site
from plugins.quality.view import FIRST, LAST, View

TEXTS = ("project", "model", "prompt_version", "language", "q")
MOST = 300
"""Characters of a filter."""
SEAM = "~"
"""Between the parts of a place in a list; the last part is the interaction's id and may hold anything."""


@dataclass(frozen=True, slots=True)
class Reads:
    """A page of a list with what can be chosen from, and one interaction in full."""

    all: Callable[[Search], tuple[Listing, Choices]]
    one: Callable[[str, datetime | None], Story]


@dataclass(frozen=True, slots=True)
class Sifted(View):
    """A view with filters, which its addresses keep; `filters` are as they stand in the address."""

    filters: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Sifted:
        """From an address; raises `HTTPException` where it says what cannot be shown."""
        view = View.read(query)
        names = (*TEXTS, "failed", "min", "max", "sort")
        filters = tuple((name, query[name]) for name in names if query.get(name))
        if any(len(value) > MOST for _, value in filters):
            raise HTTPException(400, f"A filter has {MOST} characters at most.")
        return cls(view.span, view.environment, view.until, filters)

    def address(self, **changes: Any) -> str:
        """The query that shows the same, but for what changes; `filters={name: value}` changes filters."""
        filters = dict(self.filters) | changes.pop("filters", {})
        plain = View(self.span, self.environment, self.until).address(**changes)
        told = urlencode({name: value for name, value in filters.items() if value})
        return f"{plain}&{told}".replace("?&", "?") if told else plain


def router(read: Reads, act: Acts, site: Site) -> APIRouter:
    """Pages below `/interactions`."""
    routes = APIRouter()

    @routes.get("/interactions")
    def index(request: Request) -> Response:
        sifted = Sifted.of(request.query_params)
        search = _search(sifted, request.query_params, site.clock())
        found, choices = read.all(search)
        return site.page(
            request,
            "interactions.html.j2",
            view=replace(sifted, filters=()),
            sifted=sifted,
            given=dict(sifted.filters),
            section="interactions",
            environments=choices.environments,
            choices=choices,
            search=search,
            found=found,
            further=_told(found.after, search.sort) if found.after else "",
        )

    @routes.get("/interactions/{interaction_id:path}")
    def show(request: Request, interaction_id: str, at: str = "", run: str = "") -> Response:
        return page(request, interaction_id, _moment("at", at) if at else None, run=run)

    @routes.post("/interactions/{interaction_id:path}")
    def do(request: Request, interaction_id: str, sent: Annotated[Opinion, Form()], at: str = "") -> Response:
        who = site.tokens.acting(request, sent.token, EXPERTS).name
        logged_at = _moment("at", at)
        try:
            run = sent.do(act, interaction_id, logged_at, who)
        except FeedbackRefused as error:
            return page(request, interaction_id, logged_at, 400, sent=sent, refusal=str(error))
        query = urlencode({"at": logged_at.isoformat(), **({"run": run} if run else {})})
        return RedirectResponse(f"{request.url.path}?{query}#said", 303)

    def page(
        request: Request, interaction_id: str, logged_at: datetime | None, status: int = 200, **given: object
    ) -> Response:
        return site.page(
            request,
            "interaction.html.j2",
            status,
            view=View.read(request.query_params),
            section="interactions",
            story=read.one(interaction_id, logged_at),
            experts=EXPERTS,
            points=POINTS,
            **({"sent": Opinion(), "refusal": "", "run": ""} | given),
        )

    return routes


def _search(sifted: Sifted, query: Mapping[str, str], now: datetime) -> Search:
    given = dict(sifted.filters)
    try:
        sort = Sort(given.get("sort", Sort.NEWEST))
    except ValueError:
        raise HTTPException(400, f"sort={given['sort']} is not one of {', '.join(Sort)}.") from None
    return Search(
        window=sifted.window(now),
        project=given.get("project", ""),
        environment=sifted.environment,
        model=given.get("model", ""),
        prompt_version=given.get("prompt_version", ""),
        language=given.get("language", ""),
        text=given.get("q", "").strip(),
        failed="failed" in given,
        low=_bound("min", given),
        high=_bound("max", given),
        sort=sort,
        after=_place(query["after"], sort) if query.get("after") else None,
    )


def _bound(name: str, given: Mapping[str, str]) -> float | None:
    if name not in given:
        return None
    try:
        value = float(given[name])
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise HTTPException(400, f"{name}={given[name]} is not a score from 0 to 1.")
    return value


def _told(place: Place, sort: Sort) -> str:
    """A place as an address has it."""
    value = [repr(place.value)] if sort is Sort.WORST else []
    return SEAM.join([*value, place.logged_at.isoformat(), place.interaction_id])


def _place(text: str, sort: Sort) -> Place:
    """Back again; raises `HTTPException` where an address holds none."""
    parts = text.split(SEAM, 2 if sort is Sort.WORST else 1)
    if len(parts) != (3 if sort is Sort.WORST else 2):
        raise HTTPException(400, "after= names no place in this list.")
    value = _bound("after", {"after": parts[0]}) if sort is Sort.WORST else None
    return Place(_moment("after", parts[-2]), parts[-1], value)


def _moment(name: str, text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise HTTPException(400, f"{name}={text} is not a moment such as 2026-11-20T18:00:00Z.") from None
    if not FIRST.year < moment.year < LAST.year:
        raise HTTPException(400, f"{name}={text} is out of range.")
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)

"""A search goes in, a page of the interactions that it finds comes out: quickly, however many there are."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import psycopg

from include.adapters.postgres.segments import LANGUAGE
from include.adapters.postgres.text import storable
from include.domain.interaction import Window
from include.domain.listing import Choices, Listed, Listing, Place, Search, Sort

PAGE = 50
LOOKED_AT = {Sort.NEWEST: 15_000, Sort.WORST: 5_000}
"""How many rows a page may cost where no index knows what is looked for: then it says so and can be gone on with."""
WITH_WORDS = 100
"""Of so many that hold the words and were drawn for scoring, the newest, the worst are shown."""
PATIENCE_MS = 10_000
CHOICES = 5_000
MODEL = "coalesce(i.response_model, i.request_model, '')"
RESOLUTION = timedelta(microseconds=1)

ROW = f"""
    SELECT i.interaction_id, i.logged_at, i.project, i.environment, {MODEL}, coalesce(i.prompt_version, ''),
           left(i.user_input, 300), left(i.response, 300), c.value, coalesce(c.by_dimension, jsonb_build_object()),
           (SELECT coalesce(jsonb_object_agg(f.dimension, f.error_type), jsonb_build_object())
            FROM assay.score_failures f
            WHERE (f.interaction_id, f.logged_at) = (i.interaction_id, i.logged_at)),
           i.error_type, i.latency_ms, i.cost, i.sampled"""  # noqa: S608

BY_TIME = "ORDER BY i.logged_at DESC, i.interaction_id DESC"
BY_VALUE = "ORDER BY c.value, c.logged_at, c.interaction_id"
LOGGED = f"""{ROW}
    FROM (SELECT * FROM assay.interactions i WHERE {{near}} {{cap}}) i
    LEFT JOIN LATERAL (
        SELECT * FROM assay.composites c
        WHERE (c.interaction_id, c.logged_at) = (i.interaction_id, i.logged_at)
          AND c.logged_at >= %(start)s AND c.logged_at < %(end)s
        ORDER BY value LIMIT 1) c ON true
    WHERE {{rest}} {{order}} LIMIT %(limit)s"""  # noqa: S608

# An interaction whose judges changed has several composites: it stands where its lowest is. OFFSET 0 keeps the planner
# from joining all that there is where it takes a filter to be rarer than it is.
SCORED = f"""{ROW}
    FROM (SELECT * FROM assay.composites c WHERE {{near}} {BY_VALUE} LIMIT %(looked_at)s) c
    CROSS JOIN LATERAL (
        SELECT * FROM assay.interactions i
        WHERE (i.interaction_id, i.logged_at) = (c.interaction_id, c.logged_at)
          AND i.logged_at >= %(start)s AND i.logged_at < %(end)s AND {{rest}} OFFSET 0) i
    WHERE NOT EXISTS (
        SELECT FROM assay.composites o
        WHERE (o.interaction_id, o.logged_at) = (c.interaction_id, c.logged_at)
          AND o.logged_at >= %(start)s AND o.logged_at < %(end)s
          AND (o.value, o.weights_version, o.epochs) < (c.value, c.weights_version, c.epochs) OFFSET 0)
    {BY_VALUE} LIMIT %(limit)s"""  # noqa: S608

LAST_LOOKED_AT = {
    Sort.NEWEST: f"""
        SELECT i.logged_at, i.interaction_id, NULL::float8 FROM assay.interactions i
        WHERE {{near}} {BY_TIME} OFFSET %(looked_at)s - 1 LIMIT 1""",  # noqa: S608
    Sort.WORST: f"""
        SELECT c.logged_at, c.interaction_id, c.value FROM assay.composites c
        WHERE {{near}} {BY_VALUE} OFFSET %(looked_at)s - 1 LIMIT 1""",  # noqa: S608
}

FOUND_BY_WORDS = "assay.words_of(i.user_input, i.response) @@ websearch_to_tsquery('simple', %(text)s)"
FAILED = """(i.error_type IS NOT NULL OR EXISTS (
    SELECT FROM assay.score_failures f WHERE (f.interaction_id, f.logged_at) = (i.interaction_id, i.logged_at)))"""

OFFERED = """
    SELECT DISTINCT project, environment, model, prompt_version FROM assay.segments_daily
    WHERE measure = 'volume' AND day >= date_trunc('day', %(start)s::timestamptz, 'UTC') AND day < %(end)s
    LIMIT %(most)s"""


class InteractionList:
    """Reads a store; `connection` is one transaction, committed by whoever opened it."""

    def __init__(self, connection: psycopg.Connection, patience_ms: int = PATIENCE_MS) -> None:
        self._connection = connection
        self._patience_ms = patience_ms

    def page(self, search: Search, limit: int = PAGE, looked_at: int | None = None) -> Listing:
        """Up to `limit` interactions; without words to look for it looks at `looked_at` rows at most."""
        asked = arguments(search) | {"limit": limit + 1, "looked_at": looked_at or LOOKED_AT[search.sort]}
        try:
            with self._connection.transaction():
                self._connection.execute(f"SET LOCAL statement_timeout = {self._patience_ms}".encode())
                rows = self._connection.execute(statement(search).encode(), asked).fetchall()
                found = tuple(Listed(*row) for row in rows)
                if len(found) > limit:
                    return Listing(found[:limit], found[limit - 1].place)
                last = None if search.text else self._last_looked_at(search, asked)
        except psycopg.errors.QueryCanceled:
            return Listing(gave_up=True)
        return Listing(found, last, is_partial=last is not None)

    def _last_looked_at(self, search: Search, asked: Mapping[str, object]) -> Place | None:
        """Where the search stopped, if it did not come to the end."""
        query = LAST_LOOKED_AT[search.sort].format(near=_near(search))
        row = self._connection.execute(query.encode(), asked).fetchone()
        return Place(*row) if row else None

    def choices(self, window: Window) -> Choices:
        """What was logged, by the daily sums of what is settled."""
        asked = {"start": window.start, "end": window.end, "most": CHOICES}
        rows = self._connection.execute(OFFERED, asked).fetchall()
        columns = zip(*rows, strict=True) if rows else ((),) * 4
        return Choices(*(tuple(sorted({value for value in column if value})) for column in columns))


def statement(search: Search) -> str:
    """The query that finds a page: the rows that are looked at, then what must hold of them.

    Words are looked up in their index, which knows no order: of those that hold them some are sorted, not all.
    """
    rest, bounds = ["true", *_rest(search)], ["true", *_bounds(search)]
    if search.sort is Sort.NEWEST:
        cap = "" if search.text else f"{BY_TIME} LIMIT %(looked_at)s"
        return LOGGED.format(near=_near(search), cap=cap, rest=" AND ".join(rest + bounds), order=BY_TIME)
    if not search.text:
        return SCORED.format(near=_near(search), rest=" AND ".join(rest))
    near, cap = " AND ".join(["i.sampled", _logged(search), *rest]), f"{BY_TIME} LIMIT {WITH_WORDS}"
    return LOGGED.format(near=near, cap=cap, rest=_scored(search), order=BY_VALUE)


def _near(search: Search) -> str:
    """What an index of the rows that are looked at knows."""
    if search.sort is Sort.WORST:
        return "c.logged_at >= %(start)s AND c.logged_at < %(end)s AND " + _scored(search)
    after = ["(i.logged_at, i.interaction_id) < (%(after)s, %(after_id)s)"] * bool(search.after)
    return " AND ".join([_logged(search), *after])


def _logged(search: Search) -> str:
    near = ["i.logged_at >= %(start)s AND i.logged_at < %(end)s"]
    near += ["i.project = %(project)s"] * bool(search.project) + [FOUND_BY_WORDS] * bool(search.text)
    return " AND ".join(near)


def _scored(search: Search) -> str:
    after = ["(c.value, c.logged_at, c.interaction_id) > (%(after_value)s, %(after)s, %(after_id)s)"]
    return " AND ".join(["c.value IS NOT NULL", *_bounds(search), *after * bool(search.after)])


def _rest(search: Search) -> list[str]:
    wanted = {
        "i.project = %(project)s": search.project and search.sort is Sort.WORST,
        "i.environment = %(environment)s": search.environment,
        f"{MODEL} = %(model)s": search.model,
        "i.prompt_version = %(prompt_version)s": search.prompt_version,
        f"{LANGUAGE} = %(language)s": search.language,
        FAILED: search.failed,
    }
    return [condition for condition, is_wanted in wanted.items() if is_wanted]


def _bounds(search: Search) -> list[str]:
    return ["c.value >= %(low)s"] * (search.low is not None) + ["c.value <= %(high)s"] * (search.high is not None)


def arguments(search: Search) -> dict[str, object]:
    """What the search's query is given."""
    texts = ("project", "environment", "model", "prompt_version", "text")
    after, end = search.after, search.window.end
    if after and search.sort is Sort.NEWEST:
        end = min(end, after.logged_at + RESOLUTION)  # spares the months that were read
    return {
        **{name: storable(getattr(search, name)) for name in texts},
        "language": storable(search.language).strip().lower().replace("_", "-").split("-")[0],
        "low": search.low,
        "high": search.high,
        "start": search.window.start,
        "end": end,
        "after": after and after.logged_at,
        "after_id": after and storable(after.interaction_id),
        "after_value": after and after.value,
    }

"""A search goes in, a page of the interactions that it finds comes out: quickly, however many there are."""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import psycopg

from include.adapters.postgres.segments import LANGUAGE
from include.adapters.postgres.text import storable
from include.domain.interaction import Window
from include.domain.listing import Choices, Listed, Listing, Place, Search, Sort

PAGE = 50
LOOKED_AT = {Sort.NEWEST: 15_000, Sort.WORST: 5_000}
"""How many rows a page may cost where no index knows what is looked for: then it says so and can be gone on with."""
FEW = 10_000
"""The worst of a project that has no more are found among all of its own."""
READ, STRETCH = 200, 2_000
"""Words are looked for in the texts of so many of the newest; then by their index in so many, which tells how often
they are used."""
HOLDERS = 1_000
"""Then as far back as about so many hold them."""
PATIENCE_MS = 4_000
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

BY_TIME = "i.logged_at DESC, i.interaction_id DESC"
BY_VALUE = "c.value, c.logged_at, c.interaction_id"
FOUND_BY_TIME = "found.logged_at DESC, found.interaction_id DESC"
FOUND_BY_VALUE = "found.value, found.logged_at, found.interaction_id"
WORK_MEM = b"SET LOCAL work_mem = '64MB'"
"""Else a bitmap of all that hold a frequent word forgets which rows it means, and each text is taken apart again."""
LOGGED = f"""{ROW}
    FROM (SELECT * FROM assay.interactions i WHERE {{near}} ORDER BY {BY_TIME} LIMIT %(looked_at)s) i
    LEFT JOIN LATERAL (
        SELECT * FROM assay.composites c
        WHERE (c.interaction_id, c.logged_at) = (i.interaction_id, i.logged_at)
          AND c.logged_at >= %(start)s AND c.logged_at < %(end)s
        ORDER BY value LIMIT 1) c ON true
    WHERE {{rest}} ORDER BY {BY_TIME} LIMIT %(limit)s"""  # noqa: S608

# Words are looked up in their index, which knows no order: all that hold them since some moment are fetched. One row is
# there at least, since the first column counts them.
HELD = f"""
    WITH held AS MATERIALIZED (SELECT * FROM assay.interactions i WHERE {{near}})
    SELECT (SELECT count(*) FROM held), found.*
    FROM (SELECT) AS always LEFT JOIN LATERAL (
        {ROW}
        FROM (SELECT * FROM held i WHERE {{fit}} {{cap}}) i
        LEFT JOIN LATERAL (
            SELECT * FROM assay.composites c
            WHERE (c.interaction_id, c.logged_at) = (i.interaction_id, i.logged_at)
              AND c.logged_at >= %(start)s AND c.logged_at < %(end)s
            ORDER BY value LIMIT 1) c ON true
        WHERE {{rest}} ORDER BY {{order}} LIMIT %(limit)s) AS found ON true
    ORDER BY {{order_found}}"""  # noqa: S608

# An interaction whose judges changed has several composites: it stands where its lowest is. OFFSET 0 keeps the planner
# from joining all that there is where it takes a filter to be rarer than it is.
SCORED = f"""{ROW}
    FROM (SELECT * FROM assay.composites c WHERE {{near}} ORDER BY {BY_VALUE} LIMIT %(looked_at)s) c
    CROSS JOIN LATERAL (
        SELECT * FROM assay.interactions i
        WHERE (i.interaction_id, i.logged_at) = (c.interaction_id, c.logged_at)
          AND i.logged_at >= %(start)s AND i.logged_at < %(end)s AND {{rest}} OFFSET 0) i
    WHERE NOT EXISTS (
        SELECT FROM assay.composites o
        WHERE (o.interaction_id, o.logged_at) = (c.interaction_id, c.logged_at)
          AND o.logged_at >= %(start)s AND o.logged_at < %(end)s
          AND (o.value, o.weights_version, o.epochs) < (c.value, c.weights_version, c.epochs) OFFSET 0)
    ORDER BY {BY_VALUE} LIMIT %(limit)s"""  # noqa: S608

NEWEST_STRETCH = f"""
    SELECT count(*), min(logged_at), max(logged_at) FROM (
        SELECT i.logged_at FROM assay.interactions i WHERE {{near}} ORDER BY {BY_TIME} LIMIT %(stretch)s) AS newest"""  # noqa: S608
LAST_LOOKED_AT = {
    Sort.NEWEST: f"""
        SELECT i.logged_at, i.interaction_id, NULL::float8 FROM assay.interactions i
        WHERE {{near}} ORDER BY {BY_TIME} OFFSET %(looked_at)s - 1 LIMIT 1""",  # noqa: S608
    Sort.WORST: f"""
        SELECT c.logged_at, c.interaction_id, c.value FROM assay.composites c
        WHERE {{near}} ORDER BY {BY_VALUE} OFFSET %(looked_at)s - 1 LIMIT 1""",  # noqa: S608
}

LOGGED_AT = "i.logged_at >= %(start)s AND i.logged_at < %(end)s"
LOGGED_OF_PROJECT = f"{LOGGED_AT} AND i.project = %(project)s"
AFTER = "(i.logged_at, i.interaction_id) < (%(after)s, %(after_id)s)"
FOUND_BY_WORDS = "assay.words_of(i.user_input, i.response) @@ websearch_to_tsquery('simple', %(text)s)"
FAILED = """(i.error_type IS NOT NULL OR EXISTS (
    SELECT FROM assay.score_failures f WHERE (f.interaction_id, f.logged_at) = (i.interaction_id, i.logged_at)))"""

OFFERED = """
    SELECT DISTINCT project, environment, model, prompt_version FROM assay.segments_daily
    WHERE measure = 'volume' AND day >= date_trunc('day', %(start)s::timestamptz, 'UTC') AND day < %(end)s
    LIMIT %(most)s"""


class InteractionList:
    """Reads a store; `connection` is one transaction, committed by whoever opened it."""

    def __init__(self, connection: psycopg.Connection, patience_ms: int = PATIENCE_MS, holders: int = HOLDERS) -> None:
        self._connection = connection
        self._patience_ms = patience_ms
        self._holders = holders

    def page(self, search: Search, limit: int = PAGE, looked_at: int | None = None) -> Listing:
        """Up to `limit` interactions; it looks at `looked_at` rows, or a stretch of them for words, at most at once."""
        asked = arguments(search) | {"limit": limit + 1, "looked_at": looked_at or LOOKED_AT[search.sort]}
        asked["stretch"] = looked_at or STRETCH
        try:
            with self._connection.transaction():
                self._connection.execute(f"SET LOCAL statement_timeout = {self._patience_ms}".encode())
                self._connection.execute(WORK_MEM)
                if not search.text and self._is_of_few(search, asked):
                    _, found = self._held(search, asked, None)
                    return _first(found, limit)
                return (self._holding if search.text else self._plain)(search, asked, limit)
        except psycopg.errors.QueryCanceled:
            return Listing(gave_up=True)

    def _is_of_few(self, search: Search, asked: Mapping[str, object]) -> bool:
        if not search.project or search.sort is Sort.NEWEST:
            return False
        query = f"SELECT FROM assay.interactions i WHERE {LOGGED_OF_PROJECT} LIMIT {FEW + 1}"
        return self._connection.execute(query.encode(), asked).rowcount <= FEW

    def _plain(self, search: Search, asked: Mapping[str, object], limit: int) -> Listing:
        found = tuple(Listed(*row) for row in self._connection.execute(statement(search).encode(), asked))
        if len(found) > limit:
            return _first(found, limit)
        last = self._last_looked_at(search, asked)
        return Listing(found, last, is_partial=last is not None)

    def _holding(self, search: Search, asked: dict[str, Any], limit: int) -> Listing:
        """What holds the words: of a stretch of the newest, then of as long a time as `HOLDERS` of them took."""
        if search.sort is Sort.NEWEST:
            rows = self._connection.execute(statement(search).encode(), {**asked, "looked_at": READ})
            found = tuple(Listed(*row) for row in rows)
            if len(found) > limit:
                return _first(found, limit)
        near = _near(replace(search, sort=Sort.NEWEST, after=search.after if search.sort is Sort.NEWEST else None))
        [(count, oldest, newest)] = self._connection.execute(NEWEST_STRETCH.format(near=near).encode(), asked)
        since = oldest if count == asked["stretch"] else None
        held, found = self._held(search, asked, since)
        if since and held < self._holders and (search.sort is Sort.WORST or len(found) <= limit):
            before = further(asked["start"], since, newest, self._holders / held if held else math.inf)
            with suppress(psycopg.errors.QueryCanceled), self._connection.transaction():
                _, found = self._held(search, asked, before)
                since = before
        if search.sort is Sort.WORST or len(found) > limit:
            return _first(found, limit, since if search.sort is Sort.WORST else None)
        return Listing(found, Place(since, "") if since else None, is_partial=since is not None)

    def _held(self, search: Search, asked: Mapping[str, Any], since: datetime | None) -> tuple[int, tuple[Listed, ...]]:
        """How many hold the words since that moment, or in the whole window, and those that the page shows."""
        given = {**asked, "start": since or asked["start"]}
        rows = self._connection.execute(among(search).encode(), given).fetchall()
        return rows[0][0], tuple(Listed(*row) for _, *row in rows if row[0] is not None)

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
    """The query that finds a page: the rows that are looked at, then what must hold of them."""
    rest = ["true", *_rest(search), *[FOUND_BY_WORDS] * bool(search.text)]
    if search.sort is Sort.WORST:
        of_project = ["i.project = %(project)s"] * bool(search.project)
        return SCORED.format(near=_near(search), rest=" AND ".join(rest + of_project))
    return LOGGED.format(near=_near(search), rest=" AND ".join(rest + _bounds(search)))


def among(search: Search) -> str:
    """The query that finds a page among all of a project, or all that hold the words; it counts them as well."""
    is_newest, bounds = search.sort is Sort.NEWEST, ["true", *_bounds(search)]
    near = LOGGED_OF_PROJECT if search.project else LOGGED_AT
    after = [AFTER] * bool(is_newest and search.after)
    return HELD.format(
        near=" AND ".join([near, *after, *[FOUND_BY_WORDS] * bool(search.text)]),
        fit=" AND ".join(["true", *_rest(search)]),
        cap=f"ORDER BY {BY_TIME} LIMIT %(limit)s" if is_newest and len(bounds) == 1 else "",
        rest=" AND ".join(bounds) if is_newest else _scored(search),
        order=BY_TIME if is_newest else BY_VALUE,
        order_found=FOUND_BY_TIME if is_newest else FOUND_BY_VALUE,
    )


def _first(found: tuple[Listed, ...], limit: int, since: datetime | None = None) -> Listing:
    """A page of what is sorted, with where the next one starts."""
    return Listing(found[:limit], found[limit - 1].place if len(found) > limit else None, since=since)


def further(start: datetime, since: datetime, newest: datetime, times: float) -> datetime | None:
    """The start of a stretch that is `times` as long as that from `since` to `newest`; None where `start` is later."""
    return newest - (newest - since) * times if times < (newest - start) / max(newest - since, RESOLUTION) else None


def _near(search: Search) -> str:
    """What an index of the rows that are looked at knows."""
    if search.sort is Sort.WORST:
        return "c.logged_at >= %(start)s AND c.logged_at < %(end)s AND " + _scored(search)
    return " AND ".join([LOGGED_OF_PROJECT if search.project else LOGGED_AT, *[AFTER] * bool(search.after)])


def _scored(search: Search) -> str:
    after = ["(c.value, c.logged_at, c.interaction_id) > (%(after_value)s, %(after)s, %(after_id)s)"]
    return " AND ".join(["c.value IS NOT NULL", *_bounds(search), *after * bool(search.after)])


def _rest(search: Search) -> list[str]:
    wanted = {
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

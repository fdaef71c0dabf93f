"""A week goes in; the runs of calls in it that go round and round come out, told by what is usual of their project."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import psycopg

from include.domain.cost import Spend
from include.domain.interaction import Window
from include.domain.value import RetryLoop, RetryLoops

PAUSE = timedelta(minutes=10)
"""How soon a caller must call again for it to be the same run."""
IN_VAIN, MANY = 5, 30
"""Calls from which on a run can be a loop: as many to no avail and one, or as many at all."""
KNOWN = 20
"""Runs of a project from which on it is known how many calls are usual there."""
NOISE, BEGINNING = "0123456789.,;:!?'\"()/#-_ \t\n", 200
"""What the first so many characters of two texts may differ in and the texts be nearly the same, beside their case."""
TIMES = 3
"""How many times as many in vain as nine in ten runs have make a loop."""
ID_CHARS, LISTED = 120, 10

# A first pass without texts finds the runs; those that are long enough to be loops are read once more. A call is in
# vain if it failed, or if its question had been answered in the run before.
LOOPS = """
    WITH calls AS NOT MATERIALIZED (
        SELECT project, coalesce(conversation_id, attributes ->> 'user') AS caller, interaction_id, occurred_at, cost,
               error_type IS NOT NULL AS failed,
               hashtextextended(
                   coalesce(nullif(translate(lower(left(user_input, %(beginning)s)), %(noise)s, ''), ''), user_input)
                       || substr(user_input, %(beginning)s + 1), 0) AS question
        FROM assay.interactions
        WHERE logged_at >= %(start)s AND logged_at < %(end)s
          AND coalesce(conversation_id, attributes ->> 'user') IS NOT NULL),
    marked AS (
        SELECT project, caller, occurred_at,
               coalesce(occurred_at - lag(occurred_at) OVER by_time > %(pause)s, true) AS begins
        FROM calls WINDOW by_time AS (PARTITION BY project, caller ORDER BY occurred_at)),
    numbered AS (
        SELECT *, count(*) FILTER (WHERE begins) OVER (PARTITION BY project, caller ORDER BY occurred_at) AS run
        FROM marked),
    spans AS MATERIALIZED (
        SELECT project, caller, min(occurred_at) AS first_at, max(occurred_at) AS last_at, count(*) AS calls
        FROM numbered GROUP BY project, caller, run),
    read AS (
        SELECT s.project, s.caller, s.first_at, count(*) - count(DISTINCT question) FILTER (WHERE NOT failed) AS in_vain
        FROM spans s JOIN calls c
          ON (c.project, c.caller) = (s.project, s.caller) AND c.occurred_at BETWEEN s.first_at AND s.last_at
        WHERE s.calls >= %(in_vain)s GROUP BY s.project, s.caller, s.first_at),
    runs AS (
        SELECT s.*, coalesce(r.in_vain, 0) AS in_vain FROM spans s LEFT JOIN read r USING (project, caller, first_at)),
    placed AS (
        SELECT *, count(*) OVER project AS known, row_number() OVER (project ORDER BY calls DESC) AS place
        FROM runs WINDOW project AS (PARTITION BY project)),
    usual AS (
        SELECT project, min(known) AS known,
               percentile_disc(0.5) WITHIN GROUP (ORDER BY calls)::float8 AS half,
               percentile_disc(0.9) WITHIN GROUP (ORDER BY calls)::float8 AS most,
               percentile_disc(0.9) WITHIN GROUP (ORDER BY in_vain) AS most_in_vain,
               coalesce(max(calls) FILTER (WHERE place > greatest(3, known / 1000)), 0) AS rare
        FROM placed GROUP BY project),
    loops AS MATERIALIZED (
        SELECT r.*, u.most, r.calls >= u.many AS is_long
        FROM runs r JOIN (
            SELECT project, CASE WHEN known >= %(known)s THEN most END AS most,
                   CASE WHEN known >= %(known)s THEN greatest(%(many)s, 2 * rare, most * (most / half) ^ 2) END AS many,
                   CASE WHEN known >= %(known)s THEN %(times)s * most_in_vain ELSE 0 END AS in_vain
            FROM usual) AS u USING (project)
        WHERE coalesce(r.calls >= u.many, false)
           OR (r.in_vain + 1 >= %(in_vain)s AND r.in_vain > u.in_vain
               AND 2 * r.in_vain >= r.calls)),
    looped AS (
        SELECT l.project, l.caller, l.first_at, l.last_at, l.calls, l.in_vain, l.most, c.interaction_id, c.cost,
               row_number() OVER (run ORDER BY c.occurred_at, c.interaction_id) AS place,
               c.failed OR row_number() OVER (
                   PARTITION BY l.project, l.caller, l.first_at, c.question, c.failed
                   ORDER BY c.occurred_at, c.interaction_id) > 1 AS is_in_vain,
               l.is_long
        FROM loops l JOIN calls c
          ON (c.project, c.caller) = (l.project, l.caller) AND c.occurred_at BETWEEN l.first_at AND l.last_at
        WINDOW run AS (PARTITION BY l.project, l.caller, l.first_at)),
    told AS (
        SELECT project, caller, min(interaction_id) FILTER (WHERE place = 1) AS first_id, calls, in_vain, most,
               first_at, last_at, count(*) FILTER (WHERE wasted) AS wasted_calls,
               count(*) FILTER (WHERE wasted AND cost IS NULL) AS unpriced,
               coalesce(sum(cost) FILTER (WHERE wasted), 0) AS wasted
        FROM (SELECT *, is_in_vain OR coalesce(is_long AND place > most, false) AS wasted FROM looped) AS each
        GROUP BY project, caller, first_at, last_at, calls, in_vain, most)
    SELECT count(*) OVER (), (sum(wasted_calls) OVER ())::bigint, (sum(unpriced) OVER ())::bigint, sum(wasted) OVER (),
           project, left(caller, %(id_chars)s), left(first_id, %(id_chars)s), calls, in_vain, most::bigint, first_at,
           last_at, wasted_calls, unpriced, wasted
    FROM told ORDER BY wasted DESC, project, caller, first_at LIMIT %(listed)s"""


def retry_loops(connection: psycopg.Connection, week: Window) -> RetryLoops:
    """Of what was logged in the week: how many, what they wasted, and the dearest of them."""
    limits = {"pause": PAUSE, "in_vain": IN_VAIN, "times": TIMES, "many": MANY, "known": KNOWN}
    limits |= {"noise": NOISE, "beginning": BEGINNING}
    given = {"start": week.start, "end": week.end, "id_chars": ID_CHARS, "listed": LISTED, **limits}
    rows: list[tuple[Any, ...]] = connection.execute(LOOPS, given).fetchall()
    if not rows:
        return RetryLoops()
    count, *wasted = rows[0][:4]  # each row begins with the sums over all
    dearest = tuple(_loop(*row[4:]) for row in rows)
    return RetryLoops(count, Spend(*wasted), dearest)


def _loop(
    project: str,
    caller: str,
    first_id: str,
    calls: int,
    in_vain: int,
    usual: int | None,
    first_at: datetime,
    last_at: datetime,
    *wasted: Any,
) -> RetryLoop:
    return RetryLoop(project, caller, first_id, calls, in_vain, usual, first_at, last_at, Spend(*wasted))

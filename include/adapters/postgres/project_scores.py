"""A project goes in; its scores step by step and what was new in it come out."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import psycopg
from psycopg import sql

from include.adapters.postgres.tallies import AS_TALLY
from include.domain.cause import Arrival
from include.domain.interaction import Window
from include.domain.segment import SCORE_BINS, SegmentRow, Tally

MOST_ARRIVALS = 40
"""The newest are told: an application that logs every build as a prompt version has no end of them."""
SETTLING = timedelta(days=1)
"""What is seen within so long of a project's first interaction was there before anybody looked."""

# Each hour is looked up by the primary key, however many other projects there are: OFFSET 0 keeps the planner from
# reading all of theirs.
SCORES = sql.SQL("""
    SELECT date_bin(%(step)s, hour, %(start)s), environment, model, prompt_version, measure, epoch,
           {sums}, ARRAY[{bins}]
    FROM (SELECT dimension FROM assay.judge_epochs UNION SELECT 'composite') AS scores (score)
    CROSS JOIN generate_series(%(start)s, %(end)s - interval '1 hour', interval '1 hour') AS at
    CROSS JOIN LATERAL (
        SELECT * FROM assay.segments_hourly WHERE measure = score AND hour = at AND project = %(project)s OFFSET 0) AS s
    GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 2, 3, 4, 5, 6""").format(
    sums=sql.SQL(AS_TALLY),
    bins=sql.SQL(", ").join(sql.SQL("coalesce(sum(bins[{}]), 0)").format(place) for place in range(1, SCORE_BINS + 1)),
)

ARRIVALS = """
    SELECT what, value, min(first_at) AS at FROM assay.first_seen WHERE project = %(project)s
    GROUP BY what, value
    HAVING min(first_at) >= %(start)s AND min(first_at) < %(end)s
       AND min(first_at) >= (SELECT min(first_at) + %(settling)s FROM assay.first_seen WHERE project = %(project)s)
    ORDER BY at DESC, what, value LIMIT %(most)s"""


class ProjectScores:
    """Reads a store; `connection` is one transaction, committed by whoever opened it."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection

    def read(self, project: str, window: Window, step: timedelta) -> list[SegmentRow]:
        """Tallies of every score by judge epoch, one for each `step` counted from the window's start, by time.

        Segments are (environment, model, prompt version, measure).
        """
        asked = {"project": project, "start": window.start, "end": window.end, "step": step}
        return [
            SegmentRow(at, (environment, model, version, measure), epoch, replace(Tally(*sums), bins=tuple(bins)))
            for at, environment, model, version, measure, epoch, *sums, bins in self._connection.execute(SCORES, asked)
        ]

    def arrivals(self, project: str, window: Window) -> list[Arrival]:
        """Models and prompt versions that the window saw first, oldest first; at most the newest `MOST_ARRIVALS`."""
        asked = {"project": project, "start": window.start, "end": window.end}
        rows = self._connection.execute(ARRIVALS, {**asked, "settling": SETTLING, "most": MOST_ARRIVALS})
        return [Arrival(*row) for row in rows][::-1]

    def knows(self, project: str) -> bool:
        """Whether anything of the project is on record."""
        row = self._connection.execute(
            "SELECT EXISTS (SELECT FROM assay.interactions WHERE project = %s)", (project,)
        ).fetchone()
        return row is not None and bool(row[0])

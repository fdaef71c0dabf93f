"""Stretches of time go in, the tallies of each come out: whole days as they are summed, what is left by the hour."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

import psycopg

from include.adapters.postgres.tallies import AS_TALLY
from include.domain.interaction import Window
from include.domain.segment import SegmentRow, Tally

DAY = timedelta(days=1)

# Each piece and measure is looked up by the primary key, however much else there is: OFFSET 0 keeps the planner from
# reading all of it.
SUMS = f"""
    SELECT label, project, environment, measure, epoch, {AS_TALLY}
    FROM unnest(%(labels)s::timestamptz[], %(starts)s::timestamptz[], %(ends)s::timestamptz[])
        AS pieces (label, starts, ends)
    CROSS JOIN unnest(%(measures)s::text[]) AS wanted
    CROSS JOIN LATERAL (
        SELECT * FROM assay.segments_daily
        WHERE measure = wanted AND day = starts AND ends - starts = interval '24 hours'
        UNION ALL
        SELECT * FROM assay.segments_hourly
        WHERE measure = wanted AND hour >= starts AND hour < ends AND ends - starts < interval '24 hours'
        OFFSET 0) AS s
    GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5"""  # noqa: S608


class Stretches:
    """The segments in a store; `connection` is one transaction, committed by whoever opened it."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection

    def dimensions(self) -> list[str]:
        """Whatever judges ever scored, in alphabetical order."""
        rows = self._connection.execute("SELECT DISTINCT dimension FROM assay.judge_epochs ORDER BY 1")
        return [dimension for (dimension,) in rows]

    def read(self, measures: Sequence[str], stretches: Iterable[Window], *, by_day: bool = False) -> list[SegmentRow]:
        """Tallies without bins by (project, environment, measure), epoch and stretch, one that starts when that does.

        With `by_day` each day (UTC) that a stretch touches is told by itself.
        """
        pieces = [(stretch.start, piece) for stretch in stretches for piece in days_of(stretch)]
        asked = {
            "measures": [*measures],
            "labels": [piece.start if by_day else start for start, piece in pieces],
            "starts": [piece.start for _, piece in pieces],
            "ends": [piece.end for _, piece in pieces],
        }
        return [
            SegmentRow(start, (project, environment, measure), epoch, Tally(*sums))
            for start, project, environment, measure, epoch, *sums in self._connection.execute(SUMS, asked)
        ]


def days_of(stretch: Window) -> list[Window]:
    """The stretch cut at midnight (UTC)."""
    first = midnight(stretch.start)
    days = (first + number * DAY for number in range((stretch.end - first) // DAY + 1))
    return [Window(max(day, stretch.start), min(day + DAY, stretch.end)) for day in days if day < stretch.end]


def midnight(moment: datetime) -> datetime:
    """When its day (UTC) began."""
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)

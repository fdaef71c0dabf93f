"""Days go in; what the summary of each is made from comes out as a digest, and whether it was told from the same."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, timedelta
from hashlib import sha256

import psycopg

# A sum does not hang on the order of rows; what is not rolled up is in no summary, but for whole days and savings.
SUMS = """
    SELECT day, sum(hash)::text FROM (
        SELECT day, hashtextextended(c::text, 0) AS hash FROM assay.costs_daily c
        UNION ALL SELECT day, hashtextextended(j::text, 1) FROM assay.judge_costs_daily j
        UNION ALL SELECT day, hashtextextended(s::text, 2) FROM assay.judge_cache_daily s
        UNION ALL SELECT made_on, hashtextextended(f::text, 3) FROM assay.cost_forecasts f) AS rolled
    WHERE day BETWEEN %s AND %s GROUP BY day"""


class CostSummaries:
    """What summaries were told from, in a store; `connection` is one transaction, committed by whoever opened it."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection

    def made_from(self, days: Collection[date], whole: Collection[date], history: timedelta) -> dict[date, str]:
        """Digests of what is known of each day and of the `history` before it; `whole` days are settled."""
        sums: dict[date, str] = dict(self._connection.execute(SUMS, (min(days) - history, max(days))).fetchall())
        return {day: _digest(sums, whole, day - history, day) for day in days}

    def told(self, days: Collection[date]) -> dict[date, str]:
        """By day what it was told from, of those that were."""
        rows = self._connection.execute(
            "SELECT day, made_from FROM assay.cost_summaries WHERE day = ANY(%s)", ([*days],)
        )
        return dict(rows.fetchall())

    def tell(self, made_from: Mapping[date, str]) -> None:
        """Note what each day was told from; safe to call again."""
        with self._connection.cursor() as cursor:
            cursor.executemany(
                """INSERT INTO assay.cost_summaries (day, made_from) VALUES (%s, %s)
                   ON CONFLICT (day) DO UPDATE SET made_from = excluded.made_from""",
                [*made_from.items()],
            )


def _digest(sums: Mapping[date, str], whole: Collection[date], first: date, last: date) -> str:
    known = [(day.isoformat(), sums[day], day in whole) for day in sorted(sums) if first <= day <= last]
    settled = [day.isoformat() for day in sorted(whole) if first <= day <= last]
    return sha256(repr((known, settled)).encode()).hexdigest()

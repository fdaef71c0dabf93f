"""A UTC day goes in; what judging each project cost on it comes out, and what batches under way will add to that."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

import psycopg


class JudgeSpend:
    """What the judges cost; every call counts as soon as it is committed, whichever worker made it.

    A request of a batch counts from the moment when it is put into it, as what it is expected to cost.
    """

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection

    def of_day(self, moment: datetime) -> dict[str, Decimal]:
        """USD by project of the UTC day (of the call) that holds `moment`; calls of unknown price are not in it.

        What waits in batches is in it whatever the day: its replies may come today.
        """
        midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
        rows = self._connection.execute(
            """SELECT project, coalesce(sum(cost), 0) FROM (
                   SELECT project, cost FROM assay.judge_calls WHERE called_at >= %s AND called_at < %s
                   UNION ALL
                   SELECT r.project, r.expected FROM assay.judge_batch_requests r
                   WHERE NOT EXISTS (SELECT FROM assay.judge_calls c WHERE c.request_hash = r.request_hash)) AS spent
               GROUP BY project""",
            (midnight, midnight + timedelta(days=1)),
        )
        return dict(rows.fetchall())

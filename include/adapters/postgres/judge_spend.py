"""A UTC day goes in; what judging each project cost on it comes out, read from `assay.judge_calls`."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

import psycopg


class JudgeSpend:
    """What the judges cost; every call counts as soon as it is committed, whichever worker made it."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection

    def of_day(self, moment: datetime) -> dict[str, Decimal]:
        """USD by project of the UTC day (of the call) that holds `moment`; calls of unknown price are not in it."""
        midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
        rows = self._connection.execute(
            """SELECT project, coalesce(sum(cost), 0) FROM assay.judge_calls
               WHERE called_at >= %s AND called_at < %s GROUP BY project""",
            (midnight, midnight + timedelta(days=1)),
        )
        return dict(rows.fetchall())

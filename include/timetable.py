"""A cron's data intervals that only a backfill starts."""

from __future__ import annotations

from airflow.timetables.base import DagRunInfo, DataInterval, TimeRestriction
from airflow.timetables.interval import CronDataIntervalTimetable


class ByBackfillOnly(CronDataIntervalTimetable):
    """A cron's intervals that the scheduler never starts by itself.

    A backfill needs a timetable, and a timetable usually means that runs start on their own. The scheduler asks
    without catch-up and hears that there is no next run; a backfill asks with it.
    """

    def next_dagrun_info(
        self, *, last_automated_data_interval: DataInterval | None, restriction: TimeRestriction
    ) -> DagRunInfo | None:
        """None to the scheduler, the cron's next interval to a backfill."""
        if not restriction.catchup:
            return None
        return super().next_dagrun_info(
            last_automated_data_interval=last_automated_data_interval, restriction=restriction
        )

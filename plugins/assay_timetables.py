"""Tells Airflow of the timetable in include/timetable.py, so that a serialized DAG can name it."""

from airflow.plugins_manager import AirflowPlugin

from include.timetable import ByBackfillOnly


class AssayTimetables(AirflowPlugin):
    """Registers `ByBackfillOnly`."""

    name = "assay_timetables"
    timetables = [ByBackfillOnly]  # noqa: RUF012 (as the base class declares it)

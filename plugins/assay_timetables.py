"""Tells Airflow of the timetable in include/timetable.py, so that a serialized DAG can name it."""

from typing import ClassVar

from airflow.plugins_manager import AirflowPlugin

from include.timetable import ByBackfillOnly


class AssayTimetables(AirflowPlugin):
    """Registers `ByBackfillOnly`."""

    name = "assay_timetables"
    timetables: ClassVar = [ByBackfillOnly]

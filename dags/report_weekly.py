"""Mondays: the week in one HTML file."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import DAG, CronDataIntervalTimetable, task

from include import pipeline
from include.airflow_events import on_run_failure, within
from include.schedule import BOUNDS, DEFAULTS

RUNBOOK = """
### What it does
`write` collects the week from the store's rollups, renders one self-contained HTML file below `.assay/reports/` and
registers it; it stands on the page *Quality reports*. The same week gives the same bytes; writing it again replaces it.
Started by hand with a data interval of its own, it reports on that interval.

### What red means, and what to do
| task | it says | do |
|---|---|---|
| write | `store …` | Assay's own database or connection `assay_store` |
| write | `… reports …` | the folder cannot be written: `ASSAY_HOME` and its rights |
"""

with DAG(
    "report_weekly",
    schedule=CronDataIntervalTimetable("0 0 * * 1", timezone="UTC"),
    max_active_runs=1,
    default_args=DEFAULTS,
    on_failure_callback=on_run_failure,
    deadline=within(timedelta(hours=6)),
    doc_md=__doc__ + RUNBOOK,
    tags=["assay", "reports"],
    **BOUNDS,
):

    @task
    def write(**context: Any) -> str:
        """Identifier of the report."""
        return pipeline.write_report(context["data_interval_start"], context["data_interval_end"])

    write()

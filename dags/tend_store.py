"""Daily: make the store's partitions ahead of need, and let go of what is older than its retention."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG, CronTriggerTimetable, task

from include import pipeline
from include.airflow_events import on_run_failure, within
from include.schedule import BOUNDS, DEFAULTS

RUNBOOK = """
### What it does
`tend` makes the monthly partitions of the next three months and, where `ASSAY_RETENTION_DAYS` is set, drops the
partitions that lie wholly before it. Scoring makes a missing partition itself, so a day without this DAG does no harm.

### What red means, and what to do
`store …`: Assay's own database or connection `assay_store`; clear the task once it answers.
"""

with DAG(
    "tend_store",
    schedule=CronTriggerTimetable("30 2 * * *", timezone="UTC"),
    max_active_runs=1,
    default_args=DEFAULTS,
    on_failure_callback=on_run_failure,
    deadline=within(timedelta(hours=6)),
    doc_md=__doc__ + RUNBOOK,
    tags=["assay", "store"],
    **BOUNDS,
):

    @task
    def tend() -> list[str]:
        """Names of the partitions that were dropped."""
        return pipeline.tend_store()

    tend()

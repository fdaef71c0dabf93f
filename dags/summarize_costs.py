"""Daily: what every project's LLM use cost yesterday, what judging it cost, told in one message."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import DAG, CronDataIntervalTimetable, task

from include import money
from include.airflow_events import on_run_failure, within
from include.schedule import BOUNDS, DEFAULTS

RUNBOOK = """
### What it does
`roll_up` sums the cost of yesterday's interactions and judge calls into `assay.costs_daily` (and again the days that
late rows changed), `tell` posts the summary. An unknown price is NULL, counted and named; it is never 0.

### What red means, and what to do
| task | it says | do |
|---|---|---|
| roll_up | `store …` | Assay's own database or connection `assay_store` |
| tell | `route … channel …` | mend connection `assay_slack` and clear the task: the message is edited, not repeated |
"""

with DAG(
    "summarize_costs",
    schedule=CronDataIntervalTimetable("0 0 * * *", timezone="UTC"),
    max_active_runs=1,
    default_args=DEFAULTS,
    on_failure_callback=on_run_failure,
    deadline=within(timedelta(hours=6)),
    doc_md=__doc__ + RUNBOOK,
    tags=["assay", "costs"],
    **BOUNDS,
):

    @task
    def roll_up(**context: Any) -> int:
        """How many rows of `assay.costs_daily` stand for the day and those that late rows changed."""
        return money.roll_up(context["data_interval_start"], context["data_interval_end"])

    @task
    def tell(**context: Any) -> str:
        """One line: where the summary went."""
        return money.tell(context["data_interval_start"])

    roll_up() >> tell()

"""Daily: what every project's LLM use cost yesterday and will cost by the month's end, what judging it cost; told."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import DAG, CronDataIntervalTimetable, task

from include import money
from include.airflow_events import on_run_failure, within
from include.schedule import BOUNDS, DEFAULTS

RUNBOOK = """
### What it does
`roll_up` sums the cost of yesterday's interactions and judge calls into `assay.costs_daily` and `judge_costs_daily`, and
again every day to which a row belongs that came late, by a backfill or out of quarantine since the last time;
`forecast` writes into `assay.cost_forecasts` what each month will have cost at its end, with an
80 % interval, and `tell` posts the summary: one of everything, and one for each owner in `include/ledger/budgets.yaml`.
Of the last seven days what late rows changed is foretold anew, and what was told of them is edited. An unknown price is
NULL, counted and named; it is never 0. Alerts of budgets are raised by `watch_quality`, hour by hour.

### What red means, and what to do
| task | it says | do |
|---|---|---|
| roll_up | `store …` | Assay's own database or connection `assay_store`; days that were summed stay summed, clear the task |
| tell | `budgets.yaml:…` | the file is wrong at that line; the message has the remedy |
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
    def forecast(**context: Any) -> int:
        """For how many projects the month's end is foretold, all together counted as one."""
        return money.forecast(context["data_interval_start"])

    @task
    def tell(**context: Any) -> str:
        """A line for each message: where the summaries went, and what was edited of earlier days."""
        return money.tell(context["data_interval_start"])

    roll_up() >> forecast() >> tell()

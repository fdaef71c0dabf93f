"""Daily: score in the provider's batches what projects that may wait have logged since the last time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import DAG, CronDataIntervalTimetable, task

from include import pipeline
from include.airflow_events import on_run_failure
from include.schedule import BOUNDS, DEFAULTS
from include.scoring_tasks import judged

RUNBOOK = """
### What it does
A project with `delay: true` in `include/judges/judging.yaml` is judged at half the price and up to a day late: the hourly
runs record its interactions as failures `judge_postponed`, and this DAG has them answered by the provider's batches
(OpenAI, Anthropic), calls live what is late, and closes the ledgers of the hours that it completes. Where no project
may wait, `find_delayed` skips everything.

### What red means, and what to do
| task | it says | do |
|---|---|---|
| batch | `judge … 401 …` | mend connection `assay_judge` and clear the task: it finds its batch again |
| score | as in `score_interactions` | as there |
| any | `store …` | Assay's own database or connection `assay_store` |

`batch` is deferred while the provider works, without a slot of a worker; a triggerer must run. `assay.judge_batches`
shows what was sent, what came back and why a batch was given up. Clearing any task is safe: nothing is paid for twice.
"""

with DAG(
    "score_delayed",
    schedule=CronDataIntervalTimetable("30 1 * * *", timezone="UTC"),
    max_active_runs=1,
    default_args=DEFAULTS,
    on_failure_callback=on_run_failure,
    dagrun_timeout=timedelta(hours=36),
    doc_md=__doc__ + RUNBOOK,
    tags=["assay", "judging"],
    **BOUNDS,
):

    @task.short_circuit
    def find_delayed(**context: Any) -> str | None:
        """The run by which what is owed is found; None skips everything."""
        return pipeline.find_delayed(context["data_interval_end"])

    judged(find_delayed(), in_batches=True, delayed=True)

"""Hourly, and over the past by backfill: score every interaction that the application logged in a window."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import DAG, CronDataIntervalTimetable, task

from include import pipeline
from include.airflow_events import on_run_failure, within
from include.schedule import BOUNDS, DEFAULTS
from include.scoring_tasks import judged
from include.timetable import ByBackfillOnly

RUNBOOK = """
### What it does
`extract` copies the window `[start, end)` of the application's log (by `logged_at`) into the store, `validate` runs
the suite `expectations/interactions.json` over it and quarantines what is not fit to judge, `plan_shards` cuts the
rest into shards, `score` judges each shard in pool `judges`, `settle` computes composites and hourly segments and
closes the coverage ledger: *logged = quarantined + excluded + scored + failed*. The button *Show in Quality* on a
task's tab *Details* leads to that ledger, the one of `validate` to the quarantine.

### What red means, and what to do
| task | it says | do |
|---|---|---|
| extract | `source …` | the application's database or connection `assay_source`: mend it and clear the task |
| extract | `… names what the log does not have` | the log's schema changed: change the mapping in `include/ingest/sources/` |
| validate | `window … refused` | the whole window is unfit (schema changed, a column all NULL): ask the application's owner; nothing was stored |
| score | `judge …` | no call can succeed: key, model or address of connection `assay_judge`. Mend it and clear the task |
| score | `the judges were changed …` | somebody edited rubrics or weights in the middle of the run: clear the run from `validate` on |
| batch | `judge … 401 …` | mend connection `assay_judge` and clear the task |
| any | `store …` | Assay's own database or connection `assay_store` |

A judge that is merely down does not turn this DAG red: its failures are recorded, an alert of category `judge`
tells, and the next runs try again. Clearing any task, or the whole run, is always safe: every write is idempotent
and no judge call that was paid for is paid for again.

### The past
`backfill_interactions` is the same work in windows of a day. Start it from *Trigger -> Backfill*. It records
incidents of the past and tells nobody. Where `judging.yaml` says `batch: backfills`, its task `batch` has the calls
answered by the provider's batches first, at half the price; it is deferred for as long as that takes and holds no slot.
`assay.judge_batches` shows what was sent, what came back and why a batch was given up. What is late is called live.
"""


def wire(live: bool) -> None:
    """The tasks of one window, in order; a backfill is not live and tells nobody."""

    @task
    def extract(**context: Any) -> str:
        happened = live and context["dag_run"].run_type != "backfill"
        return pipeline.extract(context["data_interval_start"], context["data_interval_end"], live=happened)

    @task
    def validate(run: Any) -> str:
        return pipeline.validate(run)

    judged(validate(extract()), in_batches=not live, delays=live)


with DAG(
    "score_interactions",
    schedule=CronDataIntervalTimetable("0 * * * *", timezone="UTC"),
    max_active_runs=1,
    default_args=DEFAULTS,
    on_failure_callback=on_run_failure,
    deadline=within(timedelta(hours=2)),
    dagrun_timeout=timedelta(hours=6),
    doc_md=__doc__ + RUNBOOK,
    tags=["assay", "judging"],
    **BOUNDS,
):
    wire(live=True)

with DAG(
    "backfill_interactions",
    schedule=ByBackfillOnly("0 0 * * *", timezone="UTC"),
    start_date=BOUNDS["start_date"].replace(year=2020),
    catchup=False,
    max_active_runs=2,
    default_args=DEFAULTS,
    on_failure_callback=on_run_failure,
    doc_md=__doc__ + RUNBOOK,
    tags=["assay", "judging", "backfill"],
):
    wire(live=False)

"""Every quarter of an hour: see that what was logged is judged, and that on-call hears of what happened meanwhile."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG, CronTriggerTimetable, task

from include import watchman
from include.airflow_events import on_run_failure, within
from include.schedule import BOUNDS, DEFAULTS

RUNBOOK = """
### What it does
`watch` looks whether every window that is due was settled (alert `windows-late`), brings every message up to date
(a silence that ended, a channel that answers again), and lets Assay's heart beat: a row of `assay.heartbeats`, and a
request to `ASSAY_HEARTBEAT_URL` if there is one. Failed tasks and missed deadlines of all DAGs become alerts by
themselves, when they happen.

### Who notices that Airflow itself is down
Nothing inside Airflow can. Let a service outside (healthchecks.io, Uptime Kuma, a push monitor of your own) expect a
request to `ASSAY_HEARTBEAT_URL` every 15 minutes: when the scheduler, the store or the way out is gone, it misses them.

### What red means, and what to do
| task | it says | do |
|---|---|---|
| watch | `store …` | Assay's own database or connection `assay_store` |
| watch | `route … channel …` | mend connection `assay_slack`; the next run tells what is due |

### What its alerts mean
`windows-late`: is `score_interactions` paused, red, or waiting for its pool? `task-failed`: read the log that the alert
links to, mend, clear the task; its success ends the alert. `deadline-missed`: a run hangs; its grid shows where.
"""

with DAG(
    "watch_assay",
    schedule=CronTriggerTimetable("*/15 * * * *", timezone="UTC"),
    start_date=BOUNDS["start_date"],
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULTS,
    on_failure_callback=on_run_failure,
    deadline=within(timedelta(hours=1)),
    doc_md=__doc__ + RUNBOOK,
    tags=["assay", "alerts"],
):

    @task
    def watch() -> list[str]:
        """One line for each message that was sent or edited."""
        return watchman.watch(BOUNDS["end_date"])

    watch()

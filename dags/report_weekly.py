"""Mondays: the week in one HTML file, and its headline told."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import DAG, CronDataIntervalTimetable, task
from airflow.sdk.exceptions import AirflowSkipException

from include import weekly
from include.airflow_events import on_run_failure, within
from include.schedule import BOUNDS, DEFAULTS
from include.settings import when_parsed

RUNBOOK = """
### What it does
`write` collects the week from the store's rollups, renders one self-contained HTML file and the picture of its headline
below `.assay/reports/` and registers them; they stand on the page *Quality*, *Reports*. The same week gives the same bytes;
writing it again replaces it. `send` tells the summary in Slack, or wherever `routes.yaml` sends the category `report`, and
by e-mail to `ASSAY_REPORT_EMAIL`; sent again, the message is edited. Started by hand with a data interval of its own, it
reports on that interval.

With `ASSAY_REPORT_APPROVAL=true` the task `approve` waits in between for a person's answer under *Required Actions*, for
`ASSAY_REPORT_APPROVAL_HOURS` (72). Refused or not answered in time it is not sent: `send` is skipped and says why, and so
does the list of reports. To send it after all, clear `approve`.

### What red means, and what to do
| task | it says | do |
|---|---|---|
| write | `store …` | Assay's own database or connection `assay_store` |
| write | `… reports …` | the folder cannot be written: `ASSAY_HOME` and its rights |
| send | `message … channel …` | mend connection `assay_slack` or `smtp_default`, or the route, and clear the task |
| send | `report … has no file` or `… is not there` | another machine wrote it: `ASSAY_HOME` must be shared; clear `write` |
"""
SETTINGS = when_parsed()
WAIT = timedelta(hours=SETTINGS.report_approval_hours)

with DAG(
    "report_weekly",
    schedule=CronDataIntervalTimetable("0 0 * * 1", timezone="UTC"),
    max_active_runs=1,
    default_args=DEFAULTS,
    on_failure_callback=on_run_failure,
    deadline=within(timedelta(hours=6) + WAIT * SETTINGS.report_approval),
    doc_md=__doc__ + RUNBOOK,
    tags=["assay", "reports"],
    **BOUNDS,
):

    @task
    def write(**context: Any) -> str:
        """Identifier of the report."""
        start, end = context["data_interval_start"], context["data_interval_end"]
        return weekly.write_report(start, end, awaits_approval=SETTINGS.report_approval)

    @task
    def send(report_id: Any, answer: Any = None) -> list[str]:
        """A line for each message: where the summary went, or that it stands there already."""
        if why := weekly.withheld(report_id, answer):
            raise AirflowSkipException(f"not sent: {why}")
        return weekly.send_report(report_id)

    written = write()
    if SETTINGS.report_approval:
        from airflow.providers.standard.operators.hitl import HITLOperator

        approve = HITLOperator(
            task_id="approve",
            subject="Send the weekly report?",
            body=weekly.question("{{ ti.xcom_pull(task_ids='write') }}", SETTINGS.ui_url),
            options=[weekly.SEND, weekly.REFUSE],
            defaults=[weekly.REFUSE],
            response_timeout=WAIT,
        )
        written >> approve
        send(written, approve.output)
    else:
        send(written)

"""Whenever a window was settled: evaluate the rules, move the alerts, tell on-call."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG, task

from include import pipeline, watchman
from include.airflow_events import on_run_failure, within
from include.schedule import DEFAULTS, SCORES

RUNBOOK = """
### What it does
`evaluate_rules` evaluates `include/monitors/rules.yaml` over every settled window that was not yet evaluated, in the
order of time; `update_alerts` moves each alert (pending, firing, resolved); `notify` keeps one message per incident
up to date in Slack, or in `.assay/outbox/` where no connection `assay_slack` exists. The button *Show in Quality* on a
task's tab *Details* leads to the incidents of that time.

### What red means, and what to do
| task | it says | do |
|---|---|---|
| evaluate_rules | `rules.yaml:…` | a rule is wrong: the line, the key and the remedy stand in the message |
| notify | `route … channel …` | Slack refuses: unknown channel or revoked token. Mend connection `assay_slack` and clear the task: nothing is told twice |

A rule that breaks is an `Error` of that rule in `assay.rule_results`, not a red task.
"""

with DAG(
    "watch_quality",
    schedule=[SCORES],
    max_active_runs=1,
    catchup=False,
    default_args=DEFAULTS,
    on_failure_callback=on_run_failure,
    deadline=within(timedelta(hours=1)),
    doc_md=__doc__ + RUNBOOK,
    tags=["assay", "alerts"],
):

    @task
    def evaluate_rules() -> list[str]:
        """Identifiers of the runs whose windows were evaluated."""
        return pipeline.evaluate_rules()

    @task
    def update_alerts() -> int:
        """How many episodes of alerts changed."""
        return pipeline.update_alerts()

    @task
    def notify() -> list[str]:
        """One line for each message that was sent or edited."""
        return watchman.notify("watch_quality")

    evaluate_rules() >> update_alerts() >> notify()

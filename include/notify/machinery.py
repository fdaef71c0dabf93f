"""What befell Airflow's own work goes in; a rule result that feeds an alert of the same kind as any other comes out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from include.domain.interaction import Window
from include.domain.message import Severity
from include.domain.rule import Evidence, RuleOutcome, RuleResult
from include.notify.doubts import CATEGORY
from include.notify.figures import duration, moment

VITAL = {"score_interactions", "watch_quality", "watch_assay"}
"""Without these nobody is told of anything."""
LEAST = timedelta(microseconds=1)
MAX_CAUSE = 300


@dataclass(frozen=True, slots=True)
class TaskEnd:
    """A task that ended: `map_index` is -1 of one that is not mapped; `cause` is the last line of what went wrong."""

    dag_id: str
    task_id: str
    run_id: str
    map_index: int
    started_at: datetime
    log_url: str = ""
    cause: str = ""


def task_failed(end: TaskEnd, at: datetime) -> RuleResult:
    """A task that failed for good; all failures of the same task of a DAG are one alert."""
    piece = f"[{end.map_index}]" if end.map_index >= 0 else ""
    return _about(
        {"alertname": "task-failed", "segment": f"dag={end.dag_id}, task={end.task_id}"},
        end.dag_id,
        Window(min(end.started_at, at - LEAST), at),
        sentence=f"Task {end.task_id}{piece} of {end.dag_id} failed: {end.cause[:MAX_CAUSE] or 'see its log'}",
        runbook=f"Read the log; the doc of DAG {end.dag_id} says what red means. Mend the cause and clear the task.",
        title=f"task {end.task_id} of {end.dag_id} failed",
        log=end.log_url,
        run_id=end.run_id,
        map_index=str(end.map_index),
    )


def run_late(dag_id: str, run_id: str, queued_at: datetime, at: datetime, url: str) -> RuleResult:
    """A DAG run that has missed its deadline, and was not done by `at`."""
    return _about(
        {"alertname": "deadline-missed", "segment": f"dag={dag_id}"},
        dag_id,
        Window(min(queued_at, at - LEAST), at),
        sentence=f"Run {run_id} of {dag_id} is not done {duration(at - queued_at)} after it was queued.",
        title=f"{dag_id} missed its deadline",
        runbook="Is a task stuck, waiting for a slot of its pool, or for a run before it? Look at the run's grid.",
        log=url,
    )


def windows_late(
    source: str, settled_until: datetime, length: timedelta, late_after: timedelta, at: datetime
) -> RuleResult:
    """Whether the window that follows the last settled one should have been settled by `at`.

    `length` is a window's; it may take `late_after` once it has ended.
    """
    behind = at - (settled_until + length)
    late = behind > late_after
    return _about(
        {"alertname": "windows-late", "segment": f"source={source}"},
        "score_interactions",
        Window(min(settled_until, at - LEAST), at),
        outcome=RuleOutcome.BREACHED if late else RuleOutcome.OK,
        evidence=Evidence(
            value=round(max(behind, timedelta(0)) / timedelta(minutes=1)), reference=late_after / timedelta(minutes=1)
        ),
        sentence=f"Nothing that was logged after {moment(settled_until)} has been judged, so nothing is watched.",
        runbook="Does DAG score_interactions run? Is it paused, its pool full, the scheduler down, or a task red?",
        title="windows are late",
        unit="min",
    )


def well_again(alert_of: RuleResult, annotations: Mapping[str, str], at: datetime) -> RuleResult:
    """The good news that ends the alert of a result; its `annotations` stay those of what was wrong."""
    return RuleResult(
        rule=alert_of.rule,
        window=Window(at - LEAST, at),
        outcome=RuleOutcome.OK,
        labels=alert_of.labels,
        evidence=Evidence(),
        sentence="It succeeded.",
        annotations=annotations,
    )


def ends(end: TaskEnd, failed: Mapping[str, str]) -> bool:
    """Whether a task's success ends the alert of the failure that `failed` (its annotations) tells of.

    Not where it is another piece of the same mapped task: that one is still red.
    """
    return end.run_id != failed.get("run_id") or str(end.map_index) == failed.get("map_index")


def _about(
    labels: Mapping[str, str],
    dag_id: str,
    window: Window,
    *,
    sentence: str,
    runbook: str,
    outcome: RuleOutcome = RuleOutcome.BREACHED,
    evidence: Evidence = Evidence(),  # noqa: B008  frozen
    **annotations: str,
) -> RuleResult:
    severity = Severity.CRITICAL if dag_id in VITAL else Severity.WARNING
    return RuleResult(
        rule=labels["alertname"],
        window=window,
        outcome=outcome,
        labels={**labels, "severity": severity.value, "category": CATEGORY},
        evidence=evidence,
        sentence=sentence,
        annotations={"owner": "assay", "runbook": runbook, **annotations},
    )

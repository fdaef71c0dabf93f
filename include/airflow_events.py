"""Airflow's contexts go in where a task ends or a run misses its deadline; the watchman is told in plain values.

Airflow calls these beside a task: in the task's own process, in the DAG processor (`on_run_failure`) and in the
triggerer (`on_deadline`). They import what they need when they run, so that parsing a DAG stays cheap.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk.definitions.callback import AsyncCallback
from airflow.sdk.definitions.deadline import DeadlineAlert, DeadlineReference

if TYPE_CHECKING:
    from include.notify.machinery import TaskEnd


def on_failure(context: Any) -> None:
    """A task failed for good."""
    from include import watchman

    watchman.task_failed(_end(context))


def on_run_failure(context: Any) -> None:
    """A run failed. Of a task that was killed Airflow tells nothing else: no callback of its own is called."""
    from include import watchman

    if context.get("ti") is not None:
        watchman.run_failed(_end(context))


def on_success(context: Any) -> None:
    """A task succeeded."""
    from include import watchman

    watchman.task_succeeded(_end(context), is_last=not context["ti"].task.downstream_task_ids)


async def on_deadline(context: dict[str, Any]) -> None:
    """A DAG run is not done by its deadline; the triggerer's loop is not kept waiting."""
    from include import watchman

    run = context["dag_run"]
    queued_at = datetime.fromisoformat(run["queued_at"])
    await asyncio.to_thread(watchman.run_missed_deadline, run["dag_id"], run["dag_run_id"], queued_at)


def within(interval: timedelta) -> DeadlineAlert:
    """The deadline of a DAG's runs: so long after they were queued.

    Not after their logical date: windows that are caught up on after an outage would all be late. In the triggerer and
    not in the executor, whose callbacks may not read Airflow's connections (3.3.2).
    """
    return DeadlineAlert(
        reference=DeadlineReference.DAGRUN_QUEUED_AT, interval=interval, callback=AsyncCallback(on_deadline)
    )


def _end(context: Any) -> TaskEnd:
    from include.notify.machinery import TaskEnd

    ti = context["ti"]
    lines = str(context.get("exception") or "").strip().splitlines()
    return TaskEnd(
        dag_id=ti.dag_id,
        task_id=ti.task_id,
        run_id=ti.run_id,
        map_index=-1 if ti.map_index is None else ti.map_index,
        started_at=getattr(ti, "start_date", None) or datetime.now(UTC),
        log_url=getattr(ti, "log_url", ""),
        cause=lines[-1] if lines else "",
    )

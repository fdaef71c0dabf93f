"""DAGs run by Airflow itself, in a process of its own that lives as long as a test module: see `AirflowRuns`.

As a program (`python -m tests.fakes.airflow_runs`) it reads requests from its input, a JSON object a line, and answers
each on its output with what became of the run; what Airflow has to say goes to its standard error.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class DagRun:
    """What became of a run: `tasks` maps each task, with its map index if it has one, to (state, tries)."""

    state: str
    tasks: dict[str, tuple[str, int]]
    xcom: list[Any]
    log: str


class AirflowRuns:
    """An Airflow with the project's DAGs and plugins, a metadata database in `home`, and the pool `judges`.

    `parsed_with` are environment variables for the parsing of DAG files.
    """

    def __init__(self, home: Path, **parsed_with: str) -> None:
        self._log = home / "log"
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")},
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "false",
            "AIRFLOW__API__BASE_URL": "http://127.0.0.1",
            "AIRFLOW__LOGGING__COLORED_CONSOLE_LOG": "false",
            "NO_COLOR": "1",
            **parsed_with,
        }
        command, pipe = [sys.executable, "-m", "tests.fakes.airflow_runs"], subprocess.PIPE
        with self._log.open("w") as log:
            self._process = subprocess.Popen(
                command, cwd=ROOT, env=environment, stdin=pipe, stdout=pipe, stderr=log, text=True
            )

    def run(
        self,
        dag_id: str,
        logical_date: datetime | None,
        environment: Mapping[str, str],
        answer: str = "",
        conf: Mapping[str, str] | None = None,
    ) -> DagRun:
        """Run the DAG to its end, with `environment` instead of any AIRFLOW_CONN_* and ASSAY_* of earlier runs.

        `answer` is what Ada answers when a task asks a person; with "timeout" nobody answers in time.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        begins = self._log.stat().st_size
        moment = logical_date.isoformat() if logical_date else None
        self._process.stdin.write(json.dumps([dag_id, moment, dict(environment), answer, conf]) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        log = self._log.read_bytes()[begins:].decode()
        assert answer, log[-3000:]
        told = json.loads(answer)
        return DagRun(told["state"], {key: tuple(value) for key, value in told["tasks"].items()}, told["xcom"], log)

    def stop(self) -> None:
        """End the process."""
        with self._process:
            self._process.kill()  # it holds nothing that outlives it


def _serve() -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what Airflow prints is no answer
    from airflow import settings
    from airflow.dag_processing.dagbag import DagBag
    from airflow.models.pool import Pool
    from airflow.utils.db import initdb

    from include.schedule import DEFAULTS

    DEFAULTS.update(retry_delay=timedelta(0), poll_s=0.05)  # a test counts tries and does not wait for them
    initdb()
    Pool.create_or_update_pool("judges", slots=2, description="", include_deferred=False)
    dags = DagBag(ROOT / "dags").dags
    for dag in dags.values():
        dag.deadline = None  # `DAG.test` breaks on one after the run is over (apache/airflow#73428)
    for request in sys.stdin:
        dag_id, moment, environment, answer, conf = json.loads(request)
        for name in [name for name in os.environ if name.startswith(("AIRFLOW_CONN_", "ASSAY_"))]:
            del os.environ[name]
        os.environ.update(environment)
        if answer:
            threading.Thread(target=_answer, args=(answer,), daemon=True).start()
        run = dags[dag_id].test(logical_date=datetime.fromisoformat(moment) if moment else None, run_conf=conf)
        answers.write(json.dumps(_what_became_of(run, settings.Session())) + "\n")
        answers.flush()


def _answer(answer: str) -> None:
    """As Airflow's API and scheduler do when a person answers, or nobody does in time."""
    from airflow import settings
    from airflow.models.hitl import HITLDetail, HITLUser
    from airflow.models.taskinstance import TaskInstance
    from airflow.models.trigger import handle_event_submit
    from airflow.triggers.base import TriggerEvent
    from airflow.utils.state import TaskInstanceState
    from sqlalchemy import select

    asking = select(TaskInstance).where(TaskInstance.state == TaskInstanceState.AWAITING_INPUT)
    while True:
        with settings.Session() as session:
            if (task := session.scalar(asking)) is not None:
                asked = session.scalars(select(HITLDetail).where(HITLDetail.ti_id == task.id)).one()
                in_time = answer != "timeout"
                asked.responded_by = HITLUser(id="7", name="Ada") if in_time else None
                asked.responded_at = datetime.now(UTC)
                asked.chosen_options = [answer] if in_time else asked.defaults
                asked.params_input = {}
                told = asked.as_resume_event_payload(timedout=not in_time)
                handle_event_submit(TriggerEvent(told), task_instance=task, session=session)
                session.commit()
                return
        time.sleep(0.2)


def _what_became_of(run: Any, session: Any) -> dict[str, Any]:
    from airflow.models.xcom import XComModel
    from sqlalchemy import select

    kept = session.scalars(select(XComModel.value).where(XComModel.run_id == run.run_id))
    return {
        "state": run.state,
        "tasks": {
            ti.task_id if ti.map_index < 0 else f"{ti.task_id}[{ti.map_index}]": (ti.state, ti.try_number)
            for ti in run.get_task_instances(session=session)
        },
        "xcom": list(kept),
    }


if __name__ == "__main__":
    _serve()

"""A page starts a DAG through Airflow's own machinery: once for each form, in the reader's name, or it says why not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SCRIPT = """
import json
from airflow import settings
from airflow.dag_processing.bundles.manager import DagBundlesManager
from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db
from airflow.models.dag import DagModel
from airflow.models.dagrun import DagRun
from airflow.utils.db import initdb
from sqlalchemy import select, update

from include.errors import FeedbackRefused
from plugins.quality.triggering import trigger

def attempt(dag_id="rejudge_interaction", run_id="page__1", **conf):
    try:
        return trigger(dag_id, run_id, conf, "ada")
    except FeedbackRefused as refused:
        return str(refused)

initdb()
told = [attempt()]
DagBundlesManager().sync_bundles_to_db()
sync_bag_to_db(DagBag("dags/rejudge_interaction.py", bundle_path="dags"), "dags-folder", None)
given = {"interaction_id": "x0", "logged_at": "2026-11-20T17:05:00.123456+00:00"}
with settings.Session() as session:
    session.execute(update(DagModel).values(is_paused=True))
    session.commit()
    told.append(attempt(**given))
    session.execute(update(DagModel).values(is_paused=False))
    session.commit()
    told += [attempt(interaction_id="x0"), attempt(**given), attempt(**given), attempt(run_id="page__2", **given)]
    columns = DagRun.run_id, DagRun.state, DagRun.triggering_user_name, DagRun.conf
    runs = [list(row) for row in session.execute(select(*columns).order_by(DagRun.run_id))]
print(json.dumps([told, runs]))
"""


def test_the_same_run_is_started_once_and_what_cannot_start_says_why(tmp_path: Path) -> None:
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")},
        "PYTHONPATH": str(ROOT),
        "AIRFLOW_HOME": str(tmp_path),
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "false",
    }
    command = [sys.executable, "-c", SCRIPT]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=180, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    told, runs = json.loads(done.stdout.splitlines()[-1])
    unknown, paused, wanting, *started = told
    assert "Airflow has no DAG rejudge_interaction" in unknown
    assert "is paused" in paused
    assert "logged_at" in wanting
    assert started == [None, None, None]
    given = {"interaction_id": "x0", "logged_at": "2026-11-20T17:05:00.123456+00:00"}
    assert runs == [["page__1", "queued", "ada", given], ["page__2", "queued", "ada", given]]

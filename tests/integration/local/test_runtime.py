"""A whole runtime with real processes: up, used, interrupted, killed, down, and nothing left of it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest

from local.airflow_api import AirflowApi, AirflowApiError
from local.layout import Layout
from local.processes import is_alive
from local.runtime import Runtime

PROJECT = Path(__file__).resolve().parents[3]
DAG = """
import os
from datetime import datetime
from airflow.sdk import dag, task

@dag(schedule=None, start_date=datetime(2000, 1, 1))
def tell():
    @task
    def environment():
        print("told:", os.environ.get("ASSAY_TOLD"), os.environ.get("RAGAS_DO_NOT_TRACK"))
        return sorted(name for name in os.environ if name.startswith("AIRFLOW__NOBODY"))
    environment()

tell()
"""
# What `make demo` does, and then stays: prints the pids of its Airflow once it is up.
HOLDER = """
import json, sys, time
from pathlib import Path
from local.layout import Layout
from local.runtime import Runtime
runtime = Runtime(Layout(Path(sys.argv[1])), Path(sys.argv[1]))
with runtime.running():
    print(json.dumps([program.process().pid for program in runtime.airflow.programs]), flush=True)
    time.sleep(300)
"""


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runtime]:
    project = tmp_path_factory.mktemp("project")
    (project / "dags").mkdir()
    (project / "dags" / "tell.py").write_text(DAG)
    (project / "plugins").mkdir()
    shutil.copytree(PROJECT / "config", project / "config")
    it = Runtime(Layout(project), project)
    yield it
    it.stop()
    it.layout.postgres.destroy()


def processes_of(runtime: Runtime) -> set[psutil.Process]:
    """Every process of this runtime's Airflow: told by the directory in which it was started."""
    found = set()
    for process in psutil.process_iter():
        try:
            if process.cwd() == str(runtime.layout.airflow_home) and is_alive(process):
                found.add(process)
        except psutil.Error:
            continue
    return found


def test_up_is_up_and_the_second_up_is_the_same(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__NOBODY__ASKED", "a setting of the caller's own Airflow")
    first = runtime.start({"ASSAY_TOLD": "this"})
    pids = [program.process() for program in runtime.airflow.programs]
    assert None not in pids
    second = runtime.start({"ASSAY_TOLD": "this"})
    assert [program.process() for program in runtime.airflow.programs] == pids
    assert second.databases == first.databases


def test_a_task_runs_with_our_environment_only_and_its_log_is_read(runtime: Runtime) -> None:
    api = runtime.start({"ASSAY_TOLD": "this"}).api
    api.unpause("tell")
    run_id = api.trigger("tell")["dag_run_id"]
    assert api.wait("tell", run_id, timeout_s=60)["state"] == "success"
    [instance] = api.task_instances("tell", run_id)
    assert instance["state"] == "success"
    log = api.log("tell", run_id, "environment")
    assert "told: this true" in log
    assert "Returned value was: []" in log


def test_only_loopback_is_listened_on(runtime: Runtime) -> None:
    runtime.start({"ASSAY_TOLD": "this"})
    listening = {
        connection.laddr.ip
        for process in processes_of(runtime)
        for connection in process.net_connections()
        if connection.status == psutil.CONN_LISTEN
    }
    assert listening == {"127.0.0.1"}


def test_the_pool_of_the_judges_exists(runtime: Runtime) -> None:
    api = runtime.start({"ASSAY_TOLD": "this"}).api
    assert api.request("GET", "/api/v2/pools/judges")["slots"] > 0


def test_a_stranger_is_refused(runtime: Runtime) -> None:
    url = runtime.start({"ASSAY_TOLD": "this"}).api.base_url
    api = AirflowApi(url, "admin", "guess")
    with pytest.raises(AirflowApiError) as caught:
        api.dags()
    assert caught.value.status == 401


def test_secrets_are_in_no_file_that_others_can_read(runtime: Runtime) -> None:
    secrets = [value.encode() for value in runtime.layout.secrets.values()]
    for path in (p for p in runtime.layout.state.rglob("*") if p.is_file()):
        if any(secret in path.read_bytes() for secret in secrets):
            assert not path.stat().st_mode & 0o077, path


def test_down_leaves_no_process_and_the_second_down_is_harmless(runtime: Runtime) -> None:
    runtime.start({"ASSAY_TOLD": "this"})
    assert len(processes_of(runtime)) >= 4
    runtime.stop()
    assert processes_of(runtime) == set()
    assert not runtime.layout.postgres.is_running()
    runtime.stop()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_holder_leaves_nothing(runtime: Runtime, how: signal.Signals) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(runtime.project)],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    with holder:
        assert holder.stdout is not None
        try:
            assert len(json.loads(holder.stdout.readline())) == 4
            assert runtime.airflow.is_running()
        finally:
            os.killpg(holder.pid, how)  # as a terminal does with Ctrl-C: the whole group
    deadline = time.monotonic() + 40
    while (processes_of(runtime) or runtime.layout.postgres.is_running()) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert processes_of(runtime) == set()
    assert not runtime.layout.postgres.is_running()

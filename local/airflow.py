"""Enters: a project's layout and its databases. Leaves: a running Airflow of four supervised processes, or none."""

from __future__ import annotations

import importlib.metadata
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, partial
from pathlib import Path

import psycopg
from psycopg import sql

from local.airflow_api import AirflowApi, AirflowApiError
from local.airflow_environment import HOST, USER, Environment
from local.errors import LocalError
from local.layout import PROJECT, Databases, Layout
from local.locks import locked
from local.ports import free_port
from local.processes import Program, stop

AIRFLOW = str(Path(sys.executable).with_name("airflow"))
COMPONENTS = ("api-server", "scheduler", "dag-processor", "triggerer")
FIRST_PORT = 8080
PORT_ATTEMPTS = 3
HEALTHY_WITHIN_S = 180
PARSED_WITHIN_S = 120


class AirflowError(LocalError):
    """Airflow did not come up; the message ends with what its log says."""


class PortTaken(AirflowError):
    """Another server took the API server's port between our look and its start."""


@dataclass(frozen=True)
class Airflow:
    """The Airflow of one project. `start` and `stop` may be called again, also by other processes."""

    layout: Layout
    project: Path = PROJECT
    """Where `dags/`, `plugins/`, `config/` and the code lie."""

    @cached_property
    def programs(self) -> tuple[Program, ...]:
        """The four components."""
        # Logs are read from the disk by the API server: nobody needs to serve them.
        options = {"scheduler": ["--skip-serve-logs"], "triggerer": ["--skip-serve-logs"]}
        return tuple(
            Program(
                name=name,
                command=[AIRFLOW, name, *options.get(name, [])],
                pid_file=self.layout.run / f"{name}.pid",
                log=self.layout.logs / f"{name}.log",
            )
            for name in COMPONENTS
        )

    @property
    def api(self) -> AirflowApi:
        """Access as the administrator."""
        return AirflowApi(self.url, USER, self.layout.secrets["admin"])

    @property
    def url(self) -> str:
        """Where the UI and the API answer."""
        return f"http://{HOST}:{self._port()}"

    def is_running(self) -> bool:
        """Whether all four processes are alive."""
        return all(program.process() for program in self.programs)

    def start(self, databases: Databases, variables: Mapping[str, str] | None = None) -> AirflowApi:
        """Run what does not run yet, and return once DAGs are parsed and tasks can start.

        `variables` are added to the environment of the processes; where they differ from those of an Airflow that
        runs already, that one is replaced. Raises `AirflowError`.
        """
        environment = partial(Environment, self.layout, self.project, databases=databases, variables=variables or {})
        with locked(self.layout.state / "airflow.lock"):
            if not self._runs_with(environment):
                self.stop()
                self._start_anew(environment)
            self._wait_until_parsed()
        return self.api

    def stop(self) -> None:
        """End all four processes and their children; tasks that run get some seconds to end."""
        api_server, *others = self.programs
        stop(others, patience_s=10)  # while the API still takes their last words
        stop([api_server], patience_s=5)

    @property
    def _port_file(self) -> Path:
        return self.layout.airflow_home / "port"

    def _port(self) -> int:
        return int(self._port_file.read_text())

    @property
    def _started_with(self) -> Path:
        return self.layout.airflow_home / "started_with"

    def _runs_with(self, environment: Callable[..., Environment]) -> bool:
        if not (self.is_running() and self._started_with.exists()):
            return False
        return self._started_with.read_text() == environment(port=self._port()).digest()

    def _start_anew(self, environment: Callable[..., Environment]) -> None:
        self._install()
        self._started_with.unlink(missing_ok=True)
        for attempt in range(1, PORT_ATTEMPTS + 1):
            port = free_port(HOST, preferred=self._port_file)
            self._port_file.write_text(str(port))
            variables = environment(port=port).as_dict()
            self._migrate(environment(port=port).databases, variables)
            for program in self.programs:
                program.start(variables, self.layout.airflow_home)
            try:
                self._wait_until_healthy()
            except PortTaken:  # by somebody who was faster by a second
                self.stop()
                if attempt == PORT_ATTEMPTS:
                    raise
            else:
                self._started_with.write_text(environment(port=port).digest())
                return

    def _install(self) -> None:
        config = self.layout.airflow_home / "config"
        shutil.rmtree(config, ignore_errors=True)
        shutil.copytree(self.project / "config", config)
        self.layout.airflow_passwords.touch(mode=0o600)
        self.layout.airflow_passwords.write_text(json.dumps({USER: self.layout.secrets["admin"]}))
        if not self._port_file.exists():
            self._port_file.write_text(str(FIRST_PORT))

    def _migrate(self, databases: Databases, environment: Mapping[str, str]) -> None:
        """`airflow db migrate`, unless this version did it before: the database's comment says so."""
        version = "migrated by airflow " + importlib.metadata.version("apache-airflow-core")
        with psycopg.connect(databases.airflow_dsn, autocommit=True) as connection:
            query = "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = current_database()"
            if connection.execute(query).fetchone() == (version,):
                return
            done = subprocess.run(
                [AIRFLOW, "db", "migrate"], env=dict(environment), capture_output=True, text=True, check=False
            )
            if done.returncode:
                raise AirflowError(f"airflow db migrate failed: {(done.stderr or done.stdout).strip()[-500:]}")
            connection.execute(sql.SQL("COMMENT ON DATABASE airflow IS {}").format(sql.Literal(version)))

    def _wait_until_healthy(self) -> None:
        for _ in _until(HEALTHY_WITHIN_S):
            for program in self.programs:
                if program.process() is None:
                    raise _why_it_ended(program)
            try:
                health = self.api.health()
                self.api.dags()  # our account is refused where another Airflow answers
            except AirflowApiError:
                continue
            if all(component["status"] == "healthy" for component in health.values()):
                return
        raise AirflowError(f"Airflow is not healthy after {HEALTHY_WITHIN_S} s: see {self.layout.logs}")

    def _wait_until_parsed(self) -> None:
        """Wait for each file of `dags/` to be parsed since the start: what is known from before may be outdated."""
        expected = {path.name for path in (self.project / "dags").glob("*.py") if not path.name.startswith("_")}
        since = self._started_at()
        api = self.api
        for _ in _until(PARSED_WITHIN_S):
            for error in api.import_errors():
                if _moment(error["timestamp"]) >= since:
                    last_line = error["stack_trace"].strip().splitlines()[-1]
                    raise AirflowError(f"{error['filename']} does not parse: {last_line}")
            parsed = [dag for dag in api.dags() if _moment(dag["last_parsed_time"]) >= since]
            if expected <= {Path(dag["fileloc"]).name for dag in parsed}:
                return
        raise AirflowError(f"DAGs are not parsed after {PARSED_WITHIN_S} s: see {self.layout.logs}")

    def _started_at(self) -> datetime:
        births = [process.create_time() for program in self.programs if (process := program.process())]
        return datetime.fromtimestamp(min(births), UTC)


def _moment(told: str) -> datetime:
    return datetime.fromisoformat(told.replace("Z", "+00:00"))


def _why_it_ended(program: Program) -> AirflowError:
    words = program.last_words()
    kind = PortTaken if "address already in use" in words else AirflowError
    return kind(f"{program.name} has ended; {program.log} ends:\n{words}")


def _until(seconds: float) -> Iterator[None]:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        yield
        time.sleep(0.2)

"""Enters: places, secrets and databases. Leaves: the environment in which every Airflow process runs.

Nothing of the caller's own Airflow gets in, except the connections to Slack and to a judge; telemetry is off.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local.layout import Databases, Layout

HOST = "127.0.0.1"
USER = "admin"
CALLERS_CONNECTIONS = ("AIRFLOW_CONN_ASSAY_SLACK", "AIRFLOW_CONN_ASSAY_JUDGE")
"""What their names begin with: a cascade or a panel has several judges."""

TELEMETRY_OFF = {
    "RAGAS_DO_NOT_TRACK": "true",
    "GX_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    "SCARF_ANALYTICS": "false",
    "ANONYMIZED_TELEMETRY": "false",
    "LANGSMITH_TRACING": "false",
}

# Measured on 2 cores: see docs/operations.md for what each is worth.
MEASURED = {
    "AIRFLOW__CORE__PARALLELISM": "6",  # fewer, and the scheduler spins while it waits for a slot
    "AIRFLOW__CORE__MAX_ACTIVE_TASKS_PER_DAG": "16",
    "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "1",  # else a slot is held 5 s after each task
    "AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT": "30",
    "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.2",
    "AIRFLOW__SCHEDULER__USE_ROW_LEVEL_LOCKING": "false",  # there is one scheduler
    "AIRFLOW__DAG_PROCESSOR__PARSING_PROCESSES": "2",
    "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "300",  # a file that changed is parsed at once anyway
    "AIRFLOW__TRIGGERER__CAPACITY": "50",
    "AIRFLOW__API__WORKERS": "1",
    "AIRFLOW__LOGGING__UVICORN_LOGGING_LEVEL": "WARNING",
    "AIRFLOW__LOGGING__COLORED_CONSOLE_LOG": "false",
}


@dataclass(frozen=True)
class Environment:
    """What the environment is made of; `as_dict` makes it."""

    layout: Layout
    project: Path
    port: int
    databases: Databases
    variables: Mapping[str, str]

    def as_dict(self) -> dict[str, str]:
        """Name and value of every variable."""
        own = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "PYTHON"))}
        return {
            **own,
            **{name: value for name, value in os.environ.items() if name.startswith(CALLERS_CONNECTIONS)},
            **TELEMETRY_OFF,
            **MEASURED,
            **self._places(),
            **self._access(),
            **connections(self.databases),
            **self.variables,
        }

    def digest(self) -> str:
        """Changes when what Airflow or Assay would read changes."""
        told = {name: value for name, value in self.as_dict().items() if name.startswith(("AIRFLOW", "ASSAY"))}
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()

    def _places(self) -> dict[str, str]:
        url = f"http://{HOST}:{self.port}"
        return {
            "AIRFLOW_HOME": str(self.layout.airflow_home),
            "PYTHONPATH": str(self.project),
            "PYTHONUNBUFFERED": "1",
            "ASSAY_UI_URL": url,
            "AIRFLOW__CORE__DAGS_FOLDER": str(self.project / "dags"),
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(self.project / "plugins"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "false",
            "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
            "AIRFLOW__CORE__HOSTNAME_CALLABLE": "socket.gethostname",
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": self.databases.airflow_url,
            "AIRFLOW__API__HOST": HOST,
            "AIRFLOW__API__PORT": str(self.port),
            "AIRFLOW__API__BASE_URL": url,
        }

    def _access(self) -> dict[str, str]:
        secrets = self.layout.secrets
        fernet = base64.urlsafe_b64encode(hashlib.sha256(secrets["fernet"].encode()).digest()).decode()
        return {
            "AIRFLOW__API_AUTH__JWT_SECRET": secrets["jwt"],
            "AIRFLOW__API__SECRET_KEY": hashlib.sha256(secrets["jwt"].encode()).hexdigest(),
            "AIRFLOW__CORE__FERNET_KEY": fernet,
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{USER}:admin",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(self.layout.airflow_passwords),
        }


def connections(databases: Databases) -> dict[str, str]:
    """Assay's Airflow connections to these databases, and to the judge of `JUDGE_*` if there is one."""
    environment = {
        "AIRFLOW_CONN_ASSAY_STORE": databases.store_dsn.replace("postgresql://", "postgres://", 1),
        "AIRFLOW_CONN_ASSAY_SOURCE": databases.source_dsn.replace("postgresql://", "postgres://", 1),
    }
    from include.settings import judge_from_environment  # costs a third of a second, which `make down` need not pay

    judge = judge_from_environment()
    if judge.backend != "offline":
        environment["AIRFLOW_CONN_ASSAY_JUDGE"] = json.dumps(
            {
                "conn_type": "generic",
                "host": judge.base_url,
                "password": judge.api_key.get_secret_value(),
                "extra": judge.model_dump(include={"backend", "model", "provider"}),
            }
        )
    return environment

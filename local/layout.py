"""Enters: the project's directory. Leaves: where the local runtime keeps things and its databases' DSNs.

Everything lies under `.assay/`, which git ignores. Passwords are made once and kept in `.assay/secrets.json`
(mode 0600); the port of the database is the server's own affair, so DSNs are told by a running server only.
"""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from local.databases import allow_reading, ensure_database, ensure_role, relax_commits
from local.postgres import Endpoint, PostgresServer

PROJECT = Path(__file__).resolve().parents[1]
SECRETS = ("airflow", "app_owner", "assay_reader", "assay", "admin", "jwt", "fernet")


@dataclass(frozen=True)
class Layout:
    """The places of one project's local runtime."""

    project: Path = PROJECT

    @property
    def state(self) -> Path:
        """Everything that the local runtime writes."""
        return self.project / ".assay"

    @property
    def airflow_home(self) -> Path:
        """AIRFLOW_HOME."""
        return self.state / "airflow"

    @property
    def airflow_passwords(self) -> Path:
        """The accounts of Airflow's simple auth manager."""
        return self.airflow_home / "passwords.json"

    @property
    def logs(self) -> Path:
        """One log for each supervised process."""
        return self.state / "logs"

    @property
    def run(self) -> Path:
        """One pid file for each supervised process."""
        return self.state / "run"

    @property
    def outbox(self) -> Path:
        """Slack messages that were not sent, because there is no token."""
        return self.state / "outbox"

    @property
    def reports(self) -> Path:
        """Weekly reports."""
        return self.state / "reports"

    @cached_property
    def postgres(self) -> PostgresServer:
        """The one server with all three databases."""
        return PostgresServer(self.state / "postgres")

    @cached_property
    def secrets(self) -> dict[str, str]:
        """A password or key by each name of `SECRETS`; those that are missing are made."""
        path = self.state / "secrets.json"
        known: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
        missing = {name: secrets.token_urlsafe(48) for name in SECRETS if name not in known}
        if missing:
            self.state.mkdir(parents=True, exist_ok=True)
            unfinished = path.with_suffix(f".{os.getpid()}")
            unfinished.touch(mode=0o600)
            unfinished.write_text(json.dumps(known | missing, indent=1))
            unfinished.replace(path)
        return known | missing


@dataclass(frozen=True)
class Databases:
    """libpq URIs of the three databases of a running server."""

    store_dsn: str
    source_dsn: str
    source_owner_dsn: str
    airflow_dsn: str

    @classmethod
    def of(cls, endpoint: Endpoint, passwords: dict[str, str]) -> Databases:
        """The DSNs at `endpoint`, each with its role's password."""
        return cls(
            store_dsn=endpoint.dsn("assay", "assay", passwords["assay"]),
            source_dsn=endpoint.dsn("app", "assay_reader", passwords["assay_reader"]),
            source_owner_dsn=endpoint.dsn("app", "app_owner", passwords["app_owner"]),
            airflow_dsn=endpoint.dsn("airflow", "airflow", passwords["airflow"]),
        )

    @property
    def airflow_url(self) -> str:
        """SQLAlchemy's address of Airflow's database."""
        return self.airflow_dsn.replace("postgresql://", "postgresql+psycopg2://", 1)


def start_databases(layout: Layout) -> Databases:
    """Run the server and make what is missing of its roles and databases."""
    endpoint = layout.postgres.start()
    for role in ("airflow", "app_owner", "assay_reader", "assay"):
        ensure_role(endpoint, role, layout.secrets[role])
    for database, owner in (("airflow", "airflow"), ("app", "app_owner"), ("assay", "assay")):
        ensure_database(endpoint, database, owner)
    allow_reading(endpoint, "app", "assay_reader")
    # What Airflow would forget in a crash it runs again; a judge call that was paid for is never forgotten.
    relax_commits(endpoint, "airflow")
    return Databases.of(endpoint, layout.secrets)

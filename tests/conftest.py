"""Enters: pytest's session. Leaves: an environment without Airflow's settings, and databases of a real Postgres.

One Postgres server serves the whole session, all xdist workers included, and starts when the first test asks
for it; each test gets databases of its own.
"""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from hypothesis import settings
from psycopg import sql

from local.databases import allow_reading, ensure_database, ensure_role
from local.locks import locked
from local.postgres import Endpoint, PostgresServer

IS_WORKER = "PYTEST_XDIST_WORKER" in os.environ
if not IS_WORKER:
    os.environ["ASSAY_TEST_SESSION"] = tempfile.mkdtemp(prefix="assay-tests-")
SESSION = Path(os.environ["ASSAY_TEST_SESSION"])  # shared by the workers, which inherit the environment

# Before any test imports airflow, which reads its settings once: nobody's own Airflow leaks into a test.
for _name in [name for name in os.environ if name.startswith("AIRFLOW")]:
    del os.environ[_name]
os.environ |= {
    "AIRFLOW_HOME": tempfile.mkdtemp(prefix="airflow-", dir=SESSION),
    "AIRFLOW__CORE__LOAD_EXAMPLES": "false",
    "DO_NOT_TRACK": "true",
    "RAGAS_DO_NOT_TRACK": "true",
}

settings.register_profile("assay", deadline=None)  # how long an example takes says how busy the machine is
settings.load_profile("assay")

SERVER = PostgresServer(SESSION / "postgres", durable=False)
TEMPLATE = "assay_template"
PASSWORD = "for tests only"  # the server dies with the session


def pytest_configure() -> None:
    """What tests interrupt must not ignore it, as all does that a shell runs in the background."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_unconfigure() -> None:
    if not IS_WORKER:
        SERVER.destroy()
        shutil.rmtree(SESSION)


@pytest.fixture(scope="session")
def postgres() -> Endpoint:
    """A running server with the roles `assay`, `app_owner` and `assay_reader`."""
    endpoint = SERVER.start()
    with locked(SESSION / "roles.lock"):
        for role in ("assay", "app_owner", "assay_reader"):
            ensure_role(endpoint, role, PASSWORD)
    return endpoint


@pytest.fixture(scope="session")
def migrated_template(postgres: Endpoint) -> str:
    """The name of a database with the store's schema, to be cloned."""
    from include.adapters.postgres.migrate import migrate  # alembic costs a second that unit tests need not pay

    with locked(SESSION / "template.lock"), psycopg.connect(postgres.dsn("postgres"), autocommit=True) as connection:
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [TEMPLATE]).fetchone():
            ensure_database(postgres, "unmigrated", "assay")
            migrate(postgres.dsn("unmigrated", "assay", PASSWORD))
            connection.execute(sql.SQL("ALTER DATABASE unmigrated RENAME TO {}").format(sql.Identifier(TEMPLATE)))
    return TEMPLATE


@pytest.fixture
def new_database(postgres: Endpoint) -> Iterator[Callable[..., str]]:
    """Makes a database for an owner, by default empty; it goes with the test. Returns its name."""
    with databases(postgres) as make:
        yield make


@pytest.fixture(scope="module")
def lasting_store_dsn(postgres: Endpoint, migrated_template: str) -> Iterator[str]:
    """As `store_dsn`, for all tests of a module, where what serves it takes long to start."""
    with databases(postgres) as make:
        yield postgres.dsn(make("assay", migrated_template), "assay", PASSWORD)


@contextmanager
def databases(postgres: Endpoint) -> Iterator[Callable[..., str]]:
    """Makes a database for an owner, by default empty; all go at the end of the block."""
    made = []
    with psycopg.connect(postgres.dsn("postgres"), autocommit=True) as connection:

        def make(owner: str, template: str = "template0") -> str:
            name = f"test_{uuid.uuid4().hex}"
            statement = "CREATE DATABASE {} OWNER {} TEMPLATE {} STRATEGY file_copy"
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, (name, owner, template))))
            made.append(name)
            return name

        yield make
        for name in made:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def store_dsn(postgres: Endpoint, migrated_template: str, new_database: Callable[..., str]) -> str:
    """libpq URI of a migrated, empty store, as its owner."""
    return postgres.dsn(new_database("assay", migrated_template), "assay", PASSWORD)


@pytest.fixture
def source_dsn(postgres: Endpoint, new_database: Callable[..., str]) -> str:
    """libpq URI of an empty database for an application's log, as its owner `app_owner`."""
    return postgres.dsn(new_database("app_owner"), "app_owner", PASSWORD)


@pytest.fixture
def source_reader_dsn(postgres: Endpoint, source_dsn: str) -> str:
    """The same database as `source_dsn`, as the role `assay_reader`, which may connect and no more."""
    database = source_dsn.rsplit("/", 1)[1]
    allow_reading(postgres, database, "assay_reader")
    return postgres.dsn(database, "assay_reader", PASSWORD)

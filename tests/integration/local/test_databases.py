"""Who may do what in the databases that the local runtime makes."""

from __future__ import annotations

import stat
from collections.abc import Iterator

import psycopg
import pytest

from local.databases import ensure_database, ensure_role
from local.layout import Layout, start_databases
from local.postgres import Endpoint


def test_a_role_that_exists_gets_its_password_renewed(postgres: Endpoint) -> None:
    ensure_role(postgres, "renewed", "old")
    ensure_role(postgres, "renewed", "n'ew %s")
    ensure_database(postgres, "renewed", "renewed")
    ensure_database(postgres, "renewed", "renewed")
    with psycopg.connect(postgres.dsn("renewed", "renewed", "n'ew %s")) as connection:
        assert connection.execute("SELECT current_user").fetchone() == ("renewed",)


def test_a_stranger_cannot_connect_to_somebodys_database(postgres: Endpoint) -> None:
    for role in ("owner", "stranger"):
        ensure_role(postgres, role, role)
    ensure_database(postgres, "closed", "owner")
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(postgres.dsn("closed", "stranger", "stranger"))


def test_the_reader_reads_what_it_was_granted_and_writes_nothing(source_dsn: str, source_reader_dsn: str) -> None:
    with psycopg.connect(source_dsn) as owner:
        owner.execute("CREATE TABLE granted AS SELECT 1 AS x")
        owner.execute("CREATE TABLE kept_back AS SELECT 1 AS x")
        owner.execute("GRANT SELECT ON granted TO assay_reader")
    with psycopg.connect(source_reader_dsn, autocommit=True) as reader:
        assert reader.execute("SELECT x FROM granted").fetchone() == (1,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            reader.execute("SELECT x FROM kept_back")
        reader.execute("SET default_transaction_read_only = off")
        for forbidden in ("INSERT INTO granted VALUES (2)", "CREATE TABLE mine (x int)", "CREATE SCHEMA mine"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                reader.execute(forbidden)


@pytest.fixture(scope="module")
def layout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Layout]:
    it = Layout(tmp_path_factory.mktemp("project"))
    yield it
    it.postgres.destroy()


def test_all_databases_of_a_project_are_reached_by_their_dsns(layout: Layout) -> None:
    databases = start_databases(layout)
    assert start_databases(Layout(layout.project)) == databases
    for dsn, user in (
        (databases.store_dsn, "assay"),
        (databases.source_dsn, "assay_reader"),
        (databases.source_owner_dsn, "app_owner"),
        (databases.airflow_dsn, "airflow"),
    ):
        with psycopg.connect(dsn) as connection:
            assert connection.execute("SELECT current_user").fetchone() == (user,)


def test_only_airflows_own_commits_may_be_lost_in_a_crash(layout: Layout) -> None:
    databases = start_databases(layout)
    for dsn, expected in ((databases.store_dsn, "on"), (databases.airflow_dsn, "off")):
        with psycopg.connect(dsn) as connection:
            assert connection.execute("SHOW synchronous_commit").fetchone() == (expected,)


def test_lost_secrets_are_made_anew_and_work(layout: Layout) -> None:
    before = start_databases(layout)
    (layout.state / "secrets.json").unlink()
    after = start_databases(Layout(layout.project))
    assert after != before
    with psycopg.connect(after.store_dsn) as connection:
        assert connection.execute("SELECT current_user").fetchone() == ("assay",)


def test_secrets_are_for_their_owner_only(layout: Layout) -> None:
    assert layout.secrets
    assert stat.S_IMODE((layout.state / "secrets.json").stat().st_mode) == 0o600

"""Enters: a server's endpoint and who may do what. Leaves: roles and databases that exist."""

from __future__ import annotations

import psycopg
from psycopg import sql

from local.postgres import Endpoint


def ensure_role(endpoint: Endpoint, name: str, password: str) -> None:
    """A role that may log in with `password` and nothing else; its password is renewed if it exists."""
    with psycopg.connect(endpoint.dsn("postgres"), autocommit=True) as connection:
        # Encrypted here, so that the server's log can never hold it.
        secret = connection.pgconn.encrypt_password(password.encode(), name.encode(), b"scram-sha-256")
        known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name]).fetchone()
        connection.execute(
            sql.SQL("{verb} ROLE {role} LOGIN PASSWORD {secret}").format(
                verb=sql.SQL("ALTER" if known else "CREATE"),
                role=sql.Identifier(name),
                secret=sql.Literal(secret.decode()),
            )
        )


def ensure_database(endpoint: Endpoint, name: str, owner: str) -> None:
    """A database that only `owner` and those it lets in can connect to."""
    with psycopg.connect(endpoint.dsn("postgres"), autocommit=True) as connection:
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            return
        database = sql.Identifier(name)
        connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(database, sql.Identifier(owner)))
        connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(database))


def allow_reading(endpoint: Endpoint, database: str, reader: str) -> None:
    """Let `reader` connect to `database`; what it can SELECT there is for the owner to grant."""
    names = {"database": sql.Identifier(database), "reader": sql.Identifier(reader)}
    with psycopg.connect(endpoint.dsn("postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL("GRANT CONNECT ON DATABASE {database} TO {reader}").format(**names))
        connection.execute(sql.SQL("ALTER ROLE {reader} SET default_transaction_read_only = on").format(**names))


def relax_commits(endpoint: Endpoint, database: str) -> None:
    """Commit to `database` faster: a crash may lose its last moments, never its consistency."""
    with psycopg.connect(endpoint.dsn("postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL("ALTER DATABASE {} SET synchronous_commit = off").format(sql.Identifier(database)))

"""A DSN goes in, a psycopg connection comes out; what goes wrong is one line that an ops engineer understands."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg.conninfo import conninfo_to_dict

from include.errors import (
    AssayError,
    SourceForbidden,
    SourceSchemaError,
    SourceUnreachable,
    StoreSchemaError,
    StoreUnreachable,
)

CONNECT_TIMEOUT_S = 10


@contextmanager
def connect(dsn: str, *, role: str = "store") -> Iterator[psycopg.Connection]:
    """A connection whose block is one transaction: committed at its end, rolled back by an exception.

    `dsn` is a libpq URI; `role` is "store" or "source" and decides which errors are raised:
    `StoreUnreachable`/`StoreSchemaError` or `SourceUnreachable`/`SourceForbidden`/`SourceSchemaError`. Times are UTC.
    """
    unreachable, schema = (
        (StoreUnreachable, StoreSchemaError) if role == "store" else (SourceUnreachable, SourceSchemaError)
    )
    try:
        with psycopg.connect(
            dsn,
            connect_timeout=CONNECT_TIMEOUT_S,
            application_name=f"assay-{role}",
            options="-c timezone=UTC",
        ) as connection:
            yield connection
    except psycopg.OperationalError as error:
        raise _one_line(unreachable, dsn, role, error) from error
    except (
        psycopg.errors.UndefinedTable,
        psycopg.errors.UndefinedColumn,
        psycopg.errors.InvalidSchemaName,
    ) as error:
        raise _one_line(schema, dsn, role, error) from error
    except psycopg.errors.InsufficientPrivilege as error:
        raise _one_line(SourceForbidden if role == "source" else unreachable, dsn, role, error) from error


REMEDIES = {
    SourceForbidden: "grant the role SELECT on the log and USAGE on its schema (docs/deploy.md)",
    SourceUnreachable: "check the Airflow connection assay_source and that the database accepts it",
    StoreUnreachable: "check the Airflow connection assay_store and that the database accepts it",
    SourceSchemaError: "the source's mapping (include/ingest/sources/*.yaml) names what the log does not have",
    StoreSchemaError: "migrate the store: python -m include.adapters.postgres.migrate",
}


def _one_line(kind: type[AssayError], dsn: str, role: str, error: psycopg.Error) -> AssayError:
    told = conninfo_to_dict(dsn)
    place = f"{told.get('host', '?')}:{told.get('port', 5432)}/{told.get('dbname', '?')}"
    lines = (error.diag.message_primary or str(error).strip()).splitlines()
    cause = [line for line in lines if not line.startswith("\t")][-1]  # below it stand libpq's own guesses
    return kind(f"{role} {place}: {cause}. Remedy: {REMEDIES[kind]}")

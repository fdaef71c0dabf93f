"""Enters: SQL and the name of a database. Leaves: CSV, as Postgres writes values, with a header line."""

from __future__ import annotations

import csv
from typing import TextIO

import psycopg
from psycopg.pq import ExecStatus

from local.errors import LocalError

OPTIONS = "-c default_transaction_read_only=on -c search_path=assay,public -c timezone=UTC"


class SqlError(LocalError):
    """The database refused the query; one line."""


def write_csv(dsn: str, query: str, out: TextIO) -> None:
    """Run `query`, which may not write, and write its last result to `out`; NULL is an empty field.

    Raises `SqlError`.
    """
    try:
        with psycopg.connect(dsn, options=OPTIONS) as connection:
            # Past psycopg's adaptation: values as Postgres prints them, and % and $ as they stand.
            result = connection.pgconn.exec_(query.encode())
            if result.status not in (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK, ExecStatus.EMPTY_QUERY):
                raise SqlError(_one_line(result.get_error_message()))
            if result.status == ExecStatus.TUPLES_OK:
                rows, columns = range(result.ntuples), range(result.nfields)
                writer = csv.writer(out, lineterminator="\n")
                writer.writerow((result.fname(column) or b"").decode() for column in columns)
                writer.writerows(
                    [(result.get_value(row, column) or b"").decode() for column in columns] for row in rows
                )
    except psycopg.Error as error:
        raise SqlError(_one_line(str(error))) from None


def _one_line(message: str) -> str:
    return " ".join(message.split())

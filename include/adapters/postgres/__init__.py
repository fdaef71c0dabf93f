"""Assay's own database and the application's log, both in Postgres, through psycopg 3."""

from include.adapters.postgres.connection import connect
from include.adapters.postgres.migrate import migrate

__all__ = ["connect", "migrate"]

"""A directory goes in; a migrated store on an embedded Postgres of its own comes out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from include.adapters.postgres.migrate import migrate
from local.databases import ensure_database, ensure_role
from local.postgres import PostgresServer


@contextmanager
def empty_store(directory: Path, *, durable: bool) -> Iterator[str]:
    """Its DSN, for the block; commits that are `durable` wait for the disk, as in production."""
    server = PostgresServer(directory / "postgres", durable=durable)
    try:
        endpoint = server.start()
        ensure_role(endpoint, "assay", "benchmark")
        ensure_database(endpoint, "assay", "assay")
        dsn = endpoint.dsn("assay", "assay", "benchmark")
        migrate(dsn)
        yield dsn
    finally:
        server.destroy()

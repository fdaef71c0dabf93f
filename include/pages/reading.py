"""Settings go in; a store that a page reads comes out, which lets no page wait for long."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from include.assembly import open_store
from include.errors import PageGivenUp
from include.settings import Settings

PATIENCE_MS = 8_000
"""For each statement: whoever waits longer has left, and what nobody waits for must not pile up in Postgres."""


@contextmanager
def reading(settings: Settings, patience_ms: int = PATIENCE_MS) -> Iterator[psycopg.Connection]:
    """Assay's own database for the block, one transaction; raises `PageGivenUp` where a statement takes too long."""
    with open_store(settings) as store:
        store.execute(f"SET statement_timeout = {patience_ms}".encode())
        try:
            yield store
        except psycopg.errors.QueryCanceled:
            raise PageGivenUp(
                f"the store did not tell within {patience_ms / 1000:g} seconds what this page shows; it was given up. "
                "Choose a shorter time, or come back when less is going on"
            ) from None

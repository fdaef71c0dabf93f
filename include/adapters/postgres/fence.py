"""The installation's secret for the fences around logged text, out of the store."""

from __future__ import annotations

import psycopg


def fence_secret(connection: psycopg.Connection) -> bytes:
    """32 bytes that the store's migration drew: the same for every worker and as old as the store."""
    row = connection.execute("SELECT secret FROM assay.fence").fetchone()
    assert row, "the migration wrote it"
    return bytes(row[0])

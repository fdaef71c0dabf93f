"""A judge model goes in; how many workers call it at this moment comes out, counted by the locks that they hold."""

from __future__ import annotations

import zlib

import psycopg

from include.errors import StoreUnreachable

NAMESPACE = 0x43524557
"""First half of the locks' keys ("CREW"); the ledger's claims are keyed otherwise (by one number), so none collide."""

LEAVES_AFTER_S = 30
"""When the server gives up on a worker whose machine is gone; one that only died leaves at once, with its socket."""

COUNT = """
    SELECT count(*) FROM pg_locks
    WHERE locktype = 'advisory' AND granted AND objsubid = 2 AND classid = %s::bigint::oid AND objid = %s::bigint::oid
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"""


class PostgresCrew:
    """Membership in the crew of one model: a shared advisory lock of the session, from now to the connection's end.

    Nothing but the membership is stored. Each worker takes limit / size, so that there is no counter to keep right
    after a crash and no row that every call would have to write. `connection` is its own, and not shared between
    transactions by a pooler.
    """

    def __init__(self, connection: psycopg.Connection, endpoint: str, model: str) -> None:
        self._connection = connection
        self._key = zlib.crc32(f"{endpoint} {model}".encode())
        signed = self._key - (1 << 32) if self._key >= 1 << 31 else self._key
        with connection.transaction():
            connection.execute("SET statement_timeout = '5s'")
            for name, seconds in (("idle", LEAVES_AFTER_S // 2), ("interval", LEAVES_AFTER_S // 6)):
                connection.execute(f"SET tcp_keepalives_{name} = {seconds}")
            connection.execute("SET tcp_keepalives_count = 3")
            connection.execute("SELECT pg_advisory_lock_shared(%s::int, %s::int)", (NAMESPACE, signed))

    def size(self) -> int:
        """How many sessions are members, this one included; raises `StoreUnreachable`."""
        try:
            with self._connection.transaction():
                row = self._connection.execute(COUNT, (NAMESPACE, self._key)).fetchone()
        except psycopg.Error as error:
            raise StoreUnreachable(f"workers of the judge cannot be counted: {str(error).splitlines()[0]}") from error
        assert row is not None, "count(*) has a row"
        return int(row[0])

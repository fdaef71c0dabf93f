"""Enters: the file in which a server remembers its port. Leaves: that port, or another if somebody took it."""

from __future__ import annotations

import socket
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

# Below the ports that systems lend to outgoing connections, so that a port is still free at the next start.
FIRST, LAST = 20_000, 29_999


def free_port(host: str, *, preferred: Path) -> int:
    """The TCP port that is written in `preferred` if it is free on `host`, else another; writes nothing."""
    for port in _candidates(preferred):
        with socket.socket() as probe, suppress(OSError, OverflowError):
            # Connections of the last server that linger in TIME_WAIT do not make its port taken.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
            return port
    raise OSError(f"no TCP port is free on {host} from {FIRST} to {LAST}")


def _candidates(preferred: Path) -> Iterator[int]:
    with suppress(OSError, ValueError):
        yield int(preferred.read_text()) or FIRST
    # Each file begins elsewhere: servers that start at the same time do not look at the same port.
    count = LAST - FIRST + 1
    begin = zlib.crc32(str(preferred).encode())
    yield from (FIRST + (begin + step) % count for step in range(count))

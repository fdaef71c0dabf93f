"""A window's memory does not grow with what it holds."""

from __future__ import annotations

import os
import tracemalloc
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from include.adapters.postgres import connect
from include.adapters.postgres.intake import PostgresIntake
from include.adapters.postgres.source_log import PostgresLog
from include.domain.interaction import Window
from include.ingest.extract import extract
from include.ingest.intake import take_in
from tests.integration.ingest.house import HOUR, NATIVE, NOW, House

MEGABYTE = 1 << 20
ROWS = 100


def resident() -> int:
    """Bytes of this process that are in memory now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


class Watched(PostgresLog):
    """A log that notes how large the process was while its rows were read."""

    peak = 0

    def read(self, window: Window) -> Iterator[Mapping[str, Any]]:
        for row in super().read(window):
            self.peak = max(self.peak, resident())
            yield row


def test_a_window_of_large_rows_is_held_in_a_fraction_of_its_size(house: House) -> None:
    house.change_log(
        f"""INSERT INTO llm_interactions (interaction_id, project, environment, user_input, response, occurred_at,
                logged_at)
            SELECT n::text, 'bank', 'production', 'q', repeat('a', {MEGABYTE}), '2026-11-20 05:20Z', '2026-11-20 05:20Z'
            FROM generate_series(1, {ROWS}) AS n"""
    )
    before = resident()
    tracemalloc.start()
    try:
        with connect(house.reader_dsn, role="source") as source, connect(house.store_dsn) as store:
            log = Watched(source, NATIVE.count, NATIVE.rows)
            assert extract("run", HOUR, log, PostgresIntake(store)) == ROWS
            _, traced = tracemalloc.get_traced_memory()
            tracemalloc.reset_peak()
            house.suite.check([])  # its libraries are loaded
            take_in("run", "native", PostgresIntake(store), house.desk, NOW)
            _, deciding = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert log.peak - before < ROWS * MEGABYTE / 2
    assert traced < ROWS * MEGABYTE / 3
    assert deciding < ROWS * MEGABYTE / 5
    assert len(house.ids()) == ROWS

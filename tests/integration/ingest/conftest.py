"""Leaves: a house (see `house.House`) with an empty native log that Assay's reader may read."""

from __future__ import annotations

import psycopg
import pytest

from include.ingest.validate import Suite
from tests.integration.ingest.house import DDL, ROOT, House


@pytest.fixture(scope="session")
def suite() -> Suite:
    return Suite(ROOT / "expectations/interactions.json")


@pytest.fixture
def house(store_dsn: str, source_dsn: str, source_reader_dsn: str, suite: Suite) -> House:
    with psycopg.connect(source_dsn) as owner:
        owner.execute(DDL.encode())
        owner.execute("GRANT SELECT ON llm_interactions TO assay_reader")
    return House(store_dsn, source_dsn, source_reader_dsn, suite)

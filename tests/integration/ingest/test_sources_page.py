"""The example of docs/sources.md is read as that page says."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from include.adapters.postgres.connection import connect
from include.adapters.postgres.source_log import PostgresLog
from include.adapters.yaml_file import load
from include.domain.interaction import Window
from include.ingest.extract import normalize
from include.ingest.mapping import SourceMapping
from include.settings import ROOT

START = datetime(2026, 11, 2, 10, tzinfo=UTC)
PAGE = ROOT / "docs/sources.md"
ROW = b"""
    INSERT INTO requests VALUES ('00000000-0000-0000-0000-000000000001', 'north', NULL, 'When?', '2026-11-02 10:00Z');
    INSERT INTO answers VALUES ('00000000-0000-0000-0000-000000000001', 'gpt-4o-mini', 'At nine.', '{a,b}',
        '{"prompt": 812, "completion": "many"}', 1.25, NULL, '2026-11-02 10:01Z')"""


def block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert found
    return found[1]


@pytest.fixture
def mapping(tmp_path: Path) -> SourceMapping:
    path = tmp_path / "helpdesk.yaml"
    path.write_text(block("yaml"))
    return load(path, SourceMapping)


def test_the_example_reads_a_foreign_log_and_names_a_field_of_a_wrong_type(
    mapping: SourceMapping, source_dsn: str
) -> None:
    with psycopg.connect(source_dsn) as owner:
        owner.execute(block("sql").encode())
        owner.execute(ROW)
    with connect(source_dsn, role="source") as source:
        window = Window(START, START + timedelta(hours=1))
        log = PostgresLog(source, mapping.count, mapping.rows)
        assert log.count(window) == 1
        [staged] = [normalize(row) for row in log.read(window)]
    assert staged.row_key == staged.raw["interaction_id"] == "00000000-0000-0000-0000-000000000001"
    assert staged.malformed == ("output_tokens",)
    assert {word: value for word, value in staged.raw.items() if value is not None} == {
        "interaction_id": "00000000-0000-0000-0000-000000000001",
        "occurred_at": "2026-11-02T10:00:00+00:00",
        "project": "helpdesk-north",
        "environment": "production",
        "user_input": "When?",
        "response": "At nine.",
        "retrieved_contexts": ["a", "b"],
        "provider_name": "openai",
        "request_model": "gpt-4o-mini",
        "input_tokens": 812,
        "output_tokens": "many",
        "latency_ms": 1250,
    }

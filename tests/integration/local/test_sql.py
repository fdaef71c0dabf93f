"""`make sql`: any query's result as CSV, nothing written, errors in one line."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from local.errors import LocalError
from local.layout import Layout, start_databases
from local.sql import write_csv

PROJECT = Path(__file__).resolve().parents[3]


def csv_of(dsn: str, query: str) -> str:
    out = io.StringIO()
    write_csv(dsn, query, out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("SELECT 1 AS a, NULL AS b, '' AS c", "a,b,c\n1,,\n"),
        ("SELECT 'x,y' AS a, 'say \"hi\"' AS b, E'two\\nlines' AS c", 'a,b,c\n"x,y","say ""hi""","two\nlines"\n'),
        ("SELECT 'Zürich 東京' AS \"Städte\"", "Städte\nZürich 東京\n"),
        ("SELECT '100 %s $1' AS a -- a comment", "a\n100 %s $1\n"),
        ("SELECT true AS a, timestamptz '2026-01-01 01:00+01' AS b", "a,b\nt,2026-01-01 00:00:00+00\n"),
        ("SELECT 1 AS a WHERE false;", "a\n"),
        ("SHOW search_path", 'search_path\n"assay,public"\n'),
        ("SET work_mem = '8MB'", ""),
    ],
)
def test_values_come_as_postgres_writes_them(source_dsn: str, query: str, expected: str) -> None:
    assert csv_of(source_dsn, query) == expected


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("SELECT * FROM nowhere", 'relation "nowhere" does not exist'),
        ("CREATE TABLE mine (x int)", "read-only transaction"),
    ],
)
def test_a_refused_query_is_one_line(source_dsn: str, query: str, message: str) -> None:
    with pytest.raises(LocalError, match=message) as caught:
        csv_of(source_dsn, query)
    assert "\n" not in str(caught.value)


@pytest.fixture(scope="module")
def layout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Layout]:
    it = Layout(tmp_path_factory.mktemp("project"))
    try:
        with psycopg.connect(start_databases(it).store_dsn) as connection:
            connection.execute("CREATE SCHEMA assay; CREATE TABLE assay.runs AS SELECT 'r''1' AS run_id")
        it.postgres.stop()
        yield it
    finally:
        it.postgres.destroy()


def ask(layout: Layout, query: str, database: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "local", "sql", str(layout.project)],
        cwd=PROJECT,
        env={**os.environ, "ASSAY_SQL": query, "ASSAY_DB": database},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_server_that_was_down_is_down_afterwards(layout: Layout) -> None:
    answer = ask(layout, "SELECT run_id FROM runs WHERE run_id = 'r''1'")
    assert (answer.stdout, answer.stderr, answer.returncode) == ("run_id\nr'1\n", "", 0)
    assert not layout.postgres.is_running()


def test_a_server_that_was_up_stays_up(layout: Layout) -> None:
    layout.postgres.start()
    assert ask(layout, "SELECT current_user", "source").stdout == "current_user\napp_owner\n"
    assert layout.postgres.is_running()
    layout.postgres.stop()


def test_queries_at_the_same_time_share_the_server_and_the_last_stops_it(layout: Layout) -> None:
    with layout.postgres.borrowed(), layout.postgres.borrowed():
        assert ask(layout, "SELECT 1 AS a").stdout == "a\n1\n"
        assert layout.postgres.is_running()
    assert not layout.postgres.is_running()


@pytest.mark.parametrize(
    ("query", "database", "message"),
    [("SELECT 1/0", "", "division by zero"), ("", "", "make sql Q="), ("SELECT 1", "shop", "store, source, airflow")],
)
def test_what_goes_wrong_is_one_line_and_status_1(layout: Layout, query: str, database: str, message: str) -> None:
    answer = ask(layout, query, database)
    assert answer.returncode == 1
    assert answer.stdout == ""
    assert message in answer.stderr
    assert answer.stderr.count("\n") == 1


def test_before_the_first_demo_the_remedy_is_named(tmp_path: Path) -> None:
    answer = ask(Layout(tmp_path), "SELECT 1")
    assert answer.returncode == 1
    assert "make demo" in answer.stderr
    assert list(tmp_path.iterdir()) == []

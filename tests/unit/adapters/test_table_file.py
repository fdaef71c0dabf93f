"""A table in a file: exact in both formats, whole or not there, harmless in a spreadsheet."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from include.adapters import table_file
from include.adapters.table_file import Row, write_table
from include.errors import ConfigError

COLUMNS: Mapping[str, type] = {"name": str, "cost": Decimal, "calls": int, "day": datetime}
MIDNIGHT = datetime(2026, 11, 9, tzinfo=UTC)
ROWS: list[Row] = [
    {"name": "bank", "cost": Decimal("0.0000000001"), "calls": 2**40, "day": MIDNIGHT},
    {"name": 'a "quoted",\nname', "cost": None, "calls": 3, "day": MIDNIGHT},
    {"name": None, "cost": Decimal("12345678901234567890.5"), "calls": 0, "day": MIDNIGHT},
]


def test_a_csv_holds_exact_numbers_and_empty_cells_for_what_is_unknown(tmp_path: Path) -> None:
    path = tmp_path / "new" / "costs.csv"
    assert write_table(path, COLUMNS, ROWS) == 3
    with path.open(newline="", encoding="utf-8") as file:
        assert list(csv.reader(file)) == [
            ["name", "cost", "calls", "day"],
            ["bank", "0.0000000001", str(2**40), "2026-11-09T00:00:00Z"],
            ['a "quoted",\nname', "", "3", "2026-11-09T00:00:00Z"],
            ["", "12345678901234567890.5", "0", "2026-11-09T00:00:00Z"],
        ]


def test_a_parquet_file_holds_the_same_as_decimals_and_nulls(tmp_path: Path) -> None:
    path = tmp_path / "costs.parquet"
    assert write_table(path, COLUMNS, ROWS) == 3
    table = pq.read_table(path)
    assert table.to_pylist() == ROWS
    assert str(table.schema.field("cost").type) == "decimal128(38, 10)"


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", '=HYPERLINK("http://x")'])
def test_a_name_that_a_spreadsheet_would_run_is_shown_and_not_run(tmp_path: Path, name: str) -> None:
    write_table(tmp_path / "costs.csv", {"name": str, "cost": Decimal}, [{"name": name, "cost": Decimal("-1.5")}])
    with (tmp_path / "costs.csv").open(newline="") as file:
        assert list(csv.reader(file))[1] == [f"'{name}", "-1.5"]


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_table_that_breaks_off_leaves_the_file_of_before_and_nothing_else(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"costs.{ending}"
    write_table(path, COLUMNS, ROWS)
    before = path.read_bytes()

    def breaks_off() -> Iterator[Row]:
        yield ROWS[0]
        raise RuntimeError("the store went away")

    with pytest.raises(RuntimeError):
        write_table(path, COLUMNS, breaks_off())
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_rows_are_written_as_they_come(tmp_path: Path, ending: str) -> None:
    taken = 0

    def many() -> Iterator[Row]:
        nonlocal taken
        for taken in range(1, table_file.BATCH * 2 + 2):
            if taken == table_file.BATCH + 1:
                assert next(tmp_path.iterdir()).stat().st_size > 0
            yield ROWS[0]

    assert write_table(tmp_path / f"costs.{ending}", COLUMNS, many()) == taken == table_file.BATCH * 2 + 1


def test_no_rows_make_a_table_with_its_columns(tmp_path: Path) -> None:
    assert write_table(tmp_path / "costs.parquet", COLUMNS, []) == 0
    assert pq.read_table(tmp_path / "costs.parquet").column_names == list(COLUMNS)


def test_another_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"costs\.xlsx: a table ends in \.csv or \.parquet"):
        write_table(tmp_path / "costs.xlsx", COLUMNS, ROWS)

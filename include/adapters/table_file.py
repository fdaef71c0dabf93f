"""Rows go in one by one, a CSV or Parquet file that no reader sees half of comes out."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

from include.errors import ConfigError

Row = Mapping[str, str | int | Decimal | datetime | None]
Writer = Callable[[list[Row]], None]
BATCH = 10_000
"""Rows held at once: some ten megabytes."""
DIGITS, DECIMALS = 38, 10
"""Of a number in Parquet; those of the ledger have ten decimals."""
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for a formula, if a cell begins with it."""


def write_table(path: Path, columns: Mapping[str, type], rows: Iterable[Row]) -> int:
    """Write rows with these columns (str, int, Decimal, datetime; None where unknown); returns how many.

    The file's ending says which format: `.csv` or `.parquet`. Raises `ConfigError` for another.
    """
    if path.suffix not in FORMATS:
        raise ConfigError(f"{path.name}: a table ends in {' or '.join(FORMATS)}. Remedy: rename it")
    count = 0
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with FORMATS[path.suffix](part, columns) as write:
            left = iter(rows)
            while batch := list(islice(left, BATCH)):
                write(batch)
                count += len(batch)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
    return count


def _harmless(text: str) -> str:
    """Names in a log are anybody's words: one that a spreadsheet would run gets an apostrophe before it."""
    return f"'{text}" if text.startswith(FORMULA) else text


CELLS: Mapping[type, Callable[[Any], object]] = {
    str: _harmless,
    int: int,
    Decimal: "{:f}".format,
    datetime: "{:%Y-%m-%dT%H:%M:%SZ}".format,
}
"""What stands in a CSV for a value that is known."""


@contextmanager
def _csv(path: Path, columns: Mapping[str, type]) -> Iterator[Writer]:
    cells = [(name, CELLS[kind]) for name, kind in columns.items()]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        yield lambda rows: writer.writerows(
            [None if row[name] is None else cell(row[name]) for name, cell in cells] for row in rows
        )


@contextmanager
def _parquet(path: Path, columns: Mapping[str, type]) -> Iterator[Writer]:
    import pyarrow as pa  # type: ignore[import-untyped]  # costs half a second that a CSV need not pay
    import pyarrow.parquet as pq  # type: ignore[import-untyped]

    types: Mapping[type, Any] = {
        str: pa.string(),
        int: pa.int64(),
        Decimal: pa.decimal128(DIGITS, DECIMALS),
        datetime: pa.timestamp("us", tz="UTC"),
    }
    schema = pa.schema([(name, types[kind]) for name, kind in columns.items()])
    with pq.ParquetWriter(path, schema) as writer:
        yield lambda rows: writer.write_batch(pa.RecordBatch.from_pylist(rows, schema=schema))


FORMATS: Mapping[str, Callable[[Path, Mapping[str, type]], AbstractContextManager[Writer]]] = {
    ".csv": _csv,
    ".parquet": _parquet,
}

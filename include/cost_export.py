"""A month or days go in; their costs come out as a file in FOCUS columns, for finance.

`python -m include.cost_export OUT (--month 2026-11 | --from 2026-11-01 --to 2026-11-15) [--store DSN] [--account ID]`
(`make export-costs MONTH=2026-11 OUT=costs.csv`). The file's ending says CSV or Parquet. Without a DSN the store is
Airflow's connection `assay_store`. What has no known price is no charge: it goes into a second file beside the first,
`costs.unpriced.csv`, and the command says how much it is. Exit status 0; 1 where it cannot be done.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

from include import settings as configuration
from include.adapters.postgres import connect
from include.adapters.postgres.costs import Costs
from include.adapters.table_file import write_table
from include.domain.cost import CostLine
from include.errors import AssayError, ConfigError
from include.ledger.focus import COLUMNS, UNPRICED_COLUMNS, charge, unpriced


class Exported(NamedTuple):
    """How many rows a file of charges has, and how many calls without a known price are in none of their costs.

    `unpriced_rows` of these calls are in the file `beside` it; those of judges may stand in the row of others.
    """

    charges: int
    unpriced_calls: int
    unpriced_rows: int
    beside: Path


def export(store_dsn: str, first: date, last: date, out: Path, account: str = "") -> Exported:
    """Write the charges of the days `first` to `last`, both included, and beside them what has no known price."""
    aside: list[CostLine] = []
    calls = 0

    def priced() -> Iterator[CostLine]:
        nonlocal calls
        for line in Costs(store).lines(first, last):
            calls += line.unpriced
            if line.cost is None:
                aside.append(line)
            else:
                yield line

    beside = out.with_suffix(f".unpriced{out.suffix}")
    with connect(store_dsn) as store:
        charges = write_table(out, COLUMNS, (charge(line, account) for line in priced()))
    beside.unlink(missing_ok=True)
    if aside:
        write_table(beside, UNPRICED_COLUMNS, (unpriced(line, account) for line in aside))
    return Exported(charges, calls, len(aside), beside)


def period(month: str, first: str, last: str) -> tuple[date, date]:
    """The first and last day of a month (`2026-11`), or those that are named; raises `ConfigError`."""
    try:
        if month and not (first or last):
            start = date.fromisoformat(f"{month}-01")
            return start, (start + timedelta(days=31)).replace(day=1) - timedelta(days=1)
        if not month and date.fromisoformat(first) <= date.fromisoformat(last):
            return date.fromisoformat(first), date.fromisoformat(last)
    except ValueError:
        pass
    raise ConfigError(
        f"no period in month={month!r} from={first!r} to={last!r}. Remedy: a month (2026-11), or first and last day "
        "(2026-11-01 and 2026-11-15)"
    )


def main(arguments: Sequence[str]) -> int:
    """The command: returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m include.cost_export", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("out", type=Path, help="a file whose name ends in .csv or .parquet")
    parser.add_argument("--month", default="", help="2026-11, in UTC")
    parser.add_argument("--from", default="", dest="first", help="the first day")
    parser.add_argument("--to", default="", dest="last", help="the last day")
    parser.add_argument("--store", default="", help="libpq URI")
    parser.add_argument("--account", default="", help="the provider's name of the billing account")
    given = parser.parse_args(arguments)
    try:
        first, last = period(given.month, given.first, given.last)
        dsn = given.store or configuration.for_the_store().store_dsn.get_secret_value()
        made = export(dsn, first, last, given.out, given.account)
    except AssayError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except OSError as error:
        sys.stderr.write(f"{error.filename}: {error.strerror}\n")
        return 1
    sys.stdout.write(f"{made.charges} charges of {first} to {last} in {given.out}\n")
    if made.unpriced_calls:
        where = f": {made.unpriced_rows} rows in {made.beside}" if made.unpriced_rows else ""
        sys.stdout.write(f"{made.unpriced_calls} calls without a known price are in none of them{where}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

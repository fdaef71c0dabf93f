"""A month or days go in; their costs come out as a file in FOCUS columns, for finance.

`python -m include.cost_export OUT (--month 2026-11 | --from 2026-11-01 --to 2026-11-15) [--store DSN] [--account ID]`
(`make export-costs MONTH=2026-11 OUT=costs.csv`). The file's ending says CSV or Parquet. Without a DSN the store is
Airflow's connection `assay_store`. Exit status 0; 1 where it cannot be done.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

from include import settings as configuration
from include.adapters.postgres import connect
from include.adapters.postgres.costs import Costs
from include.adapters.table_file import write_table
from include.errors import AssayError, ConfigError
from include.ledger.focus import COLUMNS, charge


def export(store_dsn: str, first: date, last: date, out: Path, account: str = "") -> int:
    """Write the charges of the days `first` to `last`, both included; returns how many rows the file has."""
    with connect(store_dsn) as store:
        return write_table(out, COLUMNS, (charge(line, account) for line in Costs(store).lines(first, last)))


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
        count = export(dsn, first, last, given.out, given.account)
    except AssayError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except OSError as error:
        sys.stderr.write(f"{error.filename}: {error.strerror}\n")
        return 1
    sys.stdout.write(f"{count} charges of {first} to {last} in {given.out}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

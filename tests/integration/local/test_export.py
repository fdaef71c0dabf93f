"""`make export-costs`: a file for finance from the store of `make demo`, and one line where there is none to be had."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path

import psycopg

from include.adapters.postgres import migrate
from local.layout import Layout, start_databases

PROJECT = Path(__file__).resolve().parents[3]


def export(layout: Layout, **given: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "local", "export", str(layout.project)],
        cwd=PROJECT,
        env={**os.environ, **{f"ASSAY_{name}": value for name, value in given.items()}},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_month_of_the_local_store_becomes_a_file(tmp_path: Path) -> None:
    layout, out = Layout(tmp_path / "project"), tmp_path / "costs.csv"
    layout.project.mkdir()
    try:
        dsn = start_databases(layout).store_dsn
        migrate(dsn)
        with psycopg.connect(dsn) as store:
            store.execute(
                """INSERT INTO assay.costs_daily (day, project, model, kind, calls, unpriced, input_tokens,
                       output_tokens, cached_input_tokens, cost)
                   VALUES ('2026-11-30', 'bank', 'm', 'application', 3, 0, 9, 9, 0, 1.25)"""
            )
        layout.postgres.stop()
        answer = export(layout, MONTH="2026-11", OUT=str(out), ACCOUNT="acct")
        assert answer.stdout == f"1 charges of 2026-11-01 to 2026-11-30 in {out}\n", answer.stderr
        [row] = csv.DictReader(out.read_text().splitlines())
        assert (row["EffectiveCost"], row["BillingAccountId"]) == ("1.2500000000", "acct")
        wrong = export(layout, MONTH="November", OUT=str(out))
        assert (wrong.returncode, wrong.stderr.count("\n")) == (1, 1)
        assert "Remedy: a month (2026-11)" in wrong.stderr
    finally:
        layout.postgres.destroy()


def test_without_a_file_or_without_data_the_remedy_is_named(tmp_path: Path) -> None:
    nameless, dataless = export(Layout(tmp_path)), export(Layout(tmp_path), OUT="costs.csv", MONTH="2026-11")
    assert (nameless.returncode, dataless.returncode) == (1, 1)
    assert "OUT=costs.csv" in nameless.stderr
    assert "make demo" in dataless.stderr
    assert list(tmp_path.iterdir()) == []

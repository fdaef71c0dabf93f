"""The export for finance: what the file adds up to is what the store adds up to, to the last digit."""

from __future__ import annotations

import csv
import random
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from psycopg.types.json import Jsonb

from include.adapters.postgres import connect
from include.adapters.postgres.costs import Costs
from include.cost_export import export, main, period
from include.domain.interaction import Window
from include.errors import ConfigError
from tests.fakes.store_rows import insert_interaction

FIRST = datetime(2026, 11, 1, tzinfo=UTC)
NEXT = datetime(2026, 12, 1, tzinfo=UTC)


@pytest.fixture
def filled(store_dsn: str) -> str:
    """A store with a month of calls and the last day before it, rolled up; some unpriced, some billed."""
    lot = random.Random(6)
    with connect(store_dsn) as connection:
        connection.execute("SELECT assay.ensure_partitions(%s, %s)", (FIRST - timedelta(days=1), NEXT))
        for number in range(150):
            at = FIRST + timedelta(hours=lot.uniform(-24, 30 * 24))
            cost = None if number % 7 == 0 else Decimal(lot.randrange(10**12)).scaleb(-10)
            insert_interaction(
                connection,
                f"i{number}",
                at,
                project=lot.choice(["bank", "=clinic"]),
                request_model=lot.choice(["m", "n"]),
                provider_name="openai",
                attributes=Jsonb({"user_group": lot.choice(["a", "b"])}),
                input_tokens=lot.randrange(10_000),
                cost=cost,
                billed_cost=Decimal(lot.randrange(10**12)).scaleb(-10) if number % 3 == 0 else None,
                price_source=None if cost is None else lot.choice(["list", "frame contract"]),
            )
            connection.execute(
                """INSERT INTO assay.judge_calls (request_hash, project, dimension, judge, provider_name,
                       request_model, outcome, cost, latency_ms, called_at)
                   VALUES (%s, 'bank', 'correctness', 'rubric', 'openai', 'j', 'ok', %s, 1, %s)""",
                (f"{number}", cost, at),
            )
        costs = Costs(connection)
        costs.roll_up(costs.days_of(Window(FIRST - timedelta(days=2), NEXT)))
    return store_dsn


def ledger(dsn: str) -> Mapping[str, object]:
    """November's, straight from the rows."""
    query = """
        WITH calls AS (
            SELECT cost, billed_cost, input_tokens FROM assay.interactions WHERE occurred_at >= %(first)s
            UNION ALL SELECT cost, NULL, input_tokens FROM assay.judge_calls WHERE called_at >= %(first)s)
        SELECT sum(cost), sum(coalesce(billed_cost, cost)) FILTER (WHERE cost IS NOT NULL), count(*),
               count(*) FILTER (WHERE cost IS NULL), sum(input_tokens) FROM calls"""
    with connect(dsn) as connection:
        row = connection.execute(query, {"first": FIRST}).fetchone()
    assert row is not None
    return dict(zip(("EffectiveCost", "BilledCost", "x_Calls", "x_UnpricedCalls", "x_InputTokens"), row, strict=True))


def test_a_csv_adds_up_to_the_ledger(filled: str, tmp_path: Path) -> None:
    out = tmp_path / "costs.csv"
    made = export(filled, date(2026, 11, 1), date(2026, 11, 30), out)
    charges, unpriced = (list(csv.DictReader(path.read_text().splitlines())) for path in (out, made.beside))
    assert len(charges) == made.charges > 50
    assert len(unpriced) == made.unpriced_rows > 5
    known = ledger(filled)
    assert made.unpriced_calls == known["x_UnpricedCalls"]
    for name, value in known.items():
        assert sum((Decimal(row[name]) for row in [*charges, *unpriced] if name in row), Decimal(0)) == value, name
    assert all(row[name] for row in charges for name in ("BilledCost", "ContractedCost", "EffectiveCost", "ListCost"))
    assert all(row["x_Calls"] == row["x_UnpricedCalls"] for row in unpriced)


def test_a_parquet_file_adds_up_to_the_ledger(filled: str, tmp_path: Path) -> None:
    out = tmp_path / "costs.parquet"
    made = export(filled, date(2026, 11, 1), date(2026, 11, 30), out)
    rows = [row for path in (out, made.beside) for row in pq.read_table(path).to_pylist()]
    for name, value in ledger(filled).items():
        assert sum(row[name] for row in rows if name in row) == value, name


def test_the_command_writes_a_month_and_says_so(
    filled: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "costs.csv"
    assert main([str(out), "--month", "2026-10", "--store", filled]) == 0
    assert "charges of 2026-10-01 to 2026-10-31 in" in capsys.readouterr().out
    assert main([str(out), "--month", "2026-11", "--store", filled]) == 0
    assert re.search(
        r"calls without a known price are in none of them: \d+ rows in .*costs\.unpriced\.csv", capsys.readouterr().out
    )
    assert main([str(out), "--from", "2026-11-08", "--to", "2026-11-08", "--store", filled]) == 0
    assert (tmp_path / "costs.unpriced.csv").exists() == ("unpriced.csv" in capsys.readouterr().out)
    assert main([str(tmp_path / "costs.txt"), "--month", "2026-10", "--store", filled]) == 1
    assert main([str(out), "--store", filled]) == 1
    assert "Remedy: a month (2026-11)" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("given", "days"),
    [
        (("2026-02", "", ""), ("2026-02-01", "2026-02-28")),
        (("2026-12", "", ""), ("2026-12-01", "2026-12-31")),
        (("", "2026-11-03", "2026-11-03"), ("2026-11-03", "2026-11-03")),
    ],
)
def test_a_period_is_a_month_or_named_days(given: tuple[str, str, str], days: tuple[str, str]) -> None:
    assert period(*given) == tuple(map(date.fromisoformat, days))


@pytest.mark.parametrize(
    "given",
    [
        ("", "", ""),
        ("2026-13", "", ""),
        ("2026-11", "2026-11-01", ""),
        ("", "2026-11-01", ""),
        ("", "2026-11-02", "2026-11-01"),
    ],
)
def test_no_period_is_refused(given: tuple[str, str, str]) -> None:
    with pytest.raises(ConfigError, match="no period"):
        period(*given)

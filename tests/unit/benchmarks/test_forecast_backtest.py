"""What the backtest of forecasts promises, and that its series are what it says they are."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from benchmarks.forecast_backtest import Row, drawn, is_kept, measure, simulated, table, trace


def row(kind: str, error: float, run_rate: float, day: int = 7) -> Row:
    return Row(kind, day, 40, error, run_rate, None, 0.8, 0.0)


@pytest.mark.parametrize(
    ("kind", "error", "run_rate", "kept"),
    [
        ("rhythm", 0.04, 0.05, True),
        ("rhythm", 0.05, 0.05, False),
        ("flat", 0.054, 0.05, True),
        ("flat", 0.056, 0.05, False),
    ],
)
def test_the_run_rate_is_beaten_where_there_is_a_rhythm_and_nearly_met_elsewhere(
    kind: str, error: float, run_rate: float, kept: bool
) -> None:
    assert is_kept(kind, [row(kind, error, run_rate), row("other", 9.0, 0.1)]) is kept


def test_where_the_forecast_loses_is_said() -> None:
    told = table([row("flat", 0.06, 0.05), row("rhythm", 0.04, 0.05)], "trace: skipped, there is none")
    assert "worse than the run rate: flat on day 7 (6.0%, 5.0%)" in told
    assert told.endswith("trace: skipped, there is none")


def test_a_month_is_measured_at_three_days_with_the_month_before() -> None:
    series = list(simulated("rhythm", 2, seed=3))
    assert [min(one.days) < one.month for one in series] == [True, True]
    rows = measure("rhythm", series)
    assert [one.day for one in rows] == [7, 14, 21]
    assert all(one.error < 0.3 and one.last_month is not None for one in rows)
    assert [one.last_month for one in measure("new", list(simulated("new", 1, seed=3)))] == [None] * 3


def test_an_hour_of_requests_becomes_months_of_slots(tmp_path: Path) -> None:
    path = tmp_path / "trace.jsonl"
    lines = [
        {
            "timestamp": f"2023-11-16 18:{at // 60:02}:{at % 60:02}.0000000",
            "prompt_tokens": 1000,
            "completion_tokens": 0,
        }
        for at in range(0, 1600, 10)
    ]
    path.write_text("\n".join(json.dumps({**line, "service": "conv"}) for line in lines))
    (series, *_) = trace(path)
    assert (series.month, len(series.days)) == (date(2026, 6, 1), 61)
    assert list(series.days.values()) == pytest.approx([2 * 1000 * 0.4e-6] * 61)
    weekend = [usd for day, usd in drawn(path, 2, seed=1)[0].days.items() if day.weekday() >= 5]
    assert weekend == pytest.approx([0.4 * 2 * 1000 * 0.4e-6] * len(weekend))

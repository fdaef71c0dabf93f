"""The summary of a day is made again where late rows changed what it was made from, and only there."""

from __future__ import annotations

from pathlib import Path

import pytest

from include import money
from tests.fakes.installation import DAY, NINE, Installation, row, rows

MIDNIGHT = NINE.replace(hour=0)


def a_day(assay: Installation, number: int, *late: dict[str, object]) -> list[str]:
    """So many days on, the log is scored, summed and told; returns what became of which day's summary."""
    assay.log(*rows(4, NINE + number * DAY), *late)
    assay.run(NINE + number * DAY)
    money.roll_up(MIDNIGHT + number * DAY, MIDNIGHT + (number + 1) * DAY)
    money.forecast(MIDNIGHT + number * DAY)
    return told(number)


def told(number: int) -> list[str]:
    return [line.partition(":")[0] for line in money.tell(MIDNIGHT + number * DAY).splitlines()]


def test_late_rows_edit_what_was_told_of_their_day_and_of_those_since(assay: Installation) -> None:
    assert a_day(assay, 0) == ["first"]
    assert a_day(assay, 1) == ["first"]
    late = row(50, NINE + 2 * DAY, occurred_at=NINE)
    assert a_day(assay, 2, late) == ["first", "repeat", "repeat"]
    assert told(2) == ["none"]


def test_what_was_told_from_the_same_is_not_made_again(
    assay: Installation, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    a_day(assay, 0)
    a_day(assay, 1)
    budgets = tmp_path / "budgets.yaml"
    budgets.write_text("overall: {usd_per_month: 5000, owner: finance}\n")
    monkeypatch.setenv("ASSAY_BUDGETS", str(budgets))
    assert told(1) == ["repeat"]
    assert told(1) == ["none"]

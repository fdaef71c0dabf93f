"""What the page of costs reads of a real store: the month against its budgets, days, groups, what moved and why."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest

from include.adapters.postgres import connect
from include.adapters.postgres.budget_months import BudgetMonths
from include.adapters.postgres.costs import Costs
from include.domain.cost import Spend
from include.domain.interaction import Window
from include.domain.money import Forecast, Unforeseen
from include.domain.spending import Unpriced
from include.pages.costs import costs
from include.pages.overview import overview
from tests.fakes.installation import NINE, Installation, rows
from tests.fakes.store_rows import insert_interaction

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
END = datetime(2026, 11, 20, tzinfo=UTC)
WEEK = Window(END - 7 * DAY, END)
LAST = date(2026, 11, 19)


def spend(store: psycopg.Connection, days_ago: int, calls: int, usd: str | None, **given: object) -> None:
    """So many calls on a day before the week's end, each at this price."""
    at = END - days_ago * DAY
    for number in range(calls):
        asked = {"project": "bank", "response_model": "gpt", "input_tokens": 100, "output_tokens": 10}
        price = {"cost": None if usd is None else Decimal(usd)}
        name = f"{days_ago}-{number}-{given.get('response_model')}-{given.get('project')}"
        insert_interaction(store, name, at, **asked | price | given)
    Costs(store).roll_up([at.date()])


@pytest.fixture
def store(assay: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[psycopg.Connection]:
    """Two weeks of a call a day, in the second of two; three calls of unknown price; budgets that differ."""
    (tmp_path / "budgets.yaml").write_text(
        "overall: {usd_per_month: 9, owner: finance}\nprojects: {bank: {usd_per_month: 0.2, owner: li}}"
    )
    monkeypatch.setenv("ASSAY_BUDGETS", str(tmp_path / "budgets.yaml"))
    made = Forecast(LAST - DAY, Decimal("0.25"), Decimal("0.05"), Decimal("0.3"))
    with connect(assay.store) as connection:
        connection.execute("SELECT assay.ensure_partitions(%s, %s)", (END - 40 * DAY, END))
        for number in range(1, 15):
            spend(connection, number, 2 if number <= 7 else 1, "0.01")
        spend(connection, 2, 3, None, project="shop", response_model="in-house", provider_name="acme")
        BudgetMonths(connection).keep(LAST - DAY, {"bank": (Decimal("0.1"), made)})
        connection.commit()
        yield connection


def test_the_month_stands_against_its_budgets_as_forecast_last(store: psycopg.Connection) -> None:
    months = {one.month.project: one for one in costs(Window(WEEK.start, END + DAY)).months}
    assert [*months] == ["", "bank", "shop"]
    bank = months["bank"].month
    assert (bank.spent, bank.limit, months["bank"].standing) == (Spend(21, 0, Decimal("0.21")), Decimal("0.2"), "over")
    assert bank.outlook == Forecast(LAST - DAY, Decimal("0.25"), Decimal("0.21"), Decimal("0.3"))
    assert isinstance(months["shop"].month.outlook, Unforeseen)
    assert months["shop"].month.spent == Spend(3, 3)
    assert months[""].month.limit == Decimal(9)


def test_the_days_are_told_beside_those_before_by_what_calls_have_in_common(store: psycopg.Connection) -> None:
    found = costs(WEEK)
    assert (found.first, found.last, found.shift, found.comparable) == (LAST - 6 * DAY, LAST, 7 * DAY, True)
    assert (found.application, found.application_before) == (
        Spend(17, 3, Decimal("0.14")),
        Spend(7, 0, Decimal("0.07")),
    )
    assert dict(found.days)[LAST] == Decimal("0.02")
    by_model = found.breakdowns[0]
    assert [(one.name, one.project, one.spend.calls, one.before.calls) for one in by_model.groups] == [
        ("gpt", "bank", 14, 7),
        ("in-house", "shop", 3, 0),
    ]
    assert by_model.groups[0].input_tokens == 1400
    assert found.unpriced == (Unpriced("shop", "acme", "in-house", 3),)


def test_what_moved_is_told_with_the_factors_that_moved_it(store: psycopg.Connection) -> None:
    (bank,) = costs(WEEK).movers
    assert (bank.project, bank.now.known, bank.before.known) == ("bank", Decimal("0.14"), Decimal("0.07"))
    assert "2.0 times as many interactions: +0.07 USD" in bank.by


def test_one_environment_is_told_by_itself_beside_months_of_all(store: psycopg.Connection) -> None:
    spend(store, 3, 4, "0.02", response_model="beta", environment="staging")
    store.commit()
    found = costs(WEEK, "staging")
    assert found.environments == ("prod", "staging")
    assert found.application == Spend(4, 0, Decimal("0.08"))
    assert [one.name for one in found.breakdowns[0].groups] == ["beta"]
    assert (found.unpriced, found.comparable) == ((), False)
    whole = costs(WEEK)
    assert whole.application == Spend(21, 3, Decimal("0.22"))
    assert [one.month.spent for one in found.months] == [one.month.spent for one in whole.months]


def test_without_as_many_days_before_nothing_is_compared(store: psycopg.Connection) -> None:
    found = costs(Window(END - 14 * DAY, END))
    assert (found.comparable, found.movers) == (False, ())
    assert len(found.days) == 14


def test_what_was_spent_today_is_in_the_month_before_it_is_summed(
    assay: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "budgets.yaml").write_text("projects: {pool: {usd_per_month: 7, owner: li}}")
    monkeypatch.setenv("ASSAY_BUDGETS", str(tmp_path / "budgets.yaml"))
    assay.log(*rows(4, NINE))
    assay.run()
    day = Window(NINE - 23 * HOUR, NINE + HOUR)
    found = costs(day)
    assert [one.month.project for one in found.months] == ["", "pool"]
    assert found.months[1].month.spent.calls == 4
    assert found.months[1].month.spent.known > 0
    assert found.application == Spend()
    (pool,) = overview(day).projects
    assert (pool.spent, pool.limit) == (found.months[1].month.spent, Decimal(7))


def test_an_empty_store_has_spent_nothing(assay: Installation) -> None:
    found = costs(WEEK)
    assert [one.month.spent for one in found.months] == [Spend()]
    assert (found.days, found.movers, found.unpriced) == ((), (), ())

"""What the report is told of money, put together from a store and the files that decide."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from include.adapters.postgres import connect
from include.adapters.postgres.budget_months import BudgetMonths
from include.adapters.postgres.costs import Costs
from include.adapters.yaml_file import load
from include.domain.cost import Spend
from include.domain.judging_cost import JudgingWeek
from include.domain.money import Forecast
from include.monitors.rules import Rules
from include.settings import Settings, from_airflow
from include.week_money import good_from, money_of
from tests.fakes.installation import Installation
from tests.fakes.store_rows import insert_interaction
from tests.fakes.weekly import DAY, MONDAY, WEEK

LAST = date(2026, 11, 15)
LEVEL = {"test": "level", "category": "quality", "description": "d", "owner": "o", "runbook": "r"}


def rules(*given: dict[str, object]) -> Rules:
    return Rules.model_validate({"rules": [LEVEL | {"name": f"r{place}"} | one for place, one in enumerate(given)]})


@pytest.mark.parametrize(
    ("given", "targets"),
    [
        ((), {"": 0.6}),
        (({"measure": "composite", "trailing": "14d", "min_effect": 0.1},), {"": 0.6}),
        (({"measure": "correctness", "target": 0.9, "min_effect": 0.1},), {"": 0.6}),
        (({"measure": "composite", "target": 0.7, "min_effect": 0.1},), {"": 0.7}),
        (
            (
                {"measure": "composite", "target": 0.7, "min_effect": 0.1},
                {"measure": "composite", "target": 0.5, "min_effect": 0.1},
                {"measure": "composite", "target": 0.8, "min_effect": 0.1, "where": {"project": "bank"}},
                {"measure": "composite", "target": 0.9, "min_effect": 0.1, "where": {"model": "m"}},
            ),
            {"": 0.7, "bank": 0.8},
        ),
    ],
)
def test_an_answer_is_good_from_the_target_of_the_first_rule_that_has_one(
    given: tuple[dict[str, object], ...], targets: dict[str, float]
) -> None:
    assert good_from(rules(*given)) == targets


def test_the_rules_as_shipped_have_a_target() -> None:
    assert good_from(load(Settings.model_fields["rules"].default, Rules)) == {"": 0.6}


def test_a_week_is_told_with_the_budget_of_its_month_as_known_on_its_last_day(
    assay: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "budgets.yaml").write_text("projects: {bank: {usd_per_month: 60, owner: li}}")
    monkeypatch.setenv("ASSAY_BUDGETS", str(tmp_path / "budgets.yaml"))
    forecast = Forecast(LAST, Decimal(20), Decimal(10), Decimal(30))
    with connect(assay.store) as store:
        store.execute("SELECT assay.ensure_partitions(%s, %s)", (MONDAY, WEEK.end))
        for day in (-1, 6, 8):
            paid = {"project": "bank", "cost": Decimal("0.25"), "conversation_id": "c"}
            insert_interaction(store, f"i{day}", MONDAY + day * DAY, **paid)
            Costs(store).roll_up([(MONDAY + day * DAY).date()])
        BudgetMonths(store).keep(LAST, {"bank": (Decimal("0.5"), forecast)})
        BudgetMonths(store).keep(date(2026, 11, 16), {"bank": (Decimal("0.5"), forecast)})
        money = money_of(WEEK, store, from_airflow())
    (budget,) = money.budgets
    assert (budget.project, budget.owner, budget.limit, budget.forecast) == ("bank", "li", Decimal(60), forecast)
    assert budget.spent == Spend(2, 0, Decimal("0.5"))
    assert money.judging == JudgingWeek()
    assert money.value is not None
    assert [talk.spend for talk in money.value.conversations] == [Spend(1, 0, Decimal("0.25"))]

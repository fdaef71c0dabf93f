"""budgets.yaml: what it may say, what is refused and where, and what a month makes of it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from include.adapters.yaml_file import load
from include.domain.cost import Spend
from include.domain.money import Forecast
from include.errors import ConfigError
from include.ledger.budgets import Budgets
from include.settings import ROOT, STAGES

NOVEMBER = date(2026, 11, 1)


def given(tmp_path: Path, text: str) -> Budgets:
    path = tmp_path / "budgets.yaml"
    path.write_text(text)
    return load(path, Budgets)


def test_a_fresh_installation_has_no_budget_and_the_demo_has_one_for_each_project() -> None:
    assert load(STAGES / "ledger/budgets.yaml", Budgets).by_project == {}
    assert len(load(ROOT / "demo/budgets.yaml", Budgets).by_project) == 5


def test_the_examples_in_the_shipped_file_can_be_used(tmp_path: Path) -> None:
    text = (STAGES / "ledger/budgets.yaml").read_text()
    text = text.replace("overall: null\n# overall", "overall").replace("projects: {}\n# ", "projects:\n ")
    budgets = given(tmp_path, text)
    assert (budgets.by_project[""].usd_per_month, budgets.by_project["clinic-booking"].owner) == (5000, "ml-platform")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("projects:\n  a: {usd_per_month: 5, owner: o, usd: 3}", "budgets.yaml:2: projects.a.usd: Extra inputs"),
        ("total: {usd_per_month: 5, owner: o}", "budgets.yaml:1: total: .*known: overall, projects.*Remedy: remove"),
        ("overall:\n  usd_per_month: 0\n  owner: o", "budgets.yaml:2: overall.usd_per_month: .*greater than 0"),
        ("overall:\n  usd_per_month: 9", "overall.owner: Field required.*Remedy: add the key"),
        ("projects:\n  a: {usd_per_month: lots, owner: o}", "budgets.yaml:2: projects.a.usd_per_month: "),
    ],
)
def test_what_is_wrong_is_told_with_its_line_and_a_remedy(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        given(tmp_path, text)


def test_each_budget_of_a_month_has_its_own_spend_and_forecast(tmp_path: Path) -> None:
    budgets = given(tmp_path, "overall: {usd_per_month: 9, owner: f}\nprojects: {a: {usd_per_month: 2.5, owner: o}}")
    forecast = Forecast(NOVEMBER, Decimal(3), Decimal(2), Decimal(4))
    whole, one = budgets.in_month(NOVEMBER, {"": Spend(3, 0, Decimal(1)), "b": Spend(1)}, {"a": forecast})
    assert (whole.project, whole.limit, whole.spent.known, whole.forecast) == ("", 9, 1, None)
    assert (one.project, one.limit, one.owner, one.spent, one.forecast) == ("a", Decimal("2.5"), "o", Spend(), forecast)

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from include.adapters.yaml_file import load
from include.domain.budget import JudgeBudget, Step
from include.domain.interaction import Window
from include.domain.rule import RuleOutcome
from include.domain.run import CoverageLedger, Epochs
from include.monitors.evaluate import Settled, evaluate
from include.monitors.rules import Rules
from include.settings import STAGES
from tests.unit.monitors.memory import Memory

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)


def test_a_project_on_a_lower_step_is_told_with_the_money_and_one_in_full_is_ok() -> None:
    shipped = load(STAGES / "monitors/rules.yaml", Rules).rules
    rules = Rules(rules=tuple(rule for rule in shipped if rule.test == "budget"))
    budgets = {
        "shop": JudgeBudget(Decimal(5), Decimal("4.65"), Decimal("0.1"), Step.SMALLER),
        "bank": JudgeBudget(Decimal(5), Decimal("0.5"), Decimal("0.1"), Step.FULL),
    }
    run = Settled(Window(NOW - timedelta(hours=1), NOW), CoverageLedger(9, 0, 0, 9, 0), Epochs({}), budgets)
    bank, shop = evaluate(rules, run, Memory())
    assert (bank.outcome, shop.outcome) == (RuleOutcome.OK, RuleOutcome.BREACHED)
    assert shop.labels["project"] == "shop"
    assert shop.sentence == (
        "shop: 93% of the day's 5.00 USD for judging is spent; judged by the cheaper judge, and a smaller sample"
    )
    assert (shop.evidence.value, shop.evidence.reference, shop.annotations["unit"]) == (4.65, 5.0, "USD")


def test_without_budgets_there_is_nothing_to_tell() -> None:
    rules = Rules(rules=tuple(r for r in load(STAGES / "monitors/rules.yaml", Rules).rules if r.test == "budget"))
    run = Settled(Window(NOW - timedelta(hours=1), NOW), CoverageLedger(9, 0, 0, 9, 0), Epochs({}))
    assert evaluate(rules, run, Memory()) == []

"""What judging cost each project of a run goes in; whether less is judged than was asked for comes out."""

from __future__ import annotations

from collections.abc import Mapping

from include.domain.budget import JudgeBudget, Step
from include.domain.rule import Evidence, RuleOutcome
from include.monitors.result import Finding


def judge(budgets: Mapping[str, JudgeBudget]) -> list[Finding]:
    """One finding for each project with a budget: breached from the first step down on."""
    return [_finding(project, budget) for project, budget in sorted(budgets.items())]


def _finding(project: str, budget: JudgeBudget) -> Finding:
    outcome = RuleOutcome.OK if budget.step is Step.FULL else RuleOutcome.BREACHED
    evidence = Evidence(
        value=float(budget.spent), reference=float(budget.limit), details={"step": budget.step.name.lower()}
    )
    sentence = f"{budget.used:.0%} of the day's {budget.limit:.2f} USD for judging is spent; {budget.step.told}"
    return Finding((project,), outcome, evidence, sentence)
